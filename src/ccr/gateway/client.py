"""Notices that the client has left, and cancels the work that nobody waits for any more."""

import asyncio

from ccr.gateway.reply import Reply, State
from ccr.gateway.scope import ON_DISCONNECT, Scope


class Client:
    """The client of the request that the current task answers."""

    def __init__(self, scope: Scope, reply: Reply) -> None:
        self._reply = reply
        self._on_disconnect = scope.get(ON_DISCONNECT)
        self._task = asyncio.current_task()
        self.has_left = False

    def watch(self) -> None:
        """From now on the task is cancelled when the connection is lost."""
        if self._on_disconnect is not None:
            self._on_disconnect(self._left)

    def unwatch(self) -> None:
        if self._on_disconnect is not None:
            self._on_disconnect(None)

    def _left(self) -> None:
        if self._reply.state is State.ENDED:
            return  # it has all of its answer: what is left to do is ours
        self.has_left = True
        if self._task is not None:
            self._task.cancel()
