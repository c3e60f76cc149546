"""`ccr stop`: ends our server and nothing else."""

import os
import signal
import time
from pathlib import Path

import click

from ccr.cli.failure import Failure
from ccr.cli.find import Running, Stopped, find
from ccr.cli.home import home_folder
from ccr.cli.port_owner import in_use
from ccr.cli.process import Process, is_npm_router, look_up
from ccr.cli.settings import configured_address
from ccr.cli.state import withdraw

PATIENCE = 12.0
"""Seconds that the service has for itself: it gives running requests 10."""

IMPATIENCE = 3.0
"""Seconds after the second signal, which stops at once."""


@click.command()
def stop() -> None:
    """Stop the server."""
    home = home_folder(os.environ)
    found = find(home, lambda: configured_address(os.environ))
    if isinstance(found, Running):
        end(home, found.process)
        click.echo("claude code router service has been successfully stopped.")
        return
    clear(home, found)
    if found.neighbour is not None:
        click.echo(f"{in_use(found.neighbour[1], by_neighbour=True)}: it was left alone.", err=True)
    click.echo("Failed to stop the service. It may have already been stopped.")


def end(home: Path, process: Process) -> None:
    """Ask the process to end, wait until it is gone, and clear away what it may have left."""
    for patience in (PATIENCE, IMPATIENCE):
        os.kill(process.pid, signal.SIGTERM)
        if is_gone(process, patience):
            withdraw(home, process.pid)
            return
    raise Failure(f"The service ({process}) has not ended yet: `kill -9 {process.pid}` ends it for certain.")


def is_gone(process: Process, patience: float) -> bool:
    """Whether the process ends within that many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        now = look_up(process.pid)
        if now is None or now.birth != process.birth:
            return True
        time.sleep(0.03)
    return False


def clear(home: Path, found: Stopped) -> None:
    """Remove a stale pid file. A living process that it names is told, and left alone."""
    if found.stranger is not None and is_npm_router(found.stranger):
        raise Failure(
            f"The pid file names {found.stranger}, the server of the npm tool: it was left alone. "
            f"`kill {found.stranger.pid}` stops it."
        )
    if found.stale_pid is not None:
        withdraw(home, found.stale_pid)
    if found.stranger is not None:
        click.echo(
            f"The pid file named {found.stranger}, which is not this service: it was left alone, the file removed.",
            err=True,
        )
