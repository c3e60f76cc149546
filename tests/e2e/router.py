"""The real router: `ccr start` as a process, with its own home."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.backends.fake import FakeBackend
from tests.backends.llama import LlamaServer, free_port, wait_until_healthy

CCR = Path(sys.executable).with_name("ccr")


KEY = "key-of-"
"""Begins every provider's key."""


def provider(name: str, backend: FakeBackend | LlamaServer, *models: str, path: str = "/v1/chat/completions") -> Any:
    """A provider of config.json whose server is the backend."""
    return {"name": name, "api_base_url": backend.url + path, "api_key": KEY + name, "models": list(models)}


class Router:
    """`with Router(home, config) as router:` serves on `router.url`; at the end it must stop cleanly."""

    def __init__(self, home: Path, config: dict[str, Any]) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = home / ".claude-code-router"
        self.said = home / "ccr-start.txt"
        """What `ccr start` printed."""
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.folder.mkdir()
        (self.folder / "config.json").write_text(json.dumps({"PORT": self.port, **config}, indent=2))

    def __enter__(self) -> Self:
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                [CCR, "start"], env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        wait_until_healthy(self.url, self.process, self.said, seconds=15)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        printed = self.said.read_text()
        assert code == 0, f"ccr start ended with {code}: {printed[-2000:]}"
        told = printed + self.log()
        assert "Traceback" not in told, told[-3000:]
        assert KEY not in told, "a provider's key was logged"

    def log(self) -> str:
        """All that stands in the log files."""
        return "".join(path.read_text() for path in sorted((self.folder / "logs").glob("*")) if path.is_file())
