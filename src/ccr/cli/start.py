"""`ccr start`: bind, write down who listens, serve, clean up."""

import errno
import os
import socket
import sys
from pathlib import Path

import click

from ccr.cli import daemon
from ccr.cli.failure import Failure
from ccr.cli.find import Running, Stopped, find
from ccr.cli.health import base_url
from ccr.cli.home import home_folder, private_folder
from ccr.cli.options import start_options
from ccr.cli.port_owner import in_use
from ccr.cli.settings import configured_address, read_to_start
from ccr.cli.state import Options, published
from ccr.config import Snapshot


@click.command()
@click.option("-d", "--daemon", "in_background", is_flag=True, help="Run in the background; return when it answers.")
@click.option("--launched", is_flag=True, hidden=True)  # by `daemon.launch`
@start_options
def start(options: Options, in_background: bool, launched: bool) -> None:
    """Start the server, in the foreground unless told otherwise."""
    home = home_folder(os.environ)
    found = find(home, lambda: configured_address(os.environ))
    if isinstance(found, Running):
        say_running(found, options)
        return
    snapshot = read_to_start(options, os.environ, say=not launched)
    if in_background:
        running = daemon.launch(home, snapshot, options)
        click.echo(f"✅ Service started successfully in the background: {running.url}")
        return
    serve(home, snapshot, options)


def say_running(found: Running, options: Options) -> None:
    click.echo("claude-code-router server is running")
    if options != Options():
        click.echo(f"It listens on {found.url}; `ccr restart` takes the same options and applies them.", err=True)


def serve(home: Path, snapshot: Snapshot, options: Options) -> None:
    """Until a signal ends it. The port is bound first: whoever fails there leaves no trace."""
    from ccr.gateway.server import listen, run

    private_folder(home)
    try:
        listener = listen(snapshot.host, snapshot.port)
    except OSError as error:
        found = find(home, lambda: (snapshot.host, snapshot.port))
        if isinstance(found, Running):
            say_running(found, options)
            return
        raise refusal(error, snapshot, found) from None
    with listener, published(home, snapshot.host, snapshot.port, snapshot.path, options):
        click.echo(f"Loaded JSON config from: {snapshot.path}")
        click.echo(f"🚀 claude-code-router is listening on {base_url(snapshot.host, snapshot.port)}")
        code = run(snapshot, listener, log_level=snapshot.log_level, home=home)
    sys.exit(code)


def refusal(error: OSError, snapshot: Snapshot, found: Stopped) -> Failure:
    """Why the port cannot be had, and what to do."""
    host, port = snapshot.host, snapshot.port
    elsewhere = f"choose another port with --port or PORT in {snapshot.path}"
    if isinstance(error, socket.gaierror):
        return Failure(f'The host "{host}" is not known here: give an address of this machine with --host or HOST.')
    match error.errno:
        case errno.EADDRINUSE:
            return Failure(f"{in_use(port, by_neighbour=found.neighbour is not None)}: stop that, or {elsewhere}.")
        case errno.EACCES:
            return Failure(f"Port {port} is reserved for the system: {elsewhere}, above 1023.")
        case errno.EADDRNOTAVAIL:
            return Failure(f"{host} is not an address of this machine: give one with --host or HOST.")
        case _:
            return Failure(f"Cannot listen on {host} port {port} ({error.strerror or error}): {elsewhere}.")
