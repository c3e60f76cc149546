"""A loop and a transport that do nothing by themselves: for tests of one connection, byte by byte."""

import asyncio
import socket
from typing import cast

from ccr.upstream.connection import Connection
from ccr.upstream.deadline import Deadlines
from ccr.upstream.exchange import Exchange


class FakeLoop:
    """Only a clock, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now


class FakeTransport:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.written = b""
        self.unsent = 0
        self.closing = False
        self.paused = False

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.written += b"".join(pieces)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, name: str) -> socket.socket:
        return self.sock

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Wire:
    """A connection on a fake transport, with lists of what it told its pool."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.loop = FakeLoop()
        self.transport = FakeTransport(self.near)
        self.released: list[Connection] = []
        self.lost: list[Connection] = []
        self.connection = Connection(
            cast(asyncio.AbstractEventLoop, self.loop),
            ("http", "host", 80, ""),
            self.released.append,
            self.lost.append,
        )
        self.connection.connection_made(cast(asyncio.Transport, self.transport))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.near.close()
        self.far.close()

    def start(self, method: str = "POST", body: bytes = b"") -> Exchange:
        loop = cast(asyncio.AbstractEventLoop, self.loop)
        exchange = Exchange(loop, self.connection, method, Deadlines(connect=10, first=600, idle=180))
        self.connection.start(exchange, b"head ", body)
        return exchange

    def feed(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.data_received(piece)


def body_of(exchange: Exchange) -> bytes:
    return b"".join(exchange.pieces)
