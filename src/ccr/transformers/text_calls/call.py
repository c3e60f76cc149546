"""A call that a model wrote as text, and what the readers of all formats share."""

import re
from collections.abc import Callable, Container

from msgspec import Struct

from ccr.transformers.coercion import Json, read_json
from ccr.transformers.text_calls.head import Step

Names = Container[str]
"""The tools' names, as the model was shown them."""

NAME = r"(?P<name>[A-Za-z0-9_-]+)"


class Call(Struct, frozen=True):
    name: str
    arguments: dict[str, Json]


class Found(Struct, frozen=True):
    calls: list[Call]
    end: int
    """Where the text goes on."""


Read = Callable[[str, int, Names, bool], Found | None]
"""(text, start, names, is_end): the calls that begin at `start`; None for anything but whole calls of declared tools.

`is_end`: the answer ended there by the model's own will. Only then may the last closing tag be missing, which
some servers strip as a stop token.
"""


class Format(Struct, frozen=True):
    heads: tuple[tuple[Step, ...], ...]
    """How a call begins, as far as to be certain."""
    read: Read


def found(name: str, arguments: Json, end: int, names: Names) -> Found | None:
    """One call, if it is one of a declared tool."""
    call = declared(name, arguments, names)
    return None if call is None else Found([call], end)


def declared(name: Json, arguments: Json, names: Names) -> Call | None:
    if isinstance(arguments, str):  # an object that was encoded twice (small models of many families)
        arguments = read_json(arguments, 0)[0]
    if not isinstance(name, str) or name not in names or not isinstance(arguments, dict):
        return None
    return Call(name, arguments)


def named_object(document: Json, names: Names) -> Call | None:
    """`{"name": …, "arguments": {…}}`; Llama says `parameters`."""
    if not isinstance(document, dict):
        return None
    return declared(document.get("name"), document.get("arguments", document.get("parameters", {})), names)


def closed(text: str, end: int, closing: re.Pattern[str], is_end: bool) -> int | None:
    """Where the call ends for good: behind its closing tag, or with the answer itself."""
    match = closing.match(text, end)
    if match is not None:
        return match.end()
    return len(text) if is_end and not text[end:].strip() else None


def read_parameters(
    text: str, start: int, parameter: re.Pattern[str], closing: re.Pattern[str], is_end: bool
) -> tuple[list[re.Match[str]], int] | None:
    """Parameters one after another up to the closing tag; None if anything else stands between them."""
    matches: list[re.Match[str]] = []
    position = start
    while (match := parameter.match(text, position)) is not None:
        matches.append(match)
        position = match.end()
    end = closed(text, position, closing, is_end and bool(matches))
    return None if end is None else (matches, end)


def is_torn(text: str, end: int, opening: str, closing: str) -> bool:
    """Behind the end stands a parameter's closing tag without an opening one.

    So the call's end was a quotation inside a value, and what was read is the beginning of something longer.
    """
    close = text.find(closing, end)
    return close >= 0 and not 0 <= text.find(opening, end) < close
