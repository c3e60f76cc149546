"""What is known of a process that somebody else started.

A process id says little: ids are used again. So a process is told by its `birth` too, a word that no later process
with the same id has.
"""

import itertools
import os
import subprocess
from pathlib import Path

from msgspec import Struct


class Process(Struct, frozen=True):
    """A living process (a zombie is not one)."""

    pid: int
    uid: int
    """The user it belongs to."""
    birth: str
    """When it was started, in the system's own words."""
    arguments: tuple[str, ...]
    """Its command line. Empty: it has none or hides it."""
    short_name: str
    """What the system calls it."""

    @property
    def name(self) -> str:
        """The program's name as a person would say it."""
        return Path(self.arguments[0]).name if self.arguments and self.arguments[0] else self.short_name

    def __str__(self) -> str:
        return f"process {self.pid} ({self.name})"


def look_up(pid: int) -> Process | None:
    """The process with that id; None when there is none (any more)."""
    return from_proc(pid) if Path("/proc/self/stat").exists() else from_ps(pid)


def from_proc(pid: int) -> Process | None:
    """Linux: proc(5)."""
    folder = Path(f"/proc/{pid}")
    try:
        # "pid (name) state ppid …": the name may hold spaces and parentheses, so the fields count from its end.
        stat = (folder / "stat").read_text(errors="replace")
        uid = folder.stat().st_uid
        command_line = (folder / "cmdline").read_bytes()
    except OSError:
        return None
    name, _, rest = stat.partition("(")[2].rpartition(")")
    fields = rest.split()
    state, start_ticks = fields[0], fields[19]
    if state in "ZX":
        return None
    arguments = tuple(os.fsdecode(word) for word in command_line.split(b"\0")[:-1])
    return Process(pid, uid, f"{start_ticks} ticks", arguments, name)


def from_ps(pid: int) -> Process | None:
    """Elsewhere: ps(1) as POSIX has it, with the start time of BSD. It does not tell one argument from two."""
    command = ["ps", "-ww", "-o", "stat=,uid=,lstart=,command=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout.split()
    if len(answer) < 7 or answer[0].startswith("Z"):
        return None
    words = tuple(answer[7:])
    return Process(pid, int(answer[1]), " ".join(answer[2:7]), words, words[0] if words else "?")


def is_router(process: Process) -> bool:
    """The command line is our server's, `python …/ccr start …` or `python -m ccr start …`, and the user is this one."""
    return process.uid == os.getuid() and "python" in process.name.lower() and ccr_start(process.arguments)


def is_npm_router(process: Process) -> bool:
    """The command line is that of the npm tool's server: `node …/cli.js start`."""
    return process.name.startswith("node") and ccr_start(process.arguments)


def ccr_start(arguments: tuple[str, ...]) -> bool:
    """One of the arguments is the command `ccr` (or the npm tool's file), and the next one is `start`."""
    pairs = itertools.pairwise(arguments)
    return any(word == "start" and Path(program).name in ("ccr", "cli.js") for program, word in pairs)
