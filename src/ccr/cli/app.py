"""The word after `ccr` decides which file is loaded. Nothing else is imported, so `ccr --version` answers at once.

To add a command: a file that defines a click command, and its line in `COMMANDS`.
"""

import io
import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from ccr.cli.failure import Failure

COMMANDS: dict[str, tuple[str, str]] = {
    "start": ("ccr.cli.start:start", "Start the server"),
    "stop": ("ccr.cli.stop:stop", "Stop the server"),
    "restart": ("ccr.cli.restart:restart", "Restart the server in the background"),
    "status": ("ccr.cli.status:status", "Show the server's status"),
    "code": ("ccr.cli.code:code", "Run Claude Code through the router; all arguments go to claude"),
    "activate": ("ccr.cli.activate:activate", "Print environment variables for the shell"),
    "env": ("ccr.cli.activate:activate", "The same as activate"),
    "check": ("ccr.cli.check:check", "Check the configuration"),
    "demo": ("ccr.cli.demo:demo", "See every kind of request routed, without key or model"),
    "version": ("ccr.cli.version:version", "Show the version (also -v, --version)"),
    "help": ("ccr.cli.help:help_", "Show this help (also -h, --help)"),
}
"""Word -> where its click command is, and what it does in one line."""

LATER: dict[str, str] = {
    "ui": "ccr.cli.later:ui",
    "statusline": "ccr.cli.later:statusline",
    "model": "ccr.cli.later:model",
    "preset": "ccr.cli.later:preset",
    "install": "ccr.cli.later:install",
}
"""Words of the npm tool that only say that they are not there yet."""

FLAGS = {"-v": "version", "--version": "version", "-h": "help", "--help": "help"}
"""Options in the place of a command, and the command they mean."""

SETTINGS = {"help_option_names": ["-h", "--help"]}
"""Of click, for every command."""


class Words(click.Group):
    """A group whose commands are loaded by need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else LATER.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


def help_text() -> str:
    """What `ccr help` prints."""
    commands = "\n".join(f"  {word:<10} {line}" for word, (_, line) in COMMANDS.items())
    return f"""Usage: ccr <command> [options]

Commands:
{commands}

`ccr <command> --help` shows the options of one (except for code, which hands them all to claude).

Examples:
  ccr demo
  ccr start --daemon
  ccr code -p "Write a Hello World"
  eval "$(ccr activate)" && claude
"""


def run() -> NoReturn:
    """Run what the process' arguments say, and end it with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 must not turn an emoji into a traceback
    try:
        code = dispatch(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def dispatch(arguments: list[str]) -> int:
    """The exit code of a command line without the leading `ccr`. Foreseeable failures are one sentence on stderr."""
    if not arguments:
        click.echo(help_text(), nl=False)
        return 1
    word, *rest = arguments
    word = FLAGS.get(word, word)
    if word not in COMMANDS and word not in LATER:
        click.echo(unknown(word), err=True)
        return 1
    if word == "help" and rest and rest[0] in COMMANDS and rest[0] not in ("help", "code"):
        word, rest = rest[0], ["--help"]
    try:
        outcome = Words("ccr", context_settings=SETTINGS).main(
            [word, *rest], prog_name="ccr", standalone_mode=False, windows_expand_args=False
        )
    except Failure as failure:
        failure.show()
        return failure.code
    except click.ClickException as mistake:
        click.echo(f"ccr {word}: {mistake.format_message().rstrip('.')}. See `ccr {word} --help`.", err=True)
        return 1
    except click.Abort:
        return 130
    except BrokenPipeError:
        raise
    except OSError as error:
        click.echo(
            f"ccr: {' '.join(str(part) for part in (error.filename, error.strerror or error) if part)}", err=True
        )
        return 1
    return outcome if isinstance(outcome, int) else 0


def unknown(word: str) -> str:
    """The sentence for a word that is no command."""
    import difflib  # for this sentence only

    near = difflib.get_close_matches(word, [*COMMANDS], n=1)
    guess = f' Did you mean "{near[0]}"?' if near else ""
    return f'ccr: "{word}" is not a command.{guess} `ccr help` lists them all.'
