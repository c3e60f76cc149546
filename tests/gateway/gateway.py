"""The gateway on a real socket, in a thread of this process: settings can be patched, and it starts in milliseconds."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from ccr.config import load
from ccr.gateway.app import App
from ccr.gateway.log import RequestLog
from ccr.gateway.runtime import Runtime
from ccr.gateway.server import Server, listen
from ccr.upstream.client import Client
from tests.backends.fake import FakeBackend
from tests.gateway.client import ask_gateway
from tests.gateway.wire import Answer

PATIENCE = 10.0
"""Seconds after which what a test waits for counts as not happening."""


def eventually(said: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not said():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.005)


def provider(name: str, backend: FakeBackend | str, *models: str, dialect: str = "openai", **more: Any) -> Any:
    """A provider of config.json whose server is the backend (or any base URL)."""
    url = backend if isinstance(backend, str) else backend.url
    path = {"anthropic": "/v1/messages", "responses": "/v1/responses"}.get(dialect, "/v1/chat/completions")
    return {"name": name, "api_base_url": url + path, "api_key": f"key-of-{name}", "models": list(models), **more}


class Gateway:
    """`with Gateway(home, config) as gateway:` serves on `gateway.port` what a config.json says."""

    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    """None: the standard loop."""

    def __init__(self, home: Path, config: dict[str, Any]) -> None:
        path = home / "config.json"
        path.write_text(json.dumps(config))
        loaded = load(path, {"HOME": str(home)})
        assert loaded.snapshot is not None, loaded.problems
        self.snapshot = loaded.snapshot
        self.logs = home / "logs"
        self._socket = listen("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the gateway did not end"
        assert self._left_over == 0, "requests were still running"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=type(self).loop_factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.log = RequestLog(self.logs if self.snapshot.log else None, self.snapshot.log_level)
        self.runtime = Runtime(Client())
        server = Server(App(self.snapshot, self.runtime, self.log, self.port))
        await server.start(self._socket)
        self._ready.set()
        await self._stop.wait()
        server.stop()
        server.stop()
        self._left_over = await server.ended()
        self.runtime.client.close()
        self.log.close()

    # ---------------------------------------------------------------------------- what tests ask

    def ask(self, body: object = None, path: str = "/v1/messages", **more: Any) -> Answer:
        """One request on a connection of its own; the answer as a whole."""
        return ask_gateway(self.port, body, path, **more)

    def lines(self, count: int) -> list[dict[str, Any]]:
        """The first `count` lines of the log, once they are written."""
        eventually(lambda: len(self._lines()) >= count, f"{count} lines in the log")
        return [json.loads(line) for line in self._lines()[:count]]

    def logged(self) -> str:
        """All that stands in the log."""
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        files = sorted(self.logs.glob("*")) if self.logs.is_dir() else []
        return [line for file in files for line in file.read_text().split("\n") if line]


def free_address() -> str:
    """A base URL on which nobody listens."""
    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    sock.close()
    return f"http://127.0.0.1:{port}"


def memory() -> int:
    """Resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
