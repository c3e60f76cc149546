"""What is to be said about a configuration file, and where in it."""

from typing import Literal

from msgspec import Struct

from ccr.config.snapshot import Snapshot

Severity = Literal["error", "warning", "note"]
"""error: something asked for cannot work. warning: probably not what was meant. note: accepted, without effect yet."""


class Problem(Struct, frozen=True):
    """One finding. No text in it holds a key, a password or a URL of the file."""

    severity: Severity
    path: str
    """Where, as written in the file: `Providers[0].api_key`. Empty: the file as a whole."""
    line: int | None
    """From 1. None: not known, or not a matter of one line."""
    message: str
    """One sentence."""
    hint: str
    """What to do about it. May be empty."""


class Loaded(Struct, frozen=True):
    """What became of a file."""

    snapshot: Snapshot | None
    """None: an error leaves nothing to work with."""
    problems: tuple[Problem, ...]
    """In the order they were found; from `check` in the order of their lines."""
