"""An answer that should be JSON by a schema, and says the same in another form.

Claude Code asks for a session's title as `{"title": …}`, and asks again with every message until one comes (measured).
Servers that do not hold a model to the schema let fences, prose around the object, or the bare title through. Only what
is certain is mended; everything else leaves as it came, and so does what was cut off.
"""

import re
from typing import TypeAlias

import msgspec
from msgspec import Raw

from ccr.messages.events import BlockStop, Event, MessageDelta, TextDelta, str_literal
from ccr.messages.message import joined
from ccr.transformers.arguments import mend
from ccr.transformers.coercion import Json

Schema: TypeAlias = dict[str, Json]

_LABELS = {
    key: re.compile(rf"^[*_]*(?:session )?{key}[*_]*\s*:[*_]*\s*", re.IGNORECASE)
    for key in ("title", "name")  # of a session: these take one line
}
_NARROW = {"enum", "const", "pattern", "format"}
"""Not every text is one of these."""
_FENCE = re.compile(r"\s*(?:```|~~~)")
_LINE_MARK = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+]\s+)*")
"""What Markdown has before a heading, a quotation or an item."""
_PAIRS = (
    ("**", "**"), ("__", "__"), ("*", "*"), ("_", "_"), ("`", "`"),
    ('"', '"'), ("'", "'"), ("“", "”"), ("„", "“"), ("‘", "’"), ("«", "»"), ("「", "」"), ("『", "』"),
)  # fmt: skip


class JsonAnswer:
    """A `Filter` for one answer to a request with a JSON schema. The last of all: it reads what will be the answer.

    The text is held until the answer ends, for only then it can be judged.
    """

    def __init__(self, schema: Raw) -> None:
        self.idle = False
        self._schema = schema
        self._held: list[Event] = []
        """The deltas of the text, and its end."""

    def feed(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if not self.idle and (type(event) is TextDelta or (self._held and type(event) is BlockStop)):
                self._held.append(event)
                continue
            if self._held:
                ended = type(event) is MessageDelta and event.stop_reason in ("end_turn", "stop_sequence")
                out.extend(_mended(self._held, self._schema) if ended else self._held)
                self._held = []
                self.idle = True  # it was the end, or more than one text
            out.append(event)
        return out


def _mended(held: list[Event], schema: Raw) -> list[Event]:
    deltas = [event for event in held if type(event) is TextDelta]
    mended = as_json(joined([delta.text for delta in deltas]), msgspec.json.decode(schema))
    return held if mended is None else [TextDelta(deltas[0].index, str_literal(mended)), *held[len(deltas) :]]


def as_json(text: str, schema: Json) -> str | None:
    """The object that the text means. None: the text is it already, or what it means is not certain."""
    if not isinstance(schema, dict) or _is_answer(text, schema):
        return None
    for candidate in (text.strip(), text[text.find("{") : text.rfind("}") + 1]):
        told = candidate if _is_answer(candidate, schema) else mend(candidate, schema)
        if told is not None:
            return told if _is_answer(told, schema) else None
    return _bare_text(text.strip(), schema)


def _is_answer(text: str, schema: Schema) -> bool:
    """It is a JSON object with all that is required."""
    try:
        found = msgspec.json.decode(text, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return False
    return all(key in found for key in _required(schema))


def _required(schema: Schema) -> list[str]:
    required = schema.get("required")
    return [key for key in required if isinstance(key, str)] if isinstance(required, list) else []


def _bare_text(text: str, schema: Schema) -> str | None:
    """The text as the one text that is asked for; None where it may be an attempt at JSON, or more is asked for."""
    key = _only_text(schema)
    if key is None or text.startswith(("{", "[")) or re.search(rf"""(["']){re.escape(key)}\1""", text):
        return None
    text = _unquoted(text)
    value = _title(text, key) if key in _LABELS else text
    return str_literal({key: value}).decode() if value else None


def _only_text(schema: Schema) -> str | None:
    """The schema's property, if it is the only one and takes any text."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or len(properties) != 1:
        return None
    ((key, kind),) = properties.items()
    takes_any = isinstance(kind, dict) and kind.get("type") == "string" and not _NARROW & kind.keys()
    return key if takes_any and set(_required(schema)) <= {key} else None


def _unquoted(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        return text


def _title(text: str, key: str) -> str:
    """The first line that says something, without what is only there to set it off."""
    lines = [line for line in text.splitlines() if line.strip() and not _FENCE.match(line)]
    while len(lines) > 1 and lines[0].rstrip(" *_").endswith((":", "\uff1a")):
        del lines[0]  # "Here is a title:"
    if not lines:
        return ""
    line = _without_pairs(_LINE_MARK.sub("", lines[0]))
    return _without_pairs(_LABELS[key].sub("", line))


def _without_pairs(line: str) -> str:
    """Without the quotes or emphasis that stand around all of it."""
    line = line.strip()
    for opening, closing in _PAIRS:
        inner = line.removeprefix(opening).removesuffix(closing)
        if len(line) - len(inner) == len(opening + closing) and opening not in inner and closing not in inner:
            return _without_pairs(inner)
    return line
