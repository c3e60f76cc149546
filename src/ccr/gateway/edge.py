"""The server's side of one client connection: llhttp parses, requests are answered one after another.

Bounded in every direction: the size and time of a head, the silence within a body, what is read of a body that nobody
takes, how long an idle connection is kept, how long an answer lies unread. A client that reads slowly stops its
answer's writer; one that sends its next requests early (pipelining) is not read until those before are answered.

A client that sends no more (FIN) counts as gone, even behind a whole request: a closed socket and a half-closed one
look the same from here, and a model must not go on writing for nobody (nginx does the same before a backend). Only what
is answered without waiting for anybody still reaches it.

In `Reply` the other half: what is written, and when the answer is over.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
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
"""Bytes that are passed over after an answer (a 413, say), so that the client reads it before the end."""

IDLE_SECONDS = 75.0
"""A connection without a request is kept this long."""

UNREAD_SECONDS = 300.0
"""A client that reads nothing of what waits for it is kept this long: as long as it would wait for us itself."""

_MOST_NAME = 256
_MOST_URL = 8 * 1024

_MALFORMED = error_object("invalid_request_error", "This is not a valid HTTP request.", "")
_TOO_LARGE = error_object("request_too_large", "The head of the request is too large.", "")

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
        """For what the client sends."""
        self._patience = Limit(loop, self._unread)
        """For what it reads."""
        self._is_deaf = False
        """What still comes is passed over."""
        self._is_paused = False
        """Nothing is read."""
        self._passes_over = False
        """A body that nobody takes is under way."""
        self._closes = False
        """It ends with that body."""
        self.slow: asyncio.Future[None] | None = None
        """Pending while the client does not keep up: wait for `room` before more is written."""
        self._waiting = 0
        """Bytes that lay there unread when that was last looked at."""
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
        """Wait for their turn; the last may still be arriving."""
        self._taken = 0
        """Bytes of the arriving body when the last piece had come."""
        self._unwanted = 0
        """Bytes that nobody wants: of a body, or where none should be."""
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
        self._patience.stop()
        self._next.clear()
        if self.slow is not None and not self.slow.done():
            self.slow.set_result(None)
        if self._arriving is not None:
            self._arriving.leave()
        if self._current is not None:
            self._current.leave()
        if self.task is not None:
            self.task.cancel()
        # All of them hold us: cycles.
        self._arriving = self._current = self.task = None
        del self._parser

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            self._pass_over(len(data))
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as wish:
            self._decline(data[wish.args[0] :])
            return
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _TooLong):
                self._refuse(431, b"Request Header Fields Too Large", _TOO_LARGE)
            else:
                self._refuse(400, b"Bad Request", _MALFORMED)
            return
        if self._in_head:
            if not self._awaits_head:
                # Its first piece is not counted: it may have come behind another request's bytes.
                self._await_head()
            else:
                self._head_bytes += len(data)
                if self._head_bytes > HEAD_BYTES:
                    self._refuse(431, b"Request Header Fields Too Large", _TOO_LARGE)
                    return
        elif self._arriving is not None:
            self._more_came(self._arriving, len(data))
        elif self._passes_over:
            self._pass_over(len(data))
        if self._current is None and self._next:
            self._begin()

    def eof_received(self) -> bool:
        # A task that was just made gets its first step before: probes by `nc -N` are answered.
        self.loop.call_soon(self._left)
        return True

    def pause_writing(self) -> None:
        self.slow = self.loop.create_future()
        self._watch_reading()

    def resume_writing(self) -> None:
        room, self.slow = self.slow, None
        if room is not None and not room.done():
            room.set_result(None)
        if not self._transport.is_closing():
            self._patience.lift()
            if self._current is None and self._next:
                self._begin()

    # -- called by the parser

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._head_bytes = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: it must not pass for a header (RFC 9110, 6.5.1)
        headers, key = self._headers, _lowered(name)
        if key not in headers:
            headers[key] = value.decode("latin-1")
        elif key == "host":
            raise ValueError("two hosts")  # RFC 9112, 3.2
        else:
            headers[key] += ", " + value.decode("latin-1")  # RFC 9110, 5.3

    def on_headers_complete(self) -> None:
        self._in_head = self._awaits_head = False
        if self._is_deaf:
            return
        self._limit.lift()
        parser = self._parser
        path, query = _split(self._url)
        is_old = parser.get_http_version() != "1.1"
        keep_alive = not is_old and parser.should_keep_alive()
        method = parser.get_method().decode("ascii")
        request = Request(method, path, query, self._headers, keep_alive=keep_alive, is_old=is_old)
        if "expect" in self._headers and not is_old:
            request.awaits_100 = self._headers["expect"].lower() == "100-continue"
        request.more = self._more
        self._taken = -1
        self._arriving = request
        self._next.append(request)

    def on_body(self, data: bytes) -> None:
        request = self._arriving
        if request is None:  # answered already
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
        elif self._passes_over:
            self._passes_over = False
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
        if request is not None and self._arriving is request:
            self._arriving = None
            request.pieces = []
            if self._is_deaf or request.awaits_100:
                self._linger()
                return
            # The client may still be sending: it shall come to its end, and read the answer instead of a reset.
            self._passes_over, self._unwanted = True, request.size
            self._closes = not keep_alive
            self._resume()
            self._limit.set(HEAD_SECONDS)
        elif not keep_alive:
            self._end()
        elif self._next:
            self._begin()
        elif self._is_deaf:
            self._linger()
        else:
            self._rest()

    # -- used by the server

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    def close(self) -> None:
        """Close once what is written has left."""
        self._is_deaf = True
        if not self._transport.is_closing():
            if self._transport.get_write_buffer_size():
                self._watch_reading()
            self._transport.close()

    def close_if_idle(self) -> None:
        """No further request is taken; one under way is answered."""
        self._next.clear()
        if self._arriving is not self._current:
            self._arriving = None
        if self._current is None:
            self.close()
        else:
            self._current.keep_alive = False

    # -- requests

    def _begin(self) -> None:
        if self.slow is not None:  # answers that nobody reads must not pile up
            self._pause()
            return
        self._current = request = self._next.popleft()
        if self._is_paused and not self._next:
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

    def _more_came(self, request: Request, size: int) -> None:
        """A piece of a body, and more is to follow."""
        if not self._is_paused:
            self._limit.set(BODY_SECONDS)
        if request.size != self._taken:
            self._taken, self._unwanted = request.size, 0
            return
        self._unwanted += size  # chunk extensions or trailers
        if self._unwanted > HEAD_BYTES:
            self._refuse(400, b"Bad Request", _MALFORMED)

    def _decline(self, rest: bytes) -> None:
        """Another protocol is not spoken: the wish is ignored (RFC 9110, 7.8).

        llhttp leaves the body of such a request unread (Java's client and `curl --http2` send one with every first
        request), so it is parsed once more, without the wish.
        """
        if self._is_deaf:
            return
        request = self._next.pop()
        del request.headers["upgrade"]
        lines = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()]).encode("latin-1")
        version = b"1.0" if request.is_old else b"1.1"
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"%b %b HTTP/%b\r\n%b\r\n%b" % (request.method.encode(), self._url, version, lines, rest))

    def _refuse(self, status: int, reason: bytes, body: bytes) -> None:
        """The connection's last words. Whole requests that came before keep their answers, and no last words follow."""
        if self._arriving is not None and self._arriving is self._current:
            self._stop_reading()
            self._arriving.spoil()
            return
        self._drop_arriving()
        self._stop_reading()
        if self._current is None and self._next:
            self._begin()
        if self._current is not None or self._next:
            return
        if not self._passes_over:
            self._transport.write(
                b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, reason, len(body), body)
            )
        self._linger()

    def _drop_arriving(self) -> None:
        """The request that is not complete, and waits behind others."""
        if self._arriving is not None:
            self._next.pop()
            self._arriving = None

    # -- reading and its end

    def _pause(self) -> None:
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()
            self._limit.lift()

    def _resume(self) -> None:
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()
            if self._in_head:
                self._await_head()
            elif self._arriving is not None:
                self._limit.set(BODY_SECONDS)

    def _await_head(self) -> None:
        self._awaits_head = True
        if not self._is_paused:
            self._limit.set(HEAD_SECONDS)

    def _rest(self) -> None:
        """Until the next request."""
        if self._closes:
            self.close()
            return
        self._resume()
        if not self._in_head:
            self._limit.set(IDLE_SECONDS)

    def _pass_over(self, size: int) -> None:
        self._unwanted += size
        if self._unwanted > UNWANTED:
            self._is_deaf = True
            self._transport.abort()

    def _stop_reading(self) -> None:
        """The last request that is here is the last of all."""
        self._is_deaf = True
        self._unwanted = 0
        last = self._next[-1] if self._next else self._current
        if last is not None:
            last.keep_alive = False

    def _end(self) -> None:
        if self._is_deaf or self._is_paused or self._arriving is not None:
            self._linger()
        else:
            self.close()

    def _linger(self) -> None:
        """No more is said, and none of what comes is wanted. To close now would be a reset, and cost the client what it
        has not read yet (RFC 9112, 9.6)."""
        self._is_deaf = True
        self._next.clear()
        with suppress(OSError):  # it has left already, and we have not been told yet
            self._transport.write_eof()
        self._resume()
        self._limit.set(HEAD_SECONDS)

    # -- clients that are slow, or leave

    def _left(self) -> None:
        if self._current is None:
            self.close()
        else:
            self._transport.abort()

    def _overdue(self) -> None:
        if self._current is None or self._current is self._arriving:
            self.close()
        else:  # it is the next request that does not come
            self._drop_arriving()
            self._stop_reading()

    def _watch_reading(self) -> None:
        self._waiting = self._transport.get_write_buffer_size()
        self._patience.set(UNREAD_SECONDS)

    def _unread(self) -> None:
        if 0 < self._transport.get_write_buffer_size() < self._waiting:
            self._watch_reading()
        else:
            self._transport.abort()


class _TooLong(Exception):
    """A part of the head that would not be taken even if the whole were short enough."""


@lru_cache(maxsize=256)
def _lowered(name: bytes) -> str:
    if len(name) > _MOST_NAME:  # or else remembered
        raise _TooLong
    return name.decode("latin-1").lower()


@lru_cache(maxsize=64)
def _split(url: bytes) -> tuple[str, str]:
    """Path and query. Raises httptools.HttpParserInvalidURLError. Remembered: a client asks for few."""
    if len(url) > _MOST_URL:
        raise _TooLong
    parts = httptools.parse_url(url)
    return unquote((parts.path or b"/").decode("ascii")), (parts.query or b"").decode("latin-1")
