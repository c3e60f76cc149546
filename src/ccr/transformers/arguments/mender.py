"""Reads the arguments of one call, in pieces, and writes them as the JSON that was meant.

What is certain leaves at once, and valid JSON leaves as it came. Mended, each where it stands: what `strings.py` mends
in strings; `True`, `False`, `None`; keys without quotes; a comma before a closing bracket. Around the object: an empty
one before it (`{}{"a":1}`), repetitions behind it, a fence of backticks, a second encoding (`"{\\"a\\":1}"`). The
arguments come in the types of the tool's schema.

What is cut off is never closed: half a command must not run. Where the text cannot be read, or ends too early, it
leaves from there on as the model wrote it, and the client tells the model.
"""

import json
import re
from collections.abc import Callable

from ccr.transformers.arguments.strings import as_json, copy_string, is_half_escape, skip_string
from ccr.transformers.arguments.values import WORDS, plain_value, typed
from ccr.transformers.coercion import Json, takes_text

# What may come next
START, KEY, COLON, VALUE, NEXT, FULLER = "start", "key", "colon", "value", "comma or end", "a fuller object"

_BLANK = re.compile(r"[ \t\r\n]+")
_ATOM = re.compile(r"[^\s,:{}\[\]\"']+")
_BARE_KEY = re.compile(r"([^\W\d][\w$-]*|\$[\w$-]*)([ \t\r\n]*)(:?)")
_LANGUAGE = re.compile(r"`+\w*\s*")
_LONGEST = 1000
"""Characters of a number, or of a bare key and the blanks behind it, that are waited for: some models write blanks
without end."""


def mend(text: str, schema: Json = True) -> str | None:
    """The arguments as a JSON object; None if they are none, and cannot be made one without guessing."""
    mender = Mender(schema)
    mended = mender.feed(text) + mender.finish(lambda: text)
    return mended if mender.is_complete else None


class Mender:
    def __init__(self, schema: Json) -> None:
        """`schema`: the tool's `input_schema`."""
        self._schema = schema
        self._read = self._structure
        self._expected = START
        self._open: list[str] = []
        """The brackets around the current place."""
        self._key = ""
        """The current key of the object itself."""
        self._key_parts: list[str] | None = None
        """Of that key, while it is being read."""
        self._quote = ""
        """What closes the current string."""
        self._is_key = False
        """The current string is a key."""
        self._held: list[str] = []
        """Read, but not certain yet."""
        self._rest = ""
        """The beginning of something that is not whole yet."""
        self._beyond: list[str] = []
        """What stands behind the object."""
        self.gave_up = False
        """From here on the text is the model's."""
        self.is_complete = False
        """Known when it is finished: what came out is a whole JSON object."""
        self.is_calm = False
        """Inside a string of which every character leaves as it is, but for quotes, backslashes and controls."""

    def feed(self, text: str) -> str:
        """A piece of the text -> what has become certain by it."""
        if self.gave_up:
            return text
        text, self._rest = self._rest + text, ""
        out: list[str] = []
        at, stopped = 0, -1
        while stopped < at < len(text):
            stopped, at = at, self._read(text, at, out)
        self._rest = text[at:]
        if len(self._rest) > _LONGEST:
            out.append(self.give_up())
        self.is_calm = self._read == self._string and self._quote == '"' and self._key_parts is None and not self._rest
        return "".join(out)

    def finish(self, whole: Callable[[], str]) -> str:
        """The text has ended: what was held back. `whole` gives all of it as it came."""
        if self.gave_up:
            return ""
        if self._expected == FULLER:
            self.is_complete = True
        elif self._read == self._after:
            self.is_complete = not self._beyond or self._is_repetition(whole())
            self._beyond = [] if self.is_complete else self._beyond
        elif self._read == self._fence and (mended := self._object_within()) is not None:
            self.is_complete = True
            return mended
        return self.give_up()

    def give_up(self) -> str:
        """What was held back, as it came; so does everything from here on."""
        held = [*self._held, self._rest, *self._beyond]
        self._held, self._rest, self._beyond = [], "", []
        self.gave_up = True
        return "".join(held)

    # Readers: (text, where, out) -> where the next one goes on. Staying where it is, a reader waits for more text.

    def _structure(self, text: str, at: int, out: list[str]) -> int:
        char = text[at]
        if blank := _BLANK.match(text, at):
            (self._held or out).append(blank[0])
            return blank.end()
        if self._expected == FULLER and char != "{":
            self._release(out)
            self._expected = NEXT
            self._read = self._after
            return self._after(text, at, out)
        if char in "\"'":
            return self._begin_string(text, at, out)
        if char in "{[":
            return self._begin(text, at, out)
        if char in "}]":
            return self._end(text, at, out)
        if char == "," and self._expected == NEXT:
            self._held = [char]
            self._expected = KEY if self._open[-1] == "{" else VALUE
            return at + 1
        if char == ":" and self._expected == COLON:
            out.append(char)
            self._expected = VALUE
            return at + 1
        if self._expected == VALUE:
            return self._atom(text, at, out)
        if self._expected == KEY:
            return self._bare_key(text, at, out)
        if self._expected == START and char == "`":
            self._read = self._fence
            return self._fence(text, at, out)
        return self._refuse(text, at, out)

    def _begin(self, text: str, at: int, out: list[str]) -> int:
        bracket = text[at]
        if self._expected == FULLER:
            self._held = []  # the end of the empty object before: this is still the same one
        elif self._expected == VALUE or (self._expected == START and bracket == "{"):
            self._release(out)
            out.append(bracket)
        else:
            return self._refuse(text, at, out)
        self._open.append(bracket)
        self._expected = KEY if bracket == "{" else VALUE
        return at + 1

    def _end(self, text: str, at: int, out: list[str]) -> int:
        opening, may_end = ("{", (KEY, NEXT)) if text[at] == "}" else ("[", (VALUE, NEXT))
        if self._open[-1:] != [opening] or self._expected not in may_end:
            return self._refuse(text, at, out)
        self._open.pop()
        if not self._open and self._expected == KEY and not self._held:
            self._held = ["}"]
            self._expected = FULLER
            return at + 1
        out.extend(self._held[1:])  # without the comma
        out.append(text[at])
        self._held = []
        self._expected = NEXT
        if not self._open:
            self._read = self._after
        return at + 1

    def _begin_string(self, text: str, at: int, out: list[str]) -> int:
        if self._expected not in (START, KEY, VALUE):
            return self._refuse(text, at, out)
        self._release(out)
        self._quote = text[at]
        self._is_key = self._expected == KEY
        if self._expected == START or (self._is_argument and not takes_text(self._schema, self._key)):
            self._held = [text[at]]
            self._read = self._held_string
        else:
            out.append('"')
            self._key_parts = [] if self._is_key and len(self._open) == 1 else None
            self._read = self._string
        return at + 1

    def _string(self, text: str, at: int, out: list[str]) -> int:
        parts = out if self._key_parts is None else self._key_parts
        before = len(parts)
        end = copy_string(text, at, self._quote, parts)
        if parts is not out:
            out.extend(parts[before:])
        if end == len(text):
            return end
        if text[end] != self._quote:
            return end if is_half_escape(text, end) else self._refuse(text, end, out)
        out.append('"')
        if self._key_parts is not None:
            self._key = json.loads('"' + "".join(self._key_parts) + '"')
            self._key_parts = None
        self._read = self._structure
        self._expected = COLON if self._is_key else NEXT
        return end + 1

    def _held_string(self, text: str, at: int, out: list[str]) -> int:
        end = skip_string(text, at, self._quote)
        self._held.append(text[at:end])
        if end == len(text) or text[end] != self._quote:
            return end  # at most a backslash is left
        string = as_json("".join(self._held) + self._quote)
        told = None if string is None else self._told(string)
        if told is None:
            return self._refuse(text, end, out)
        out.append(told)
        self._held = []
        self._read = self._structure if self._open else self._after
        self._expected = NEXT
        return end + 1

    def _told(self, string: str) -> str | None:
        """What the string says: an argument of another type, or the whole object, encoded a second time."""
        return typed(string, self._key, self._schema) if self._open else mend(json.loads(string), self._schema)

    def _atom(self, text: str, at: int, out: list[str]) -> int:
        atom = _ATOM.match(text, at)
        if atom is None:
            return self._refuse(text, at, out)
        if atom.end() == len(text):
            return at
        told = plain_value(atom[0])
        if told is None:
            return self._refuse(text, at, out)
        self._release(out)
        out.append(typed(told, self._key, self._schema) if self._is_argument else told)
        self._expected = NEXT
        return atom.end()

    def _bare_key(self, text: str, at: int, out: list[str]) -> int:
        match = _BARE_KEY.match(text, at)
        if match is None or match[1] in WORDS:
            return self._refuse(text, at, out)
        key, blank, colon = match.groups()
        if not colon:
            return at if match.end() == len(text) else self._refuse(text, at, out)
        self._release(out)
        out.append(f'"{key}"{blank}')
        if len(self._open) == 1:
            self._key = key
        self._expected = COLON
        return match.end(2)

    def _fence(self, text: str, at: int, out: list[str]) -> int:
        self._held.append(text[at:])
        return len(text)

    def _object_within(self) -> str | None:
        """The object between the backticks."""
        inner = _LANGUAGE.sub("", "".join(self._held), count=1).rstrip().rstrip("`")
        return mend(inner, self._schema) if inner.startswith("{") else None

    def _after(self, text: str, at: int, out: list[str]) -> int:
        blank = _BLANK.match(text, at)
        if blank is not None and not self._beyond:
            out.append(blank[0])
            return blank.end()
        self._beyond.append(text[at:])
        return len(text)

    def _refuse(self, text: str, at: int, out: list[str]) -> int:
        out.extend((self.give_up(), text[at:]))
        return len(text)

    def _release(self, out: list[str]) -> None:
        out.extend(self._held)
        self._held = []

    @property
    def _is_argument(self) -> bool:
        """The value that comes is one of the object itself."""
        return self._expected == VALUE and self._open == ["{"]

    def _is_repetition(self, whole: str) -> bool:
        """Behind the object stands only the same once more."""
        beyond = "".join(self._beyond)
        first = whole.removesuffix(beyond).strip()
        return not beyond.replace(first, "").strip()
