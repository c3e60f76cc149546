"""A backend of raw bytes on a real socket: a script per connection says what it reads, sends and when it breaks."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType

from ccr.upstream.client import Client, Deadlines, Outbound

CALM = Deadlines(connect=10, first=10, idle=10)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Peer:
    """One accepted connection, seen from the backend."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """A whole request, head and body."""
        head = await self.head()
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return head + await self.reader.readexactly(int(value))
        return head

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Backend:
    """`async with Backend(script) as backend`: listens on a free port of 127.0.0.1."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0

    def url(self, path: str = "/v1") -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    async def __aenter__(self) -> "Backend":
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        if kind is None:
            for outcome in outcomes:
                # a client that leaves is nothing the script has to expect
                if not isinstance(outcome, (type(None), asyncio.CancelledError, asyncio.IncompleteReadError, OSError)):
                    raise outcome

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._tasks.add(asyncio.get_running_loop().create_task(self._serve(Peer(self.connections, reader, writer))))

    async def _serve(self, peer: Peer) -> None:
        try:
            await self._script(peer)
        except BaseException:
            peer.writer.transport.abort()
            raise
        finally:
            peer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await peer.writer.wait_closed()


class OwnClient(Client):
    """`async with OwnClient() as client`: closed at the end."""

    async def __aenter__(self) -> "OwnClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


def answering(*pieces: bytes) -> Script:
    """Answers every request of a connection with the same bytes."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(*pieces)

    return script


def answering_once(*pieces: bytes) -> Script:
    """One request, one answer, end of connection."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)

    return script


def post(url: str, body: bytes = b"{}", *headers: tuple[str, str]) -> Outbound:
    return Outbound("POST", url, headers, body)


async def ask(client: Client, url: str, deadlines: Deadlines = CALM, proxy: str = "") -> bytes:
    """The whole body of an answer."""
    response = await client.send(post(url), deadlines, proxy)
    return await response.read_all(1 << 30)
