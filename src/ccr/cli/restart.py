"""`ccr restart`: as stop and start in the background, but a broken configuration does not cost the running server."""

import os

import click

from ccr.cli import daemon
from ccr.cli.find import Running, find
from ccr.cli.home import home_folder
from ccr.cli.options import start_options
from ccr.cli.settings import configured_address, read_to_start
from ccr.cli.state import Options
from ccr.cli.stop import clear, end


@click.command()
@start_options
def restart(options: Options) -> None:
    """Restart the server in the background, with the options it was started with unless given anew."""
    home = home_folder(os.environ)
    found = find(home, lambda: configured_address(os.environ))
    if isinstance(found, Running) and found.record is not None:
        options = inherit(options, found.record.options)
    snapshot = read_to_start(options, os.environ)
    if isinstance(found, Running):
        end(home, found.process)
        click.echo("claude code router service has been stopped.")
    else:
        clear(home, found)
        click.echo("Service was not running or failed to stop.")
    click.echo("Starting claude code router service...")
    daemon.launch(home, snapshot, options)
    click.echo("✅ Service started successfully in the background.")


def inherit(given: Options, former: Options) -> Options:
    """What is not given now stays as it was."""
    return Options(
        config=given.config or former.config,
        port=given.port or former.port,
        host=given.host or former.host,
        log_level=given.log_level or former.log_level,
    )
