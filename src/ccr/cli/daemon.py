"""A server in the background: started as a process of its own, and believed only when it answers."""

import subprocess
import sys
import time
from pathlib import Path

import msgspec

from ccr.cli.failure import Failure
from ccr.cli.find import Running, Stopped, find
from ccr.cli.home import open_private, private_folder, start_log
from ccr.cli.options import words
from ccr.cli.state import Options
from ccr.config import Snapshot

PATIENCE = 15.0
"""Seconds until a server that has not answered is given up."""

PROGRAM = [sys.executable, "-P", "-m", "ccr"]
"""This program. -P: a folder `ccr` where the user happens to work is not it."""


def launch(home: Path, snapshot: Snapshot, options: Options) -> Running:
    """Start a server and wait until it answers; what it said on stderr becomes the failure."""
    log = start_log(home)
    private_folder(log.parent)
    with open_private(log) as stderr:
        child = subprocess.Popen(
            [*PROGRAM, "start", "--launched", *words(msgspec.structs.replace(options, config=str(snapshot.path)))],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = child.poll()  # looked at first: whoever made it end well is there when `find` looks
        found = find(home, lambda: (snapshot.host, snapshot.port))
        if isinstance(found, Running) and found.health is not None:
            return found
        if ended is not None and (ended != 0 or isinstance(found, Stopped)):
            raise failure(ended, log)
        time.sleep(0.03)
    child.terminate()
    raise Failure(f"The service did not answer within {PATIENCE:.0f} s and was given up: see {log}.")


def failure(exit_code: int, log: Path) -> Failure:
    """Why the child is gone, in its own words."""
    said = log.read_text(errors="replace").strip().splitlines()[-20:]
    return Failure(
        "\n".join(["The service could not be started:", *said]) if said else f"The service ended at once: {exit_code}."
    )
