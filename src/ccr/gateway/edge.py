"""The server's side of one client connection: llhttp parses, requests are answered one after another.

Bounded in every direction: the size and time of a head, the silence within a body, what is read of a body that nobody
takes, how long an idle connection is kept. A client that reads slowly stops its answer's writer; one that sends its
next request early (pipelining) is not read until the one before is answered.

In `Reply` the other half: what is written, and when the answer is over.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

import httptools

from ccr.errors import error_object
from ccr.gateway.limit import Limit
from ccr.gateway.reply import Reply
from ccr.gateway.request import Headers, Request

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
"""From the connection's start, or from the first piece of a request, to the end of its head."""

BODY_SECONDS = 120.0
"""Silence within a request's body."""

UNWANTED = 64 * 1024 * 1024
"""Bytes of a body that are passed over after its answer (a 413, say), so that the client reads it before the end."""

IDLE_SECONDS = 75.0
"""A connection without a request is kept this long."""

_MALFORMED = error_object("invalid_request_error", "This is not a valid HTTP request.", "")
_TOO_LARGE = error_object("request_too_large", f"The request's head is larger than {HEAD_BYTES} bytes.", "")

Serve = Callable[[Request, Reply], Coroutine[Any, Any, None]]
"""Answers a request. Must end its reply, or be cancelled."""


class Edge(asyncio.Protocol):
    """One connection. `edges` holds all that are open, `tasks` those that answer."""

    def __init__(
        self, serve: Serve, edges: "set[Edge]", tasks: set[asyncio.Task[None]], loop: asyncio.AbstractEventLoop
    ) -> None:
        # the connection
        self.loop = loop
        self.gone = False
        self._serve = serve
        self._edges = edges
        self._tasks = tasks
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._limit = Limit(loop, self._overdue)
        self._is_deaf = False
        """What still comes is passed over."""
        self._is_paused = False
        """Nothing is read."""
        self._closes = False
        """It ends with the rest of a body that nobody takes."""
        self.slow: asyncio.Future[None] | None = None
        """Pending while the client does not keep up: wait for `room` before more is written."""
        # the head under way
        self._url = b""
        self._headers: Headers = {}
        self._head_bytes = 0
        self._in_head = True
        self._awaits_head = False
        # requests
        self._arriving: Request | None = None
        """Its body is not complete yet."""
        self._current: Request | None = None
        """Is being answered."""
        self._next: deque[Request] = deque()
        self._unwanted = 0
        self.task: asyncio.Task[None] | None = None
        """Answers the current request."""

    # -- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._edges.add(self)
        self._await_head()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone = True
        self._edges.discard(self)
        self._limit.stop()
        self._next.clear()
        if self.slow is not None and not self.slow.done():
            self.slow.set_result(None)
        if self._arriving is not None:
            self._arriving.left = True
            self._arriving.wake()
        if self._current is not None:
            self._current.left = True
            if self.task is not None:
                self.task.cancel()
        del self._parser  # it holds our methods: a cycle

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._stop_reading()  # another protocol is not spoken: the request is answered as any, and is the last
        except httptools.HttpParserError:
            self._refuse(400, b"Bad Request", _MALFORMED)
            return
        if self._in_head:
            # Counted after parsing: a body that came along with its head is no part of it.
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, b"Request Header Fields Too Large", _TOO_LARGE)
                return
            if not self._awaits_head:
                self._await_head()
        elif self._arriving is not None:
            self._limit.set(BODY_SECONDS)
        if self._current is None and self._next:
            self._begin()

    def pause_writing(self) -> None:
        self.slow = self.loop.create_future()

    def resume_writing(self) -> None:
        room, self.slow = self.slow, None
        if room is not None and not room.done():
            room.set_result(None)

    # -- called by the parser

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._head_bytes = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[_lowered(name)] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._in_head = self._awaits_head = False
        self._limit.lift()
        parser = self._parser
        path, query = _split(self._url)
        is_old = parser.get_http_version() == "1.0"
        keep_alive = not is_old and parser.should_keep_alive()
        method = parser.get_method().decode("ascii")
        request = Request(method, path, query, self._headers, keep_alive=keep_alive, is_old=is_old)
        request.awaits_100 = "expect" in self._headers and self._headers["expect"].lower() == "100-continue"
        request.more = self._more
        self._arriving = request
        self._next.append(request)

    def on_body(self, data: bytes) -> None:
        request = self._arriving
        if request is None:  # answered already
            self._unwanted += len(data)
            if self._unwanted > UNWANTED:
                self._transport.close()
            return
        request.pieces.append(data)
        request.size += len(data)
        if request.size > request.most:
            self._pause()
            request.wake()

    def on_message_complete(self) -> None:
        request, self._arriving = self._arriving, None
        self._limit.lift()
        if request is not None:
            request.is_complete = True
            request.wake()
            if self._current is not None and request is not self._current:
                self._pause()  # pipelined: it waits for its turn
        elif self._current is None:
            self._rest()

    # -- used by the reply

    def write(self, data: bytes) -> None:
        """Bytes to the client, at once as far as it reads. Nothing when it has left."""
        if not self.gone:
            self._transport.write(data)

    async def room(self) -> None:
        """Until the client has read enough, or has left."""
        while self.slow is not None and not self.gone:
            await asyncio.shield(self.slow)

    def answered(self, keep_alive: bool) -> None:
        """The current request's last byte is written."""
        request, self._current, self.task = self._current, None, None
        if self.gone:
            return
        if request is not None and self._arriving is request and not request.awaits_100:
            # The client may still be sending: it shall come to its end, and read the answer instead of a reset.
            self._arriving, self._unwanted = None, request.size
            request.pieces = []
            self._closes = not keep_alive
            self._resume()
            self._limit.set(HEAD_SECONDS)
        elif not keep_alive or self._is_deaf or (request is not None and self._arriving is request):
            self._transport.close()
        elif self._next:
            self._begin()
        else:
            self._rest()

    # -- used by the server

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    def close(self) -> None:
        """Close once what is written has left."""
        self._transport.close()

    def close_if_idle(self) -> None:
        """No further request is taken; one under way is answered."""
        if self._current is None:
            self._transport.close()
        else:
            self._stop_reading()

    def _begin(self) -> None:
        self._current = request = self._next.popleft()
        self._resume()
        self.task = task = self.loop.create_task(self._serve(request, Reply(self, request)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _more(self) -> None:
        request = self._current
        if request is None or self.gone:
            return
        if request.awaits_100:
            request.awaits_100 = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._resume()

    def _pause(self) -> None:
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    def _rest(self) -> None:
        if self._closes or self._is_deaf:
            self._transport.close()
            return
        self._resume()
        if not self._in_head:
            self._limit.set(IDLE_SECONDS)

    def _await_head(self) -> None:
        self._awaits_head = True
        self._limit.set(HEAD_SECONDS)

    def _overdue(self) -> None:
        self._transport.close()

    def _stop_reading(self) -> None:
        self._is_deaf = True
        for request in (self._current, *self._next):
            if request is not None:
                request.keep_alive = False

    def _refuse(self, status: int, reason: bytes, body: bytes) -> None:
        """The connection's last words. Whole requests that came before keep their answers, and no last words follow."""
        self._stop_reading()
        if self._arriving is not None and self._arriving in self._next:
            self._next.remove(self._arriving)
        if self._current is None and self._next:
            self._begin()
        if self._current is not None and self._current is not self._arriving:
            return
        self._transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, reason, len(body), body)
        )
        self._transport.close()


@lru_cache(maxsize=256)
def _lowered(name: bytes) -> str:
    return name.decode("latin-1").lower()


@lru_cache(maxsize=64)
def _split(url: bytes) -> tuple[str, str]:
    """Path and query. Raises httptools.HttpParserInvalidURLError. Remembered: a client asks for few."""
    parts = httptools.parse_url(url)
    return unquote(parts.path.decode("ascii")), (parts.query or b"").decode("latin-1")
