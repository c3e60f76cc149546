"""The wire structs of a response, streamed or whole. Only the fields that are used; texts stay JSON literals.

What is rare or comes in many shapes is kept as bytes and read when needed: one odd field must not cost the answer.
"""

import json

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccr.messages.events import EMPTY, Usage, str_literal
from ccr.messages.request import mend_text

Literal = Raw | UnsetType
"""A JSON value kept as bytes: a string, null, or what a deviating backend put there."""


class StreamEvent(Struct, gc=False):
    """Any event of a stream; `type` says which fields it has."""

    type: str = ""
    delta: Literal = UNSET
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    text: Literal = UNSET
    refusal: Literal = UNSET
    arguments: Literal = UNSET
    item: Literal = UNSET
    response: Literal = UNSET
    error: Literal = UNSET


_LITERALS = ("delta", "text", "refusal", "arguments")
_EVENT = msgspec.json.Decoder(StreamEvent)


def decode_event(data: bytes) -> StreamEvent:
    """One event. Raises msgspec.DecodeError when it is not a JSON object of this kind."""
    try:
        return _EVENT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _loosely(data)


def _loosely(data: bytes) -> StreamEvent:
    """Half characters (a backend in JavaScript cut them) go on as escapes, which the client joins again."""
    try:
        fields = json.loads(data.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    if not isinstance(fields, dict):
        raise msgspec.ValidationError("not an object")
    texts = {name: Raw(json.dumps(fields.pop(name)).encode()) for name in _LITERALS if name in fields}
    event = _EVENT.decode(mend_text(json.dumps(fields).encode()))
    for name, literal in texts.items():
        setattr(event, name, literal)
    return event


class Part(Struct):
    """A part of a message's content, of a reasoning item's content, or of its summary."""

    type: str = ""
    text: Literal = UNSET
    refusal: Literal = UNSET


class OutputItem(Struct):
    type: str = ""
    id: str = ""
    content: list[Part] | None = None
    summary: list[Part] | None = None
    encrypted_content: str | None = None
    call_id: str = ""
    name: str = ""
    arguments: Literal = UNSET


def decode_item(raw: Literal) -> OutputItem:
    try:
        return msgspec.json.decode(b"{}" if raw is UNSET else raw, type=OutputItem)
    except msgspec.DecodeError:
        return OutputItem()


class Incomplete(Struct):
    reason: str | None = None


class InputDetails(Struct):
    cached_tokens: int | None = None


class ResponseUsage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None

    def as_messages(self) -> Usage:
        """The counts of the Messages API: input without what came from the cache."""
        details = self.input_tokens_details
        cached, prompt = _count(details.cached_tokens if details else None), _count(self.input_tokens)
        if prompt is None:
            return Usage(output_tokens=_count(self.output_tokens))
        return Usage(
            input_tokens=max(0, prompt - (cached or 0)),
            cache_read_input_tokens=cached,
            output_tokens=_count(self.output_tokens),
        )


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and tokens >= 0 else None


class Response(Struct):
    """The whole answer; in a stream, its end."""

    status: str | None = None
    output: list[Raw] | None = None
    usage: Literal = UNSET
    error: Literal = UNSET
    incomplete_details: Literal = UNSET

    @property
    def counted(self) -> Usage:
        try:
            usage = msgspec.json.decode(b"null" if self.usage is UNSET else self.usage, type=ResponseUsage | None)
        except msgspec.ValidationError:
            usage = None
        return usage.as_messages() if usage else Usage()

    @property
    def reason(self) -> str:
        """Why it is incomplete."""
        raw = b"null" if self.incomplete_details is UNSET else self.incomplete_details
        try:
            details = msgspec.json.decode(raw, type=Incomplete | None)
        except msgspec.ValidationError:
            details = None
        return (details and details.reason) or ""


def decode_response(raw: Literal | bytes) -> Response:
    """Raises msgspec.DecodeError when it is none."""
    data = b"{}" if raw is UNSET else bytes(raw)
    try:
        return msgspec.json.decode(data, type=Response)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(mend_text(data), type=Response)


def text_of(value: Literal) -> bytes:
    """The text of a field as a literal; `""` where there is none."""
    literal = b"" if value is UNSET else bytes(value)
    return literal if literal[:1] == b'"' else EMPTY


def arguments_of(value: Literal) -> bytes:
    """A piece of arguments as a literal; an object, which some backends send, becomes its text."""
    literal = b"" if value is UNSET else bytes(value)
    return str_literal(literal.decode()) if literal[:1] == b"{" else text_of(value)


def texts_of(parts: list[Part] | None) -> list[bytes]:
    return [text_of(part.refusal if part.refusal is not UNSET else part.text) for part in parts or []]
