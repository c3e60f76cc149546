"""`ccr code …`: see to a running server, then be claude."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import click

from ccr.cli import claude
from ccr.cli.client_env import client_environment
from ccr.cli.client_settings import overrule
from ccr.cli.daemon import PATIENCE, PROGRAM
from ccr.cli.failure import Failure
from ccr.cli.find import Running, Stopped, find
from ccr.cli.home import home_folder
from ccr.cli.settings import configured_address, served
from ccr.cli.verbatim import Verbatim
from ccr.cli.window import known_window


@click.command(cls=Verbatim)
def code(arguments: tuple[str, ...]) -> None:
    """Run Claude Code through the router. Every argument goes to claude as it is."""
    home = home_folder(os.environ)
    found = look(home)
    program = claude.find_claude(served(found, os.environ).claude_path, os.environ)
    snapshot = served(answering(home, found), os.environ)
    changes = client_environment(snapshot, known_window(snapshot), os.environ)
    changes = overrule(changes, os.environ, Path.cwd())
    claude.become(program, arguments, changed(os.environ, changes), has_input=not snapshot.non_interactive)


def look(home: Path) -> Running | Stopped:
    return find(home, lambda: configured_address(os.environ))


def answering(home: Path, found: Running | Stopped) -> Running:
    """The server, once it answers; started when it does not run."""
    if isinstance(found, Stopped):
        click.echo("Service not running, starting service...", err=True)
        start()
        found = look(home)
    deadline = time.monotonic() + PATIENCE
    while isinstance(found, Running) and found.health is None and time.monotonic() < deadline:
        time.sleep(0.05)
        found = look(home)
    if isinstance(found, Running) and found.health is not None:
        return found
    raise Failure("The service does not answer: `ccr restart` starts it anew, `ccr status` says more.")


def start() -> None:
    """By a process between: a server that were a child of claude would stay a zombie when it ends."""
    child = subprocess.run(
        [*PROGRAM, "start", "--daemon"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )
    if child.returncode != 0:
        raise Failure("Claude Code was not started, for the router could not be (see above); `ccr start` shows more.")


def changed(environ: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The environment with the changes made."""
    kept = {name: value for name, value in environ.items() if name not in changes}
    return kept | {name: value for name, value in changes.items() if value is not None}
