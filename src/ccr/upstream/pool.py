"""Connections by where they lead: busy ones, and idle ones to use again, last used first. Busy ones have no limit."""

from collections.abc import Callable

from ccr.upstream.connection import Connection, Key

IDLE_LIMIT = 60.0
"""Seconds an idle connection is kept. Servers commonly keep theirs for 60 s to 75 s, uvicorn (vLLM) for 5 s."""


class Pool:
    """`now` is the loop's clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.busy: set[Connection] = set()
        self._idle: dict[Key, list[Connection]] = {}

    def take(self, key: Key) -> Connection | None:
        """An idle connection that is still good, the last used first; it is busy from now on."""
        idle = self._idle.get(key)
        while idle:
            connection = idle.pop()
            if connection.is_fresh():
                self.busy.add(connection)
                return connection
            connection.abort()
        return None

    def release(self, connection: Connection) -> None:
        """Its exchange is complete, it can serve another."""
        self.busy.discard(connection)
        connection.idle_since = self._now()
        self._idle.setdefault(connection.key, []).append(connection)

    def forget(self, connection: Connection) -> None:
        """It is closed or about to be."""
        if connection in self.busy:
            self.busy.remove(connection)
            return
        idle = self._idle.get(connection.key, [])
        if connection in idle:
            idle.remove(connection)

    def expire(self, before: float) -> bool:
        """Close what has been idle since `before` or longer. Returns whether idle connections remain."""
        for key, idle in list(self._idle.items()):
            # the list is in order of idle_since
            while idle and idle[0].idle_since <= before:
                idle[0].abort()
            if not idle:
                del self._idle[key]
        return bool(self._idle)

    def close(self) -> None:
        """Abort everything; what was under way fails."""
        for connection in [*self.busy, *(one for idle in self._idle.values() for one in idle)]:
            connection.abort()
