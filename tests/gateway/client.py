"""A client of the gateway: plain HTTP on a socket that the test can look at and break."""

import json
import socket
import struct
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Self

from tests.gateway.wire import Answer, parse_events


def messages(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """The body of a request for a message."""
    body = {"model": "claude-opus-5-5", "max_tokens": 1000, "messages": [{"role": "user", "content": text}], **more}
    return {name: value for name, value in body.items() if value is not None}


def ask_gateway(
    port: int, body: object, path: str, *, method: str = "", headers: dict[str, str] | None = None
) -> Answer:
    """One request. `body`: bytes as they are, anything else as JSON, None for none."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method or ("GET" if data is None else "POST"), path, data, headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


class Reader:
    """A streamed request whose answer is read piece by piece.

    with Reader(port, body) as reader:
        reader.until("content_block_delta")
        reader.leave()
    """

    def __init__(self, port: int, body: object, *, path: str = "/v1/messages", receive_buffer: int = 0) -> None:
        self.seen = b""
        """Bytes of the body so far."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self._response: HTTPResponse | None = None
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self._connection.sock = self.socket
        self._connection.request("POST", path, json.dumps(body))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def head(self) -> HTTPResponse:
        """Waits for the answer's head."""
        if self._response is None:
            self._response = self._connection.getresponse()
        return self._response

    def until(self, kind: str) -> list[dict[str, Any]]:
        """Reads until an event of this type has come; all events so far."""
        response = self.head()
        while b"event: " + kind.encode() + b"\n" not in self.seen or not self.seen.endswith(b"\n\n"):
            piece = response.read1(65536)
            assert piece, f"the stream ended without {kind}: {self.seen[-500:]!r}"
            self.seen += piece
        return parse_events(self.seen)

    def rest(self) -> list[dict[str, Any]]:
        """Reads to the end; all events."""
        self.seen += self.head().read()
        return parse_events(self.seen)

    def leave(self, *, reset: bool = False) -> None:
        """Closes the connection, politely or with a reset."""
        if reset and self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self._response is not None:
            self._response.close()
        self._connection.close()
        self.socket.close()


def talk(port: int, data: bytes, *, most: int = 1 << 20) -> bytes:
    """Raw bytes there, all that comes back until the server closes or is done with one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(data)
        return read_answer(sock, most)


def read_answer(sock: socket.socket, most: int = 1 << 20) -> bytes:
    """One answer with content-length, or what came until the connection's end."""
    seen = b""
    while len(seen) < most:
        head, gap, body = seen.partition(b"\r\n\r\n")
        if gap:
            lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if lengths and len(body) >= int(lengths[0]):
                break
        piece = sock.recv(65536)
        if not piece:
            break
        seen += piece
    return seen
