"""The server as a process: `python process.py config.json GRACE` prints its port and serves until a signal."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from ccr.config import load
from ccr.gateway import server


class Process:
    """`with Process(home, config) as process:` serves on `process.port`, with `grace` seconds to end in."""

    def __init__(self, home: Path, config: dict[str, Any], grace: float) -> None:
        self.logs = home / "logs"
        self._said = home / "said.txt"
        path = home / "config.json"
        path.write_text(json.dumps(config))
        with open(self._said, "wb") as said:
            self.child = subprocess.Popen(
                [sys.executable, __file__, path, str(grace)],
                stdout=subprocess.PIPE,
                stderr=said,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        assert self.child.stdout is not None
        self.port = int(self.child.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.wait()
        assert self.child.stdout is not None
        self.child.stdout.close()
        assert "Traceback" not in self.said()

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.child.send_signal(number)

    def said(self) -> str:
        return self._said.read_text()

    def log(self) -> list[dict[str, Any]]:
        """The lines of the log; complete once the process has ended."""
        return [json.loads(line) for path in self.logs.glob("*") for line in path.read_text().splitlines()]


def main(path: str, grace: str) -> int:
    loaded = load(Path(path), {})
    assert loaded.snapshot is not None
    server.GRACE = float(grace)  # whole seconds are too coarse for tests
    sock = server.listen("127.0.0.1", 0)
    print(sock.getsockname()[1], flush=True)
    return server.run(loaded.snapshot, sock, log_level="info", home=Path(path).parent)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
