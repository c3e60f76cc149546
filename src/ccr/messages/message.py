"""A whole answer, folded from the events of a stream: both forms of an answer come from one translation."""

from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    StopReason,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    Usage,
    WireEvent,
    literal_str,
    str_literal,
    usage_json,
)
from ccr.messages.request import mend_text


class TextBlock(Struct, tag="text"):
    text: str = ""


class ThinkingBlock(Struct, tag="thinking"):
    thinking: str = ""
    signature: str = ""


class ToolUseBlock(Struct, tag="tool_use"):
    id: str
    name: str
    input: Raw = Raw(b"{}")


RAW_ARGUMENTS = "raw_arguments"
"""Holds arguments that are no JSON object, in an answer in one piece, where they must be one."""

AnswerBlock = TextBlock | ThinkingBlock | ToolUseBlock


class Message(Struct, kw_only=True):
    """The answer of `POST /v1/messages` without `stream`."""

    id: str
    model: str
    content: list[AnswerBlock] = []
    stop_reason: StopReason = "end_turn"
    stop_sequence: str | None = None
    usage: Usage = Usage()

    def encode(self) -> bytes:
        usage = (
            self.usage if self.usage.input_tokens is not None else msgspec.structs.replace(self.usage, input_tokens=0)
        )
        return msgspec.json.encode(
            {
                "id": self.id,
                "type": "message",
                "role": "assistant",
                "model": self.model,
                "content": self.content,
                "stop_reason": self.stop_reason,
                "stop_sequence": self.stop_sequence,
                "usage": Raw(usage_json(usage)),
            }
        )


def tell(message: Message, input_tokens: int) -> list[WireEvent]:
    """The events that would have told a message: each block in one piece. The start has an estimate, as in a stream."""
    out: list[WireEvent] = [MessageStart(message.id, message.model, input_tokens)]
    for index, block in enumerate(message.content):
        if type(block) is TextBlock:
            out.append(TextStart(index))
            if block.text:
                out.append(TextDelta(index, str_literal(block.text)))
        elif type(block) is ThinkingBlock:
            out.append(ThinkingStart(index))
            if block.thinking:
                out.append(ThinkingDelta(index, str_literal(block.thinking)))
            if block.signature:
                out.append(SignatureDelta(index, block.signature))
        elif type(block) is ToolUseBlock:
            out.append(ToolUseStart(index, block.id, block.name))
            out.append(InputJsonDelta(index, str_literal(_raw_arguments(block.input))))
        out.append(BlockStop(index))
    out.append(MessageDelta(message.stop_reason, message.stop_sequence, message.usage))
    out.append(MessageStop())
    return out


def fold(events: Iterable[Event]) -> Message:
    """The message that a complete stream of events tells. Raises the UpstreamError of a `Failed` event."""
    message = Message(id="", model="")
    pieces: list[bytes] = []
    for event in events:
        # Not `match`: a class pattern that misses costs eight times as much for a Struct (measured).
        if type(event) is TextDelta:
            pieces.append(event.text)
        elif type(event) is InputJsonDelta:
            pieces.append(event.partial_json)
        elif type(event) is ThinkingDelta:
            pieces.append(event.thinking)
        elif type(event) is MessageStart:
            message.id, message.model = event.id, event.model
        elif type(event) is TextStart:
            message.content.append(TextBlock())
        elif type(event) is ToolUseStart:
            message.content.append(ToolUseBlock(event.id, event.name))
        elif type(event) is BlockStop:
            _fill(message.content[event.index], joined(pieces))
            pieces = []
        elif type(event) is MessageDelta:
            message.stop_reason, message.stop_sequence = event.stop_reason, event.stop_sequence
            message.usage = event.usage
        elif type(event) is ThinkingStart:
            message.content.append(ThinkingBlock())
        elif type(event) is SignatureDelta:
            block = message.content[event.index]
            if isinstance(block, ThinkingBlock):
                block.signature += event.signature
        elif type(event) is Failed:
            raise event.error
    return message


def joined(pieces: Iterable[bytes]) -> str:
    """The text of several literals. Halves of a character that stand in two pieces meet again here."""
    literal = b'"%b"' % b"".join([piece[1:-1] for piece in pieces])
    try:
        return literal_str(literal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return literal_str(mend_text(literal))


def _fill(block: AnswerBlock, text: str) -> None:
    match block:
        case TextBlock():
            block.text = text
        case ThinkingBlock():
            block.thinking = text
        case ToolUseBlock():
            block.input = arguments(text)


def arguments(text: str) -> Raw:
    """The JSON of a call. `input` must be an object here: what does not parse is kept as text."""
    if not text.strip():
        return Raw(b"{}")
    try:
        msgspec.json.decode(text, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return Raw(str_literal({RAW_ARGUMENTS: text}))
    return Raw(text.encode())


def _raw_arguments(arguments: Raw) -> str:
    """What the model wrote: in a stream the client itself tells it that this is no JSON."""
    text = bytes(arguments).decode()
    if not text.startswith('{"raw_arguments"'):
        return text
    return msgspec.json.decode(arguments, type=dict[str, str]).get(RAW_ARGUMENTS, text)
