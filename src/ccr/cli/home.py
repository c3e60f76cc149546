"""The folder that holds the user's configuration and what a running server leaves beside it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ccr.cli.failure import Failure


def home_folder(environ: Mapping[str, str]) -> Path:
    """`~/.claude-code-router`, wherever HOME (USERPROFILE on Windows) says that `~` is."""
    user = environ.get("HOME") or environ.get("USERPROFILE")
    try:
        return (Path(user) if user else Path.home()) / ".claude-code-router"
    except RuntimeError:
        raise Failure("There is no home folder: set HOME.") from None


def pid_file(home: Path) -> Path:
    """Holds the server's process id and nothing else: the npm tool reads and writes the same file."""
    return home / ".claude-code-router.pid"


def state_file(home: Path) -> Path:
    """Holds what else is to be known about the server (`state.Record`)."""
    return home / ".claude-code-router.state.json"


def start_log(home: Path) -> Path:
    """What a server in the background said on stderr."""
    return home / "logs" / "start.log"


def private_folder(path: Path) -> None:
    """See to it that a folder exists."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise not_writable(path, error) from None


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once and whole, readable by its owner only."""
    private_folder(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        draft.unlink(missing_ok=True)
        with open_private(draft) as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise not_writable(path, error) from None


def open_private(path: Path) -> BinaryIO:
    """An empty file to write to, readable by its owner only (also when it was there before with wider rights)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb")


def not_writable(path: Path, error: OSError) -> Failure:
    return Failure(f"{path} cannot be written ({error.strerror}): give this user the right to write there.")
