"""What a running server leaves in the home folder, so that the other commands find it.

Two files: the pid file of the npm tool, which holds a number and nothing else, and a state file with the rest. Both are
written after the port is bound and removed at the end; a server that was killed leaves them, and then `birth` tells.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from ccr.cli.home import pid_file, state_file, write_private
from ccr.cli.process import look_up


class Options(Struct, frozen=True, omit_defaults=True):
    """What `ccr start` was told on its command line. None: not told: the environment or the configuration decides."""

    config: str | None = None
    """Absolute path."""
    port: int | None = None
    host: str | None = None
    log_level: str | None = None


class Record(Struct, frozen=True):
    """One server, as it wrote itself down."""

    pid: int
    birth: str
    """Of the process (`process.Process`)."""
    host: str
    port: int
    config: str
    """Absolute path."""
    started: float
    """Seconds since 1970."""
    options: Options = Options()
    """To start it again in the same way."""


def read_pid(home: Path) -> int | None:
    """The number in the pid file; None: no file, or something else in it."""
    try:
        text = pid_file(home).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() and int(text) > 0 else None


def read_record(home: Path) -> Record | None:
    """The state file; None: no file, or not one of ours."""
    try:
        return msgspec.json.decode(state_file(home).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


@contextlib.contextmanager
def published(home: Path, host: str, port: int, config: Path, options: Options) -> Iterator[None]:
    """Write both files for this process, and remove them at the end, whatever ends it (but for SIGKILL)."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        publish(home, host, port, config, options)
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        withdraw(home, os.getpid())


def leave(number: int, _frame: object) -> None:
    """A signal before the server has taken over: unwind, so that the files go."""
    raise SystemExit(0)


def publish(home: Path, host: str, port: int, config: Path, options: Options) -> None:
    """The pid file comes last: who sees it finds the rest."""
    process = look_up(os.getpid())
    record = Record(
        pid=os.getpid(),
        birth=process.birth if process else "",
        host=host,
        port=port,
        config=str(config),
        started=time.time(),
        options=options,
    )
    write_private(state_file(home), msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    write_private(pid_file(home), str(record.pid).encode())


def withdraw(home: Path, pid: int) -> None:
    """Remove the files, unless another process has put its own there."""
    if read_pid(home) == pid:
        pid_file(home).unlink(missing_ok=True)
    record = read_record(home)
    if record is not None and record.pid == pid:
        state_file(home).unlink(missing_ok=True)
