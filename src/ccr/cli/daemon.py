"""A server in the background: started as a process of its own, and believed only when it answers."""

import subprocess
import sys
import time
from pathlib import Path

import msgspec

from ccr.cli import health
from ccr.cli.failure import Failure
from ccr.cli.find import at
from ccr.cli.home import open_private, private_folder, start_log
from ccr.cli.options import words
from ccr.cli.state import Options, read_pid
from ccr.config import Snapshot

PATIENCE = 15.0
"""Seconds until a server that has not answered is given up."""

PROGRAM = [sys.executable, "-P", "-m", "ccr"]
"""This program. -P: a folder `ccr` where the user happens to work is not it."""


def launch(home: Path, snapshot: Snapshot, options: Options) -> None:
    """Start a server and wait until it answers; what it said on stderr becomes the failure."""
    log = start_log(home)
    private_folder(log.parent)
    with open_private(log) as stderr:
        child = subprocess.Popen(
            [*PROGRAM, "start", *words(msgspec.structs.replace(options, config=str(snapshot.path)))],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answers(home, child.pid, snapshot):
            return
        if child.poll() is not None:
            ended(child.returncode, snapshot, log)
            return
        time.sleep(0.03)
    child.terminate()
    raise Failure(f"The service did not answer within {PATIENCE:.0f} s and was given up: see {log}.")


def answers(home: Path, pid: int, snapshot: Snapshot) -> bool:
    """Asked only once the child has written itself down: before, somebody else's server may have the port."""
    if read_pid(home) != pid:
        return False
    answer = health.ask(health.dial_host(snapshot.host), snapshot.port)
    return answer is not None and answer.pid == pid


def ended(returncode: int, snapshot: Snapshot, log: Path) -> None:
    """The child is gone: no harm when another one, started at the same moment, has the port."""
    if returncode == 0 and at((snapshot.host, snapshot.port)):
        return
    said = log.read_text(errors="replace").strip().splitlines()[-20:]
    raise Failure(
        "\n".join(["The service could not be started:", *said]) if said else f"The service ended at once: {returncode}."
    )
