"""Is our server running? Nobody is believed for a number alone.

A process is ours when the state file of our home tells its birth. Where there is none, what answers at the port is ours
when it says that it serves our home; other homes' routers like the same port.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from ccr.cli import health
from ccr.cli.health import Health
from ccr.cli.process import Process, is_router, look_up
from ccr.cli.state import Record, read_pid, read_record
from ccr.gateway.identity import home_digest

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
    def url(self) -> str:
        return health.base_url(self.host, self.port)


class Stopped(Struct, frozen=True):
    """Our server does not run."""

    stale_pid: int | None = None
    """What the pid file says all the same. None: no pid file."""
    stranger: Process | None = None
    """The living process of that id, which is somebody else's."""
    neighbour: Address | None = None
    """Where the router of another home answers in its place."""


def find(home: Path, configured: Callable[[], Address]) -> Running | Stopped:
    """Look for the server of this home folder; `configured` says where it would listen when nothing is written down."""
    pid, record = read_pid(home), read_record(home)
    process = look_up(pid) if pid is not None else None
    if process is not None and record is not None and (record.pid, record.birth) == (pid, process.birth):
        answer = health.ask(health.dial_host(record.host), record.port)
        return Running(process, record.host, record.port, record, answer if answer and answer.pid == pid else None)
    host, port = configured()
    answer = health.ask(health.dial_host(host), port)
    if answer is not None and answer.home != home_digest(home):
        return Stopped(pid, process, (host, port))
    listener = look_up(answer.pid) if answer is not None else None
    if listener is None or not is_router(listener):
        return Stopped(pid, process)
    return Running(listener, host, port, None, answer)
