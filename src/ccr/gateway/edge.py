"""uvicorn's HTTP protocol with what it lacks: limits on size and time of a request's head, word of lost clients."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ccr.errors import error_object
from ccr.gateway.scope import ON_DISCONNECT, WRITE_CHUNK

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
"""From the connection's start, or from the first piece of a request, to the end of its head."""

BODY_PIECE = 1024 * 1024
"""Bytes of a request's body that are collected before the app takes them."""

_MALFORMED = error_object("invalid_request_error", "This is not a valid HTTP request.", "")
_TOO_LARGE = error_object("request_too_large", f"The request's head is larger than {HEAD_BYTES} bytes.", "")


class Corked:
    """A transport that keeps the head of an answer until its first bytes follow, or the loop's turn ends.

    uvicorn writes the two apart: as two system calls and two packets they cost a tenth of a small request.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.abort = transport.abort

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)


class Edge(HttpToolsProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # per connection
        self._head_timer: asyncio.TimerHandle | None = None
        # per request
        self._arrived = 0
        self._head_bytes = 0
        self._in_head = True
        self._on_disconnect: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._on_disconnect is not None:
            self._on_disconnect()
            self._on_disconnect = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._arrived = len(data)
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Counted after parsing: a body that came along with its head is no part of it.
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, b"Request Header Fields Too Large", _TOO_LARGE)
        elif self._in_head and self._head_timer is None:
            self._await_head()

    def on_message_begin(self) -> None:
        self._head_bytes = self._arrived
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()
        self.scope[ON_DISCONNECT] = self._watch  # type: ignore[literal-required]
        self.scope[WRITE_CHUNK] = self._write_chunk  # type: ignore[literal-required]

    def on_body(self, body: bytes) -> None:
        # uvicorn stops reading the socket and wakes the app every 64 kB: for a large request that is a dozen system
        # calls and as many copies. Here the app is woken once, or for each piece of `BODY_PIECE`.
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > BODY_PIECE:
            self.flow.pause_reading()
            cycle.message_event.set()

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
