"""The filter: which piece belongs to which call."""

import json
import re
from collections.abc import Mapping

import msgspec
from msgspec import Raw

from ccr.messages.events import Event, InputJsonDelta, ToolUseStart, literal_str, str_literal
from ccr.messages.message import joined
from ccr.transformers.arguments.mender import Mender
from ccr.transformers.coercion import Json

_CALM = re.compile(
    rb'"(?:[^"\\]+'  # Inside a string that is inside a literal, these leave as they are:
    rb'|\\\\(?:[bfnrt/]|\\["\\]|u[0-9a-fA-F]{4})'  # escapes of the string, whose backslash is one of the literal's, too
    rb'|\\u(?!00[0-7])[0-9a-fA-F]{4})*+"'  # the literal's own escapes of characters beyond ASCII
)


class Arguments:
    """Mends the arguments of every call of an answer."""

    def __init__(self, schemas: Mapping[str, Raw]) -> None:
        """`schemas`: each tool's `input_schema`, by its name."""
        self._schemas = schemas
        self._mender: Mender | None = None
        """Of the call that is open."""
        self._index = 0
        self._came: list[bytes] = []
        """The literals of that call as they came."""

    def feed(self, events: list[Event]) -> list[Event]:
        mender = self._mender
        if mender is None:
            for event in events:
                if type(event) is ToolUseStart:
                    break
            else:
                return events
        elif len(events) == 1 and mender.is_calm:  # nearly every batch of a long call: half a microsecond
            event = events[0]
            if type(event) is InputJsonDelta and b"\\" not in event.partial_json:
                self._came.append(event.partial_json)
                return events
        out: list[Event] = []
        for event in events:
            if type(event) is InputJsonDelta and self._mender is not None:
                self._piece(self._mender, event, out)
                continue
            self._end(out)
            if type(event) is ToolUseStart:
                self._begin(event)
            out.append(event)
        return out

    def _begin(self, start: ToolUseStart) -> None:
        self._index = start.index
        self._came = []
        schema: Json = True
        if start.name in self._schemas:
            schema = msgspec.json.decode(self._schemas[start.name])
        self._mender = Mender(schema)

    def _piece(self, mender: Mender, event: InputJsonDelta, out: list[Event]) -> None:
        self._came.append(event.partial_json)
        if mender.gave_up or (mender.is_calm and _CALM.fullmatch(event.partial_json)):
            out.append(event)
            return
        text = _text(event.partial_json)
        if text is None:
            self._append(mender.give_up(), out)
            out.append(event)
            return
        mended = mender.feed(text)
        if mended == text:
            out.append(event)
        else:
            self._append(mended, out)

    def _end(self, out: list[Event]) -> None:
        if self._mender is not None:
            self._append(self._mender.finish(lambda: joined(self._came)), out)
            self._mender = None

    def _append(self, text: str, out: list[Event]) -> None:
        if text:
            out.append(InputJsonDelta(self._index, _literal(text)))


def _text(literal: bytes) -> str | None:
    """A piece's text, which may begin or end in the middle of a character; None if it is no text at all."""
    try:
        return literal_str(literal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        text = json.loads(literal)
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def _literal(text: str) -> bytes:
    try:
        return str_literal(text)
    except UnicodeEncodeError:  # half a character
        return json.dumps(text).encode()
