"""How a command gives up."""

import click


class Failure(click.ClickException):
    """What went wrong and what to do, in one sentence. Goes to stderr as it is."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.code = exit_code

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)
