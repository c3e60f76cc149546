"""The options that `start` and `restart` share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from ccr.cli.settings import LEVELS
from ccr.cli.state import Options

Command = Callable[..., None]


def start_options(command: Command) -> Command:
    """Let click fill the parameter `options`. What is given as an empty text (`--host "$UNSET"`) is not given."""

    @click.option(
        "-p", "--port", type=click.IntRange(1, 65535), help="Port to listen on (else SERVICE_PORT, else PORT)."
    )
    @click.option("--host", help="Address to listen on. Other than loopback needs an APIKEY.")
    @click.option("-c", "--config", type=click.Path(), help="Configuration file (else CONFIG_PATH).")
    @click.option("-l", "--log-level", type=click.Choice(LEVELS, case_sensitive=False), help="Else LOG_LEVEL.")
    @wraps(command)
    def with_options(
        port: int | None, host: str | None, config: str | None, log_level: str | None, **others: object
    ) -> None:
        path = str(Path(config).expanduser().absolute()) if config else None
        command(options=Options(config=path, port=port, host=host or None, log_level=log_level), **others)

    return with_options


def words(options: Options) -> list[str]:
    """The same as arguments of `ccr start`."""
    given = {
        "--config": options.config,
        "--host": options.host,
        "--port": options.port,
        "--log-level": options.log_level,
    }
    return [f"{word}={value}" for word, value in given.items() if value is not None]
