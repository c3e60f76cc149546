"""uvicorn's HTTP protocol with what it lacks: limits on size and time of a request's head, word of lost clients.

And with less work per request: a cycle of our own, and one coarse timer per connection instead of one per request.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ccr.errors import error_object
from ccr.gateway.cycle import Cycle, split_url
from ccr.gateway.limit import Limit
from ccr.gateway.scope import ON_DISCONNECT, WRITE_CHUNK

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
"""From the connection's start, or from the first piece of a request, to the end of its head."""

BODY_PIECE = 1024 * 1024
"""Bytes of a request's body that are collected before the app takes them."""

_MALFORMED = error_object("invalid_request_error", "This is not a valid HTTP request.", "")
_TOO_LARGE = error_object("request_too_large", f"The request's head is larger than {HEAD_BYTES} bytes.", "")


class Edge(HttpToolsProtocol):
    cycle: Cycle

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # per connection
        self._limit: Limit
        # per request
        self._head_bytes = 0
        self._in_head = True
        self._awaits_head = False
        self._on_disconnect: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit = Limit(self.loop, transport.close)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit.stop()
        if self._on_disconnect is not None:
            self._on_disconnect()
            self._on_disconnect = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head:
            return
        # Counted after parsing: a body that came along with its head is no part of it.
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, b"Request Header Fields Too Large", _TOO_LARGE)
        elif not self._awaits_head:
            self._await_head()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = self._awaits_head = False
        self._limit.lift()
        self._fill_scope()
        before = self.cycle
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=[],
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self.scope["http_version"] != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:  # pipelined: it waits for its turn
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        # uvicorn stops reading the socket and wakes the app every 64 kB: for a large request that is a dozen system
        # calls and as many copies. Here the app is woken once, or for each piece of `BODY_PIECE`.
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.add(body)
        if cycle.waiting_bytes > BODY_PIECE:
            self.flow.pause_reading()
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._in_head:
            self._limit.set(self.timeout_keep_alive)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, b"Bad Request", _MALFORMED)

    def _fill_scope(self) -> None:
        path, query = split_url(self.url)
        text = path.decode("ascii")
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = self.parser.get_http_version()
        scope["path"] = unquote(text) if "%" in text else text
        scope["raw_path"] = path
        scope["query_string"] = query
        # Not the cycle's own methods: it holds the scope, and only the garbage collector would end them.
        scope[ON_DISCONNECT] = self._watch  # type: ignore[literal-required]
        scope[WRITE_CHUNK] = self._write_chunk  # type: ignore[literal-required]

    def _watch(self, callback: Callable[[], None] | None) -> None:
        self._on_disconnect = callback
        if callback is not None and self.transport.is_closing():
            self.loop.call_soon(callback)

    def _write_chunk(self, data: bytes) -> bool:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        return not self.flow.write_paused

    def _await_head(self) -> None:
        self._awaits_head = True
        self._limit.set(HEAD_SECONDS)

    def _refuse(self, status: int, reason: bytes, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, reason, len(body), body)
        )
        self.transport.close()
