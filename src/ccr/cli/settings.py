"""What a command works with: the configuration, and what the command line and the environment say instead.

The command line beats the environment, the environment beats the file. Of the environment only words that mean this
program are read: CONFIG_PATH, SERVICE_PORT (as the npm tool), LOG_LEVEL. PORT and HOST are not: shells and other tools
set them for themselves.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from ccr.cli.failure import Failure
from ccr.cli.find import Address, Running, Stopped
from ccr.cli.home import home_folder, write_private
from ccr.cli.state import Options
from ccr.config import Loaded, Problem, Snapshot, check, default_path, load

LEVELS = ("fatal", "error", "warn", "info", "debug", "trace", "silent")
"""Of LOG_LEVEL, the npm tool's."""

FIRST_CONFIG = b'{\n  "PORT": 3456,\n  "Providers": [],\n  "Router": {}\n}\n'
"""What is written when there is no configuration yet: the npm tool's words."""


def config_path(option: str | None, environ: Mapping[str, str]) -> Path:
    """The file to read, absolute."""
    if not option and not environ.get("CONFIG_PATH"):
        home_folder(environ)  # says so when there is none
    return (Path(option).expanduser() if option else default_path(environ)).absolute()


def read(path: Path, environ: Mapping[str, str], *, say: bool = True) -> Snapshot:
    """The configuration; warnings and errors go to stderr (if they shall), with lines where something is wrong."""
    loaded = load(path, environ)
    if any(problem.severity == "error" for problem in loaded.problems):
        loaded = check(path, environ)
    for problem in loaded.problems if say else ():
        if problem.severity != "note":
            click.echo(f"{path}: {sentence(problem)}", err=True)
    return usable(loaded, path)


def usable(loaded: Loaded, path: Path) -> Snapshot:
    if loaded.snapshot is None:
        raise Failure(f"{path} cannot be used: mend it and see `ccr check`.")
    return loaded.snapshot


def sentence(problem: Problem) -> str:
    """`error: Providers[0].api_base_url (line 4): is not a URL; did you mean https://…?`"""
    line = f" (line {problem.line})" if problem.line else ""
    place = f"{problem.path}{line}: " if problem.path else ""  # of the file as a whole the message itself says where
    return f"{problem.severity}: {place}{problem.message}" + (f"; {problem.hint}" if problem.hint else "")


def read_to_start(options: Options, environ: Mapping[str, str], *, say: bool = True) -> Snapshot:
    """The configuration of a server about to start, with the address and log level it shall have.

    `say` False: whoever launched this process has read it already, and has said what is to be said.
    """
    path = config_path(options.config, environ)
    if not options.config and path == home_folder(environ) / "config.json" and not path.exists():
        write_private(path, FIRST_CONFIG)
        click.echo(f"Created {path}: add your providers to it, then run `ccr check`.", err=True)
    snapshot = read(path, environ, say=say)
    return msgspec.structs.replace(
        snapshot,
        host=host(snapshot, options, say=say),
        port=options.port or service_port(environ) or snapshot.port,
        log_level=options.log_level or log_level(environ) or snapshot.log_level,
    )


def host(snapshot: Snapshot, options: Options, *, say: bool) -> str:
    """Without an APIKEY anybody who reaches the port could spend the providers' keys: loopback only."""
    if options.host is None:
        return snapshot.host
    if snapshot.api_key or is_loopback(options.host):
        return options.host
    if say:
        advice = f"set APIKEY in {snapshot.path} to serve others."
        click.echo(f"Listening on 127.0.0.1, not on {options.host}: {advice}", err=True)
    return "127.0.0.1"


def is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def service_port(environ: Mapping[str, str]) -> int | None:
    """SERVICE_PORT; None: not set."""
    text = environ.get("SERVICE_PORT", "")
    if not text:
        return None
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise Failure(f'SERVICE_PORT is "{text}", not a port: give a number from 1 to 65535.')


def log_level(environ: Mapping[str, str]) -> str | None:
    """LOG_LEVEL; None: not set, or set to a word of some other program."""
    level = environ.get("LOG_LEVEL", "").lower()
    return level if level in LEVELS else None


def configured_address(environ: Mapping[str, str]) -> Address:
    """Where a server would listen if it were started now; the defaults when the configuration does not say."""
    path = config_path(None, environ)
    snapshot = load(path, environ).snapshot or Snapshot(path=path)
    return snapshot.host, service_port(environ) or snapshot.port


def served(found: Running | Stopped, environ: Mapping[str, str]) -> Snapshot:
    """The configuration of the running server with its real address, or of the one that would be started now.

    Creates nothing and says nothing, unless the file cannot be used. That there is none yet is no fault, unless
    CONFIG_PATH names it.
    """
    record = found.record if isinstance(found, Running) else None
    path = config_path(record.config if record else None, environ)
    snapshot = load(path, environ).snapshot if path.exists() or environ.get("CONFIG_PATH") else Snapshot(path=path)
    if snapshot is None:
        snapshot = read(path, environ)
    if isinstance(found, Running):
        return msgspec.structs.replace(snapshot, host=found.host, port=found.port)
    return msgspec.structs.replace(snapshot, port=service_port(environ) or snapshot.port)
