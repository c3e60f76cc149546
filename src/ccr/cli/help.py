import click

from ccr.cli.app import help_text


@click.command("help")
def help_() -> None:
    """Show the list of commands."""
    click.echo(help_text(), nl=False)
