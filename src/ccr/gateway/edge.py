"""uvicorn's HTTP protocol with what it lacks: limits on size and time of a request's head, word of lost clients."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ccr.errors import error_object
from ccr.gateway.scope import ON_DISCONNECT, WRITE_CHUNK

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
"""From the connection's start (or a request's first byte) to the end of its head."""

_MALFORMED = error_object("invalid_request_error", "This is not a valid HTTP request.", "")
_TOO_LARGE = error_object("request_too_large", f"The request's head is larger than {HEAD_BYTES} bytes.", "")


class Edge(HttpToolsProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # per connection
        self._head_timer: asyncio.TimerHandle | None = None
        # per request
        self._head_bytes = 0
        self._in_head = True
        self._on_disconnect: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._on_disconnect is not None:
            self._on_disconnect()
            self._on_disconnect = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Counted after parsing: a body that came along with its head is no part of it.
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, b"Request Header Fields Too Large", _TOO_LARGE)

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._in_head = True
        if self._head_timer is None:
            self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()
        self.scope[ON_DISCONNECT] = self._watch  # type: ignore[literal-required]
        self.scope[WRITE_CHUNK] = self._write_chunk  # type: ignore[literal-required]

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, b"Bad Request", _MALFORMED)

    def _watch(self, callback: Callable[[], None] | None) -> None:
        self._on_disconnect = callback
        if callback is not None and self.transport.is_closing():
            self.loop.call_soon(callback)

    def _write_chunk(self, data: bytes) -> bool:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        return not self.flow.write_paused

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, reason: bytes, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, reason, len(body), body)
        )
        self.transport.close()
