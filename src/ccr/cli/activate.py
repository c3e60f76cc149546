"""`eval "$(ccr activate)"`: stdout carries shell lines and nothing else."""

import os
import shlex

import click

from ccr.cli.client_env import client_environment
from ccr.cli.client_settings import overrule
from ccr.cli.find import find
from ccr.cli.home import home_folder
from ccr.cli.settings import configured_address, served
from ccr.cli.window import configured_window


@click.command()
def activate() -> None:
    """Print the lines that lead a plain `claude` of this shell to the router. Does not start the server."""
    found = find(home_folder(os.environ), lambda: configured_address(os.environ))
    snapshot = served(found, os.environ)
    changes = client_environment(snapshot, configured_window(snapshot), os.environ)
    for name, value in overrule(changes, os.environ, None).items():
        line = f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"
        click.echo(os.fsencode(line))
