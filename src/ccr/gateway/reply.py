"""The client's side of an exchange as a machine: silent -> holding -> streaming -> ended.

silent      nothing has been sent: an error is a status and JSON, and another target may answer
holding     head and pings are out, to keep the client waiting: an error is an event, another target may still answer
streaming   content is out: nothing can be taken back
ended       the last byte is out

The client gives up after 300 s without bytes, so a stream that stays silent for `PING_INTERVAL` gets its head and a
ping at that pace, for as long as an attempt is under way; the attempt's own deadlines bound it.
"""

import asyncio
from collections.abc import Callable
from enum import Enum

from ccr.errors import ClientError, error_event, error_object
from ccr.gateway.scope import Headers, Send
from ccr.messages.events import PING

PING_INTERVAL = 9.5
"""Seconds without a byte after which a ping goes out: a little less than the ten that are promised."""

MOST_HEADER = 1_000
"""Characters of a header's value: clients refuse long heads (Node at 16 kB)."""


class State(Enum):
    SILENT = 0
    HOLDING = 1
    STREAMING = 2
    ENDED = 3


class Reply:
    def __init__(self, send: Send, request_id: str, write_chunk: Callable[[bytes], bool] | None = None) -> None:
        self._send = send
        self._write_chunk = write_chunk
        self._loop = asyncio.get_running_loop()
        self._last_sent = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._pinging: asyncio.Task[None] | None = None
        self.request_id = request_id
        self.headers: Headers = {"request-id": request_id}
        """Sent with the head; may be added to while silent."""
        self.state = State.SILENT
        self.status = 0
        """What the client was told; 0 while silent."""

    @property
    def committed(self) -> bool:
        return self.state in (State.STREAMING, State.ENDED)

    def keep_waiting(self) -> None:
        """From now on, pings while nothing else is sent (streams only)."""
        self._timer = self._loop.call_later(PING_INTERVAL, self._pulse)

    async def stream(self, data: bytes) -> None:
        """Content of the answer; waits while the client reads slowly."""
        if self.state is State.SILENT:
            await self._open_stream()
        self.state = State.STREAMING
        self._last_sent = self._loop.time()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    @property
    def can_write(self) -> bool:
        """Whether `write` may be called: content is out, and the server offers the short way."""
        return self._write_chunk is not None and self.state is State.STREAMING

    def write(self, data: bytes) -> bool:
        """More content, at once. False: the client reads slowly, the next piece should wait in `stream`."""
        assert self._write_chunk is not None
        self._last_sent = self._loop.time()
        return self._write_chunk(data)

    async def end_stream(self, data: bytes = b"") -> None:
        if self.state is State.SILENT:
            await self._open_stream()
        self._finish()
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def whole(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        """An answer in one piece."""
        self.headers["content-type"] = content_type
        self.headers["content-length"] = str(len(body))
        await self._head(status)
        self._finish()
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def error(self, error: ClientError) -> None:
        """The error in the form that fits: status and JSON while silent, an event afterwards."""
        match self.state:
            case State.SILENT:
                self.headers.update(error.headers)
                request_id = self.headers["request-id"]  # the backend's own, where it gave one
                await self.whole(error.status, error_object(error.error_type, error.message, request_id))
            case State.HOLDING | State.STREAMING:
                await self.end_stream(error_event(error.error_type, error.message, self.request_id))
            case State.ENDED:
                pass

    def close(self) -> None:
        """Stop the pings. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None

    def _finish(self) -> None:
        self.state = State.ENDED
        self.close()

    async def _open_stream(self) -> None:
        self.headers["content-type"] = "text/event-stream; charset=utf-8"
        self.headers["cache-control"] = "no-cache"
        await self._head(200)

    async def _head(self, status: int) -> None:
        self.status = status
        headers = [(name.encode("latin-1"), _latin(value)) for name, value in self.headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    def _pulse(self) -> None:
        wait = PING_INTERVAL - (self._loop.time() - self._last_sent)
        # A ping that still waits for a slow reader is enough.
        if wait <= 0 and (self._pinging is None or self._pinging.done()):
            self._pinging = self._loop.create_task(self._ping())
            wait = PING_INTERVAL
        self._timer = self._loop.call_later(max(wait, 0.05), self._pulse)

    async def _ping(self) -> None:
        if self.state is State.SILENT:
            self.state = State.HOLDING
            await self._open_stream()
        self._last_sent = self._loop.time()
        await self._send({"type": "http.response.body", "body": PING, "more_body": True})


def _latin(value: str) -> bytes:
    """A header value: one short line of latin-1, whatever stood in a model's name."""
    value = value[:MOST_HEADER]
    if value.isprintable():
        return value.encode("latin-1", "replace")
    return "".join(c if c.isprintable() else " " for c in value).encode("latin-1", "replace")
