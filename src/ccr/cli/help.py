import click

from ccr.cli.app import help_text
from ccr.cli.verbatim import Verbatim


@click.command("help", cls=Verbatim)
def help_(arguments: tuple[str, ...]) -> None:
    """Show the list of commands, whatever else was asked."""
    click.echo(help_text(), nl=False)
