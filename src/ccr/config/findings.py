"""What is found while one file is read. Short-lived: one `Findings` per load, turned into `Problem`s at its end."""

import json
import re
from collections.abc import Callable

from msgspec import Struct

from ccr.config.problem import Problem, Severity

Where = tuple[str | int, ...]
"""A place in the file by canonical keys and indices: ("Providers", 0, "api_key"). Empty: the file as a whole."""

_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*")


class _Finding(Struct, frozen=True):
    severity: Severity
    where: Where
    message: str
    hint: str
    line: int | None


class Findings:
    """Collects problems, and remembers how the user spelled the keys they are about."""

    def __init__(self) -> None:
        self._found: list[_Finding] = []
        self._spelling: dict[Where, str] = {}
        self.usable = True
        """False once an error leaves nothing to work with."""

    def error(self, where: Where, message: str, hint: str = "", line: int | None = None) -> None:
        """Something is wrong, and what was meant is not known: no snapshot."""
        self.usable = False
        self._add("error", where, message, hint, line)

    def broken(self, where: Where, message: str, hint: str = "") -> None:
        """Something asked for cannot work, but all else can: the snapshot goes without it."""
        self._add("error", where, message, hint)

    def warning(self, where: Where, message: str, hint: str = "") -> None:
        self._add("warning", where, message, hint)

    def note(self, where: Where, message: str, hint: str = "") -> None:
        self._add("note", where, message, hint)

    def _add(self, severity: Severity, where: Where, message: str, hint: str, line: int | None = None) -> None:
        self._found.append(_Finding(severity, where, message, hint, line))

    def blames(self, where: Where) -> bool:
        """An error has been reported there already: what follows from it needs no second one."""
        return any(found.severity == "error" and found.where == where for found in self._found)

    def spelled(self, where: Where, written: str) -> None:
        """The last key of `where` is written differently in the file."""
        self._spelling[where] = written

    def problems(self, line_of: Callable[[Where], int | None]) -> tuple[Problem, ...]:
        """All of them, in order of discovery. `line_of` takes keys as written in the file."""
        return tuple(self._problem(found, line_of) for found in self._found)

    def _problem(self, found: _Finding, line_of: Callable[[Where], int | None]) -> Problem:
        written = tuple(self._spelling.get(found.where[: i + 1], key) for i, key in enumerate(found.where))
        line = found.line if found.line is not None else line_of(written)
        return Problem(found.severity, path_text(written), line, found.message, found.hint)


def path_text(where: Where) -> str:
    """`Providers[0].limits["qwen2.5:7b"]`"""
    text = ""
    for key in where:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text
