"""uvicorn's request and response with less work: head and first bytes in one write, the body not copied."""

from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class Cycle(RequestResponseCycle):
    """Names of headers come in lower case, and the app sends a body's first bytes right after its head."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces: list[bytes] = []
        """Of the request's body, not taken yet."""
        self.waiting_bytes = 0
        self._head = b""
        """Of the answer, until its first bytes follow."""

    def add(self, piece: bytes) -> None:
        """A piece of the request's body. The app is not woken for it."""
        self._pieces.append(piece)
        self.waiting_bytes += len(piece)

    async def receive(self) -> Any:
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            if not self.message_event.is_set():
                await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces, self._pieces, self.waiting_bytes = self._pieces, [], 0
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: MutableMapping[str, Any]) -> None:  # type: ignore[override]
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message["headers"])
        else:
            self._write(message["body"], message["more_body"])

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        given = dict(headers)
        head = STATUS_LINE[status] + b"".join([b"%b: %b\r\n" % header for header in headers])
        if not head.count(b"\n") == head.count(b"\r") == len(headers) + 1:
            raise RuntimeError("A header holds a line break.")
        if b"close" in given.get(b"connection", b""):
            self.keep_alive = False
        elif not self.keep_alive:
            head += b"connection: close\r\n"
        self.chunked_encoding = b"content-length" not in given
        self._head = head + (b"transfer-encoding: chunked\r\n\r\n" if self.chunked_encoding else b"\r\n")

    def _write(self, body: bytes, more_body: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        elif self.chunked_encoding:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more_body else b"0\r\n\r\n")
        head, self._head = self._head, b""
        self.transport.write(head + body)
        if more_body:
            return
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(maxsize=64)
def split_url(url: bytes) -> tuple[bytes, bytes]:
    """Path and query. Raises httptools.HttpParserInvalidURLError. Remembered: a client asks for few."""
    parts = httptools.parse_url(url)
    return parts.path, parts.query or b""
