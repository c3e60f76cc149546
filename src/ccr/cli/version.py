import click

from ccr import __version__


@click.command()
def version() -> None:
    """Show the version."""
    click.echo(f"claude-code-router version: {__version__}")
