"""`ccr demo`: the router before a scripted model, shown at work. Nothing of the user's is read or written.

The router serves in the main thread, as `ccr start` has it, signals and all; the visitor who sends the requests and
prints the table is a second thread, and the scripted model a third. All files lie in a folder that goes at the end.
"""

import os
import signal
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import click
import msgspec
from msgspec import Struct, field

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
from ccr.gateway.server import listen, run

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
    early: list[int] = []
    take_note(early)
    with (
        tempfile.TemporaryDirectory(prefix="ccr-demo-", ignore_cleanup_errors=True) as folder,
        ScriptedModel() as model,
    ):
        code = Demo(Path(folder), model, program, once or with_claude, early).run()
    sys.exit(code)


def installed_claude() -> str:
    try:
        return find_claude("", os.environ)
    except Failure as failure:
        raise Failure(failure.message) from None


def take_note(early: list[int]) -> None:
    """A signal before the server has taken over waits until it has: nothing is cut off half-way."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: early.append(number))
    # The terminal is gone. The server knows the other two only.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def be_deaf() -> None:
    """From now on no signal is heard: the folder goes, whoever is impatient."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


class Demo(Struct):
    """One demo, under way."""

    folder: Path
    model: ScriptedModel
    program: str
    """The claude to run after the table; empty: none."""
    ends: bool
    """It does not stay up when all has been shown."""
    early: list[int]
    """Signals that came before the server had taken them over."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """The server has ended."""

    def run(self) -> int:
        """Serve until the visitor has seen everything, or until a signal. Returns the exit code."""
        with ThreadPoolExecutor(1) as visitors, listen("127.0.0.1", 0) as listener:
            snapshot = configure(self.folder, self.model.url)
            snapshot = msgspec.structs.replace(snapshot, port=listener.getsockname()[1])
            visitor = visitors.submit(self.visit, snapshot)
            visitor.add_done_callback(self.seen)
            try:
                run(snapshot, listener, log_level=snapshot.log_level, home=self.folder)
            finally:
                be_deaf()
                self.stopping.set()
            if not visitor.done():
                return INTERRUPTED
        return visitor.result()

    def visit(self, snapshot: Snapshot) -> int:
        """The second thread. Returns the exit code."""
        if health.ask(snapshot.host, snapshot.port, PATIENCE) is None:
            raise Failure("The router of the demo does not answer.")
        if self.early:
            return INTERRUPTED
        code = show(snapshot)
        if self.program:
            return work(self.program, self.folder, snapshot, self.model, self.stopping) or code
        if not self.ends:
            invite(snapshot)
        return code

    def seen(self, visitor: Future[int]) -> None:
        """The visitor is done: the server ends, unless the demo stays and nothing went wrong."""
        if self.ends or self.early or visitor.exception() is not None:
            os.kill(os.getpid(), signal.SIGTERM)


def configure(folder: Path, model_url: str) -> Snapshot:
    """Written to a file and read again, as a user's is."""
    path = folder / "config.json"
    write_private(path, msgspec.json.format(msgspec.json.encode(configuration(model_url)), indent=2))
    return usable(load(path, {}), path)


def show(snapshot: Snapshot) -> int:
    """One request of each kind, the table, and what was wrong with it. Returns the exit code."""
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
