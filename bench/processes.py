"""CPU time and memory of a process and all its children, from /proc (Linux)."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def pinned(cores: Iterable[int]) -> Callable[[], None]:
    """A `preexec_fn`: the child gets its own session and runs on `cores` only."""
    chosen = set(cores)

    def prepare() -> None:
        os.setsid()
        os.sched_setaffinity(0, chosen)

    return prepare


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree, with that of children already gone. Resolution: one clock tick (10 ms)."""
    ticks = 0
    for member in tree(pid):
        fields = _stat(member)
        ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / CLOCK_TICKS


def memory_mb(pid: int) -> float:
    """Proportional set size of the tree: shared pages count by their share."""
    kilobytes = 0
    for member in tree(pid):
        for line in _read(f"/proc/{member}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def tree(pid: int) -> list[int]:
    """`pid` and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, to_visit = [], [pid]
    while to_visit:
        member = to_visit.pop()
        found.append(member)
        to_visit += children.get(member, [])
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the whole tree: SIGTERM, and SIGKILL for what is left after 3 s."""
    members = tree(process.pid)
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for member in members:
            try:
                os.kill(member, sent)
            except ProcessLookupError:
                continue
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            continue
        members = [member for member in members if member != process.pid and Path(f"/proc/{member}").exists()]
        if not members:
            return


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name (proc(5): field 3, the state, is index 0); empty when gone."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
