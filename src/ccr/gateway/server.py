"""The listening process: a socket, an event loop, signals. The first signal ends it cleanly, the second at once."""

import asyncio
import gc
import signal
import socket
from pathlib import Path
from types import FrameType

from ccr.config import Snapshot
from ccr.gateway.app import App
from ccr.gateway.edge import Edge, Serve
from ccr.gateway.identity import home_digest
from ccr.gateway.log import RequestLog
from ccr.gateway.runtime import Runtime
from ccr.upstream.client import Client

SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if name in signal.Signals.__members__]
"""End the server; SIGHUP comes when the terminal of a foreground server is closed. Windows has no SIGHUP."""

BACKLOG = 2048
GRACE = 10.0
"""Seconds that running requests may take to end after the first signal."""
SETTLE = 1.0
"""Seconds that requests may take to end once they are cancelled."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the address can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def run(snapshot: Snapshot, sock: socket.socket, *, log_level: str, home: Path) -> int:
    """Serve until a signal. Returns the process' exit code."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(snapshot, sock, log_level, home))


async def _serve(snapshot: Snapshot, sock: socket.socket, log_level: str, home: Path) -> int:
    log = RequestLog(home / "logs" if snapshot.log else None, log_level)
    runtime = Runtime(Client(), home=home_digest(home))
    server = Server(App(snapshot, runtime, log, sock.getsockname()[1]))
    server.take_signals()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    try:
        await server.start(sock)
        await server.ended()
    finally:
        runtime.client.close()
        log.close()
    return 0


class Server:
    """Accepts connections until it is told to stop; then what runs may end within the grace."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._edges: set[Edge] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._signalled = asyncio.Event()
        self._hurried = asyncio.Event()
        self._listener: asyncio.Server

    async def start(self, sock: socket.socket) -> None:
        self._listener = await self._loop.create_server(self._connection, sock=sock, backlog=BACKLOG)

    def take_signals(self) -> None:
        for number in SIGNALS:
            try:
                self._loop.add_signal_handler(number, self.stop)
            except NotImplementedError:  # Windows
                signal.signal(number, self._stop_from_handler)

    def stop(self) -> None:
        """Called again, it hurries."""
        if self._signalled.is_set():
            self._hurried.set()
        self._signalled.set()

    async def ended(self) -> int:
        """Wait for `stop`, and for what runs. Returns how many requests would not end."""
        await self._signalled.wait()
        self._listener.close()
        for edge in list(self._edges):
            edge.close_if_idle()
        hurried = self._loop.create_task(self._hurried.wait())
        deadline = self._loop.time() + GRACE
        while self._tasks and not hurried.done() and (left := deadline - self._loop.time()) > 0:
            await asyncio.wait([hurried, *self._tasks], timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if hurried.done():
            for edge in list(self._edges):
                edge.abort()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            # They say so to their client and to the log.
            await asyncio.wait(list(self._tasks), timeout=SETTLE)
        for edge in list(self._edges):
            edge.close()
        hurried.cancel()
        await asyncio.sleep(0)  # closed connections are told so
        return len(self._tasks)

    def _connection(self) -> Edge:
        return Edge(self._serve, self._edges, self._tasks, self._loop)

    def _stop_from_handler(self, number: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self.stop)


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:  # Windows: the standard loop
        return None
    return uvloop.Loop
