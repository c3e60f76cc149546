"""Is our server running? Nobody is believed for a number alone.

A process is ours when the state file tells its birth, or, where there is no state file, when its command line does.
What answers at the port is ours when that holds for the process it names.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from ccr.cli import health
from ccr.cli.health import Health
from ccr.cli.process import Process, is_router, look_up
from ccr.cli.state import Record, read_pid, read_record

Address = tuple[str, int]
"""Host and port, as configured."""


class Running(Struct, frozen=True):
    """Our server's process lives."""

    process: Process
    host: str
    port: int
    record: Record | None
    """None: it left no state file, or that one is gone."""
    health: Health | None
    """None: it does not answer (still starting, or stuck)."""

    @property
    def address(self) -> Address:
        return self.host, self.port

    @property
    def url(self) -> str:
        return health.base_url(self.host, self.port)


class Stopped(Struct, frozen=True):
    """Our server does not run."""

    stale_pid: int | None = None
    """What the pid file says all the same. None: no pid file."""
    stranger: Process | None = None
    """The living process of that id, which is somebody else's."""


def find(home: Path, configured: Callable[[], Address]) -> Running | Stopped:
    """Look for the server of this home folder; `configured` says where it would listen when nothing is written down."""
    pid, record = read_pid(home), read_record(home)
    record = record if record is not None and record.pid == pid else None
    process = look_up(pid) if pid is not None else None
    if process is not None and is_ours(process, record):
        host, port = (record.host, record.port) if record else configured()
        answer = health.ask(health.dial_host(host), port)
        return Running(process, host, port, record, answer if answer and answer.pid == process.pid else None)
    return at(configured()) or Stopped(pid, process)


def is_ours(process: Process, record: Record | None) -> bool:
    """The process that the pid file names is the server that wrote it."""
    return process.birth == record.birth if record is not None else is_router(process)


def at(address: Address) -> Running | None:
    """A server of this user at an address, whatever the pid file says."""
    host, port = address
    answer = health.ask(health.dial_host(host), port)
    process = look_up(answer.pid) if answer is not None else None
    if process is None or not is_router(process):
        return None
    return Running(process, host, port, None, answer)
