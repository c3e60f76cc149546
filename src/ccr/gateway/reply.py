"""The client's side of an exchange as a machine: silent -> holding -> streaming -> ended.

silent      nothing has been sent: an error is a status and JSON, and another target may answer
holding     head and pings are out, to keep the client waiting: an error is an event, another target may still answer
streaming   content is out: nothing can be taken back
ended       the last byte is out

The client gives up after 300 s without bytes, so a stream that stays silent for `PING_INTERVAL` gets its head and a
ping at that pace, for as long as an attempt is under way; the attempt's own deadlines bound it.
"""

import asyncio
from enum import Enum
from http import HTTPStatus
from typing import Protocol

from ccr.errors import ClientError, error_event, error_object
from ccr.gateway.request import Headers, Request
from ccr.messages.events import PING

PING_INTERVAL = 9.5
"""Seconds without a byte after which a ping goes out: a little less than the ten that are promised."""

MOST_HEADER = 1_000
"""Characters of a header's value: clients refuse long heads (Node at 16 kB)."""

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_STATUS_LINES[529] = "HTTP/1.1 529 Overloaded\r\n"


class State(Enum):
    SILENT = 0
    HOLDING = 1
    STREAMING = 2
    ENDED = 3


class Line(Protocol):
    """What a reply needs of the client's connection."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def slow(self) -> object | None: ...
    def write(self, data: bytes) -> None: ...
    async def room(self) -> None: ...
    def answered(self, keep_alive: bool) -> None: ...


class Reply:
    """Headers may be added while it is silent. Whoever has it ends it: `whole`, `end_stream` or `error`."""

    __slots__ = ("_last_sent", "_line", "_request", "_timer", "headers", "request_id", "state", "status")

    def __init__(self, line: Line, request: Request) -> None:
        self._line = line
        self._request = request
        self._last_sent = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.request_id = ""
        self.headers: Headers = {}
        """Sent with the head; names in lower case."""
        self.state = State.SILENT
        self.status = 0
        """What the client was told; 0 while silent."""

    def name(self, request_id: str) -> None:
        """What the client calls this exchange by."""
        self.request_id = request_id
        self.headers["request-id"] = request_id

    def keep_waiting(self) -> None:
        """From now on, pings while nothing else is sent (streams only)."""
        self._last_sent = self._line.loop.time()
        self._timer = self._line.loop.call_later(PING_INTERVAL, self._pulse)

    async def stream(self, data: bytes) -> None:
        """Content of the answer; waits while the client reads slowly."""
        if self._line.slow is not None:
            await self._line.room()
        head = self._open_stream() if self.state is State.SILENT else b""
        self.state = State.STREAMING
        self._last_sent = self._line.loop.time()
        self._line.write(head + self._framed(data))

    @property
    def can_write(self) -> bool:
        """Whether `write` may be called: content is out."""
        return self.state is State.STREAMING and self._line.slow is None

    def write(self, data: bytes) -> bool:
        """More content, at once. False: the client reads slowly, the next piece should wait in `stream`."""
        line = self._line
        self._last_sent = line.loop.time()
        line.write(data if self._request.is_old else b"%x\r\n%b\r\n" % (len(data), data))
        return line.slow is None

    def end_stream(self, data: bytes = b"") -> None:
        """The rest of the answer, which is short."""
        head = self._open_stream() if self.state is State.SILENT else b""
        self._end(head + self._framed(data) + (b"" if self._request.is_old else b"0\r\n\r\n"))

    def whole(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        """An answer in one piece."""
        self.headers["content-type"] = content_type
        self.headers["content-length"] = str(len(body))
        head = self._head(status)
        self._end(head if self._request.method == "HEAD" else head + body)

    def error(self, error: ClientError) -> None:
        """The error in the form that fits: status and JSON while silent, an event afterwards."""
        match self.state:
            case State.SILENT:
                self.headers.update(error.headers)
                request_id = self.headers["request-id"]  # the backend's own, where it gave one
                self.whole(error.status, error_object(error.error_type, error.message, request_id))
            case State.HOLDING | State.STREAMING:
                self.end_stream(error_event(error.error_type, error.message, self.request_id))
            case State.ENDED:
                pass

    def close(self) -> None:
        """Stop the pings. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, data: bytes) -> None:
        self.state = State.ENDED
        self.close()
        self._line.write(data)
        self._line.answered(self._request.keep_alive)

    def _open_stream(self) -> bytes:
        self.headers["content-type"] = "text/event-stream; charset=utf-8"
        self.headers["cache-control"] = "no-cache"
        if not self._request.is_old:
            self.headers["transfer-encoding"] = "chunked"
        return self._head(200)

    def _head(self, status: int) -> bytes:
        self.status = status
        headers = self.headers
        request = self._request
        if headers.get("connection") == "close":
            request.keep_alive = False
        elif not request.keep_alive or (request.awaits_100 and not request.is_complete):
            # Whether a body that was never asked for still comes, nobody knows.
            headers["connection"] = "close"
        if not "".join(headers.values()).isprintable() or any(len(value) > MOST_HEADER for value in headers.values()):
            headers = {name: _one_line(value) for name, value in headers.items()}
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        status_line = _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"
        return f"{status_line}{lines}\r\n".encode("latin-1", "replace")

    def _pulse(self) -> None:
        now = self._line.loop.time()
        wait = PING_INTERVAL - (now - self._last_sent)
        if wait <= 0:
            wait = PING_INTERVAL
            if self._line.slow is None:  # else there are bytes enough that the client has not read
                self._last_sent = now
                head = self._open_stream() if self.state is State.SILENT else b""
                if head:
                    self.state = State.HOLDING
                self._line.write(head + self._framed(PING))
        self._timer = self._line.loop.call_later(max(wait, 0.05), self._pulse)

    def _framed(self, data: bytes) -> bytes:
        """As a chunk (RFC 9112, 7.1); for a client of HTTP/1.0, which knows none, as it is."""
        if not data or self._request.is_old:
            return data
        return b"%x\r\n%b\r\n" % (len(data), data)


def _one_line(value: str) -> str:
    """A header value: one short line, whatever stood in a model's name."""
    return "".join(c if c.isprintable() else " " for c in value[:MOST_HEADER])
