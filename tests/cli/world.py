"""A user's machine in a folder: a home, a PATH with a claude on it, and `ccr` as a real process."""

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PATIENCE = 20.0
"""Seconds until something that a test waits for counts as not happening."""

CCR = [sys.executable, "-m", "ccr"]

FAKE_CLAUDE = """#!{python}
import json, os, sys
stdin = "" if sys.stdin.isatty() else sys.stdin.read()
record = {{"argv": sys.argv[1:], "env": dict(os.environ), "pid": os.getpid(), "stdin": stdin}}
with open({record!r} + ".tmp", "w") as file:
    json.dump(record, file)
os.rename({record!r} + ".tmp", {record!r})
exec(os.environ.get("FAKE_CLAUDE_DOES", ""))
"""


class World:
    """Everything lies below one folder; nothing of the real environment gets in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.folder = self.home / ".claude-code-router"
        self.folder.mkdir(parents=True)
        self.bin = root / "bin"
        self.bin.mkdir()
        self.port = free_port()
        self.claude_record = root / "claude.json"
        self.environ = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin:/usr/sbin", "LANG": "C.UTF-8"}
        if "PYTHONPATH" in os.environ:
            self.environ["PYTHONPATH"] = os.environ["PYTHONPATH"]

    @property
    def config_file(self) -> Path:
        return self.folder / "config.json"

    @property
    def pid_file(self) -> Path:
        return self.folder / ".claude-code-router.pid"

    @property
    def state_file(self) -> Path:
        return self.folder / ".claude-code-router.state.json"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def configure(self, **keys: Any) -> Path:
        """Write config.json; PORT is a free one unless given."""
        self.config_file.write_text(json.dumps({"PORT": self.port, "Providers": [PROVIDER], "Router": ROUTER} | keys))
        self.config_file.chmod(0o600)
        return self.config_file

    def install_claude(self, path: Path | None = None) -> Path:
        """A claude that writes down how it was called; FAKE_CLAUDE_DOES is what it does then, in Python."""
        path = path or self.bin / "claude"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FAKE_CLAUDE.format(python=sys.executable, record=str(self.claude_record)))
        path.chmod(0o755)
        return path

    def ccr(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`ccr …`, to its end."""
        return subprocess.run(
            [*CCR, *arguments],
            env=self.environ | environ,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def shell(self, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A script of /bin/sh in which `ccr` is ours."""
        command = f'ccr() {{ {shlex.join(CCR)} "$@"; }}\n{script}'
        return subprocess.run(
            ["/bin/sh", "-c", command],
            env=self.environ | environ,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextlib.contextmanager
    def foreground(self, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """`ccr start …` in the foreground, once it has written itself down. Killed at the end if it still lives."""
        process = subprocess.Popen(
            [*CCR, "start", *arguments],
            env=self.environ | environ,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                until(lambda: self.pid() == process.pid or process.poll() is not None)
                yield process
            finally:
                process.kill()

    def pid(self) -> int | None:
        """What the pid file says."""
        text = self.pid_file.read_text() if self.pid_file.exists() else ""
        return int(text) if text else None

    def claude_call(self) -> dict[str, Any]:
        """How claude was called."""
        until(self.claude_record.exists)
        call: dict[str, Any] = json.loads(self.claude_record.read_text())
        return call

    def leftovers(self) -> set[str]:
        """What a stopped server should not have left in the folder."""
        return {path.name for path in self.folder.iterdir()} - {"config.json", "logs"}


PROVIDER = {
    "name": "local",
    "api_base_url": "http://127.0.0.1:9/v1/chat/completions",
    "api_key": "",
    "models": ["tiny"],
}
ROUTER = {"default": "local,tiny"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for something that a process does."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def foreign_process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us; `arguments` follow the name that it gives itself."""
    code = "import sys; print('here', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # between fork and exec it would have no arguments yet
            yield process
        finally:
            process.kill()
