"""What the tests need and the project does not ship: fetched or made once, kept in `.cache/` of the clone.

Several test runs may want the same thing at once, and each may be interrupted: a file lock lets one make it, in a
folder of another name that is renamed when it is whole.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parents[2]
"""The clone."""
CACHE = ROOT / ".cache"


class Unavailable(Exception):
    """This machine cannot have it; the text says why."""


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `.cache/NAME`, made by `make(empty folder)` when it is not there yet. Raises Unavailable."""
    whole = CACHE / name
    if whole.exists():
        return whole
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if whole.exists():
            return whole
        part = CACHE / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        make(part)
        part.rename(whole)
    return whole


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """A step of making something: its output. Raises Unavailable with the end of what it said on failure."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
    except FileNotFoundError as missing:
        raise Unavailable(f"{command[0]} is not installed") from missing
    if done.returncode:
        raise Unavailable(f"`{Path(command[0]).name}` failed with {done.returncode}: {done.stdout[-600:].strip()}")
    return done.stdout


T = TypeVar("T")


def need(get: Callable[[], T]) -> T:
    """`get()`; where it cannot be had the test is skipped, but with CI=true it fails."""
    try:
        return get()
    except Unavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"needed in CI: {reason}", pytrace=False)
        pytest.skip(str(reason))
