"""`ccr demo --claude`: the installed Claude Code does a piece of work that leaves something behind."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from ccr.cli.client_env import client_environment
from ccr.cli.code import changed
from ccr.cli.failure import Failure
from ccr.config import Snapshot
from ccr.demo.model import ScriptedModel
from ccr.demo.script import FILE_CONTENT

PATIENCE = 120.0
"""Seconds until a claude that has not ended is ended."""

THEIRS = ("ANTHROPIC_", "CLAUDE")
"""How the names begin of the variables that change what the client does: the user's own stay outside the demo."""


def work(program: str, folder: Path, snapshot: Snapshot, model: ScriptedModel, stopping: threading.Event) -> int:
    """Let claude write a file, and say what became of it. Returns the exit code."""
    project = folder / "project"
    project.mkdir()
    file = project / "hello.txt"
    arguments = ["-p", f'Write the file "{file}"', "--permission-mode", "acceptEdits"]
    click.echo(f"\n$ claude {arguments[0]} '{arguments[1]}' {' '.join(arguments[2:])}")
    before = model.asked.copy()
    code = run([program, *arguments], project, client(folder, snapshot, os.environ), stopping)
    asked = ", ".join(f"{name} {count}" for name, count in sorted((model.asked - before).items())) or "none"
    click.echo(f"\nclaude ended with exit code {code}. Requests that reached a model: {asked}.")
    return judge(code, file)


def judge(code: int, file: Path) -> int:
    if not file.exists():
        click.echo(f"✗ {file} was not written.", err=True)
        return 1
    content = file.read_text(errors="replace")
    click.echo(f"{file} holds: {content.strip()}")
    if code != 0 or content != FILE_CONTENT:
        click.echo("✗ That is not what the model asked for, or claude failed.", err=True)
        return 1
    click.echo("✓ Claude Code has worked through the router.")
    return 0


def client(folder: Path, snapshot: Snapshot, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of `ccr code`, with a home of its own: the user's settings, history and login are not touched."""
    own = {name: value for name, value in environ.items() if not name.startswith(THEIRS)}
    home = folder / "home"
    temporary = folder / "tmp"
    for place in (home, temporary):
        place.mkdir()
    moved = {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude"), "TMPDIR": str(temporary)}
    return changed(own | moved | {"DISABLE_AUTOUPDATER": "1"}, client_environment(snapshot, None, own))


def run(command: list[str], folder: Path, environ: dict[str, str], stopping: threading.Event) -> int:
    """To its end, or to that of the demo. Returns the exit code, -n for signal n."""
    try:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run ({error.strerror}): check CLAUDE_PATH.") from None
    deadline = time.monotonic() + PATIENCE
    while not stopping.wait(0.02):
        if process.poll() is not None:
            return process.returncode
        if time.monotonic() > deadline:
            click.echo(f"✗ claude has not ended within {PATIENCE:.0f} s.", err=True)
            break
    process.terminate()
    try:
        return process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
