"""The listening process: a socket, an event loop, uvicorn, and signals of our own.

uvicorn ignores a second SIGTERM and re-raises the first one after serving, so that nothing behind it would run (the pid
file!): its signal handling is switched off. The first signal ends it cleanly, the second at once.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from ccr.config import Snapshot
from ccr.gateway.app import App
from ccr.gateway.edge import Edge
from ccr.gateway.identity import home_digest
from ccr.gateway.log import RequestLog
from ccr.gateway.runtime import Runtime
from ccr.upstream.client import Client

SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if name in signal.Signals.__members__]
"""End the server; SIGHUP comes when the terminal of a foreground server is closed. Windows has no SIGHUP."""

BACKLOG = 2048
GRACE = 10
"""Seconds that running requests may take to end after the first signal."""
SETTLE = 1.0
"""Seconds that requests may take to end once they are cancelled."""
KEEP_ALIVE = 75
"""Seconds that a client's idle connection is kept."""


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
    config = uvicorn.Config(
        App(snapshot, runtime, log),
        http=Edge,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config)
    server.take_signals(asyncio.get_running_loop())
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    try:
        await server.serve([sock])
        await server.settle()
    finally:
        runtime.client.close()
        log.close()
    return 0


class Server(uvicorn.Server):
    def take_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in SIGNALS:
            try:
                loop.add_signal_handler(number, self._stop)
            except NotImplementedError:  # Windows
                signal.signal(number, self._stop_from_handler)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def settle(self) -> None:
        """Let requests that have been told to end say so to their client and to the log."""
        if self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks), timeout=SETTLE)

    def _stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
            for connection in list(self.server_state.connections):
                connection.transport.abort()
        self.should_exit = True

    def _stop_from_handler(self, number: int, frame: FrameType | None) -> None:
        self._stop()


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:  # Windows: the standard loop
        return None
    return uvloop.Loop
