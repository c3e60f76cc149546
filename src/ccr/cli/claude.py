"""The claude binary: where it is, and how this process becomes it."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from ccr.cli.failure import Failure

NOT_FOUND = 127
"""The shell's exit code for a command that is not there."""


def find_claude(configured: str, environ: Mapping[str, str]) -> str:
    """CLAUDE_PATH of the configuration, else of the environment, else `claude` on the PATH. Its absolute path."""
    named = configured or environ.get("CLAUDE_PATH", "")
    found = shutil.which(str(Path(named).expanduser()) if named else "claude", path=environ.get("PATH"))
    if found is not None:
        return found
    if named:
        raise Failure(f"CLAUDE_PATH is {named}, but no program is there: correct it or remove it.", NOT_FOUND)
    raise Failure(
        "Claude Code is not installed: `npm install -g @anthropic-ai/claude-code`, or set CLAUDE_PATH to its place.",
        NOT_FOUND,
    )


def become(program: str, arguments: Sequence[str], environ: Mapping[str, str], *, has_input: bool) -> NoReturn:
    """Replace this process by claude: what it is sent, how it stops and how it ends is then its own affair.

    So signals, job control and the exit code (128+n in the shell) need no forwarding, and nothing of ours stays.
    `has_input` False: its stdin is at its end at once.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if not has_input:
        reader, writer = os.pipe()
        os.close(writer)
        os.dup2(reader, 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and what is ignored stays so across exec
    try:
        os.execve(program, [program, *arguments], dict(environ))
    except OSError as error:
        raise Failure(f"{program} cannot be run ({error.strerror}): check CLAUDE_PATH.", 126) from None
