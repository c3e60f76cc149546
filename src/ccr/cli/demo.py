"""`ccr demo`: the router before a scripted model, shown at work. Nothing of the user's is read or written.

The router serves in the main thread, as `ccr start` has it, signals and all; the visitor who sends the requests and
prints the table is a second thread, and the scripted model a third. All files lie in a folder that goes at the end.
"""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import click
import msgspec

from ccr.cli import health
from ccr.cli.claude import find_claude
from ccr.cli.client_env import client_environment
from ccr.cli.demo_claude import work
from ccr.cli.failure import Failure
from ccr.cli.home import write_private
from ccr.cli.settings import usable
from ccr.config import Snapshot, load
from ccr.demo.ask import ask, fault
from ccr.demo.configuration import configuration
from ccr.demo.kinds import all_kinds
from ccr.demo.model import ScriptedModel
from ccr.demo.table import table

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

PATIENCE = 15.0
"""Seconds that the server has to answer for the first time."""

INTERRUPTED = 130
"""The shell's exit code of a program that Ctrl-C ended."""


@click.command()
@click.option("--once", is_flag=True, help="End after the table; exit code 0 when every request went where it should.")
@click.option("--claude", "with_claude", is_flag=True, help="Then let the installed claude write a file, and end.")
def demo(once: bool, with_claude: bool) -> None:
    """See every kind of request routed, without key, model or network."""
    program = installed_claude() if with_claude else ""
    for number in SIGNALS:
        signal.signal(number, leave)
    with (
        tempfile.TemporaryDirectory(prefix="ccr-demo-", ignore_cleanup_errors=True) as folder,
        ScriptedModel() as model,
    ):
        try:
            code = host(Path(folder), model, program, stays=not (once or with_claude))
        finally:
            be_deaf()
    sys.exit(code)


def installed_claude() -> str:
    try:
        return find_claude("", os.environ)
    except Failure as failure:
        raise Failure(failure.message) from None


def leave(number: int, _frame: object) -> None:
    """A signal before the server has taken over: unwind, so that the folder goes."""
    raise SystemExit(128 + number)


def hang_up(number: int, _frame: object) -> None:
    """The terminal is gone. The server knows the other two signals only."""
    signal.raise_signal(signal.SIGTERM)


def be_deaf() -> None:
    """From now on no signal is heard: the folder goes, whoever is impatient."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def host(folder: Path, model: ScriptedModel, program: str, *, stays: bool) -> int:
    """Serve until the visitor has seen everything, or, if the demo stays, until a signal. Returns the exit code."""
    from ccr.gateway.server import listen, run

    stopping = threading.Event()
    with ThreadPoolExecutor(1) as visitors, listen("127.0.0.1", 0) as listener:
        snapshot = msgspec.structs.replace(configure(folder, model), port=listener.getsockname()[1])

        def visit() -> int:
            code = show(snapshot)
            if stays:
                invite(snapshot)
            return work(program, folder, snapshot, model, stopping) or code if program else code

        visitor = visitors.submit(visit)
        visitor.add_done_callback(ending(stays))
        signal.signal(signal.SIGHUP, hang_up)
        try:
            run(snapshot, listener, log_level=snapshot.log_level, home=folder)
        finally:
            be_deaf()
            stopping.set()
        if not visitor.done():
            return INTERRUPTED
    return visitor.result()


def configure(folder: Path, model: ScriptedModel) -> Snapshot:
    """Written to a file and read again, as a user's is."""
    path = folder / "config.json"
    write_private(path, msgspec.json.format(msgspec.json.encode(configuration(model.url)), indent=2))
    return usable(load(path, {}), path)


def ending(stays: bool) -> Callable[[Future[int]], None]:
    """What happens when the visitor is done: the server ends, unless the demo stays (and nothing went wrong)."""

    def end(visitor: Future[int]) -> None:
        if not stays or visitor.exception() is not None:
            os.kill(os.getpid(), signal.SIGTERM)

    return end


def show(snapshot: Snapshot) -> int:
    """One request of each kind, the table, and what was wrong with it. Returns the exit code."""
    # Once it answers it has taken the signals over: a visitor who fails before would end it too early.
    if health.ask(snapshot.host, snapshot.port, PATIENCE) is None:
        raise Failure("The router of the demo does not answer.")
    url = health.base_url(snapshot.host, snapshot.port)
    click.echo(f"ccr on {url}, before a scripted model: one request of each kind that Claude Code sends.\n")
    rows = [(kind, ask(snapshot.host, snapshot.port, kind)) for kind in all_kinds()]
    click.echo(table(rows))
    faults = [f"{kind.name}: {said}" for kind, answer in rows if (said := fault(kind, answer))]
    for sentence in faults:
        click.echo(f"✗ {sentence}", err=True)
    if not faults:
        click.echo(f"\n✓ All {len(rows)} went where they should.")
    return 1 if faults else 0


def invite(snapshot: Snapshot) -> None:
    """How to point Claude Code at it."""
    told = client_environment(snapshot, None, {})
    names = ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN")
    click.echo(f"""
It stays up until Ctrl-C. To see Claude Code on it, in another terminal:

  export {" ".join(f"{name}={told[name]}" for name in names)}
  claude

The model is a script: "Write the file /tmp/hello.txt" makes it call a tool, all else gets a sentence.
With your own models: write them into ~/.claude-code-router/config.json, then `ccr check` and `ccr code`.""")
