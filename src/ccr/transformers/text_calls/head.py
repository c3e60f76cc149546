"""How a call begins, matched against a text that is still coming.

A head is a row of steps: literals, white space, a tool's name. Regular expressions can't say "so far, so good".
"""

import re
from collections.abc import Collection
from enum import Enum

_NAME = re.compile(r"[A-Za-z0-9_-]*")  # what the Messages API allows in names of tools
_SPACE = re.compile(r"\s{0,99}")  # a text of blanks is not held for ever


class Place(Enum):
    """What is no literal."""

    SPACE = "white space, or none"
    NAME = "the name of a declared tool"


SPACE, NAME = Place.SPACE, Place.NAME
Step = str | Place


class Match(Enum):
    NO = "this is no call"
    MAYBE = "it could become one"
    YES = "it is the beginning of a call"


def match_head(text: str, start: int, head: tuple[Step, ...], names: Collection[str]) -> Match:
    position = start
    for step in head:
        if type(step) is str:
            if not text.startswith(step, position):
                return Match.MAYBE if step.startswith(text[position : position + len(step)]) else Match.NO
            position += len(step)
        elif step is SPACE:
            position = _end(_SPACE, text, position)
        else:
            end = _end(_NAME, text, position)
            name = text[position:end]
            if end == len(text) and any(known.startswith(name) for known in names):
                return Match.MAYBE
            if name not in names:
                return Match.NO
            position = end
    return Match.YES


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return position if match is None else match.end()


def json_heads(*before: Step) -> tuple[tuple[Step, ...], ...]:
    """An object that names a tool, or begins with another of a call's keys."""
    opened = (*before, SPACE, "{", SPACE)
    value = (SPACE, ":", SPACE)
    return (
        (*opened, '"name"', *value, '"', NAME, '"'),
        *((*opened, f'"{key}"', *value) for key in ("arguments", "parameters", "id", "type")),
    )
