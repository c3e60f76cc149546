"""A real llama-server with the tiny scripted model."""

import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.backends.cache import ROOT, Unavailable, cached, run

HERE = Path(__file__).parent
MODEL_NEEDS = ("numpy==2.4.6", "tokenizers==0.23.3", "gguf==0.19.0")


def server_program() -> Path:
    """Path of the llama-server launcher; installs it (10 s, 20 MB to fetch) when it is not there."""

    def install(folder: Path) -> None:
        if shutil.which("apt-get") is None:
            raise Unavailable("llama-server is installed from Debian's packages, and there is no apt-get here")
        run("sh", HERE / "install_llama.sh", folder)

    return cached(f"llama-server-{platform.machine()}", install) / "llama-server"


def scripted_model() -> Path:
    """Path of the GGUF file; makes it (15 s) when it is not there or when its makers have changed."""

    def make(folder: Path) -> None:
        libraries = folder / "libraries"
        run(sys.executable, "-m", "pip", "install", "-q", "--target", libraries, *MODEL_NEEDS)
        path = f"{libraries}{os.pathsep}{ROOT}"
        run(sys.executable, "-m", "tests.backends.tiny", folder / "tiny-scripted.gguf", env={"PYTHONPATH": path})
        shutil.rmtree(libraries)

    makers = sorted(path for path in (HERE / "tiny").iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in makers)).hexdigest()[:12]
    return cached(f"tiny-scripted-{digest}", make) / "tiny-scripted.gguf"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class LlamaServer:
    """`with LlamaServer(log) as server:` serves on `server.url` until the block ends."""

    def __init__(self, log: Path, context: int = 131072) -> None:
        self.program = server_program()
        self.model = scripted_model()
        self.context = context
        """Tokens, of each of the 4 slots."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log

    def __enter__(self) -> Self:
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until_healthy(self.url, self.process, self.log, seconds=60)
        return self

    def _command(self) -> list[str]:
        # -fa on: without it a long prompt is 7 times slower. -t 1 -tb 2: one thread decodes a model this small
        # fastest, two read the prompt. --kv-unified: every slot may use the whole context.
        options = f"--host 127.0.0.1 --port {self.port} --jinja -fa on -t 1 -tb 2 --kv-unified -np 4 -c {self.context}"
        return [str(self.program), "-m", str(self.model), "--alias", "tiny-scripted", *options.split()]

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Returns when GET /health answers 200; raises with the log's end when the process dies or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            get_json(f"{url}/health")
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"not healthy, exit code {process.poll()}: {log.read_text(errors='replace')[-2000:]}")


def get_json(url: str) -> Any:
    """Raises OSError (URLError) when nobody answers or the status is no success."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
