"""Strings as models write them -> as JSON has them.

Mended: bare line breaks, tabs and other control characters; single quotes around the string; `\\'` and `\\x41`, which
mean the same in every language that has them. Any other escape that JSON lacks (`\\d`, `\\$`) could stand for two
things: it is left to the client.
"""

import json
import re

_GOOD_ESCAPE = r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_RUN = {quote: re.compile(rf'(?:[^"\\\x00-\x1f{quote}]+|{_GOOD_ESCAPE})*+') for quote in "\"'"}
"""What is the same in JSON."""
_TO_QUOTE = {quote: re.compile(rf"(?:[^\\{quote}]+|\\.)*+", re.DOTALL) for quote in "\"'"}
_BYTE = re.compile(r"\\x([0-9a-fA-F]{2})")
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?")


def copy_string(text: str, at: int, quote: str, out: list[str]) -> int:
    """What stands inside a string from `at` on, as JSON has it. -> where it stopped: at the closing quote, at the
    end of the text, or at an escape that is not whole or not known."""
    while True:
        end = _RUN[quote].match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if end > at:
            out.append(text[at:end])
        if end == len(text) or text[end] == quote:
            return end
        at = end + 1
        if text[end] == '"':
            out.append('\\"')
        elif text[end] < " ":
            out.append(json.dumps(text[end])[1:-1])
        elif text.startswith("\\'", end):
            out.append("'")
            at = end + 2
        elif byte := _BYTE.match(text, end):
            out.append(f"\\u00{byte[1]}")
            at = byte.end()
        else:
            return end


def is_half_escape(text: str, at: int) -> bool:
    """The text ends there with an escape that may still become a whole one."""
    return _HALF_ESCAPE.fullmatch(text, at) is not None


def skip_string(text: str, at: int, quote: str) -> int:
    """Where the string's closing quote is; else the end of the text, or a backslash at its end."""
    return _TO_QUOTE[quote].match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too


def as_json(string: str) -> str | None:
    """A whole string with its quotes, as JSON has it; None where it cannot be read."""
    out: list[str] = []
    end = copy_string(string, 1, string[0], out)
    return '"' + "".join(out) + '"' if end == len(string) - 1 else None
