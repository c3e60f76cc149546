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
    Verbatim,
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


def fold(events: Iterable[Event]) -> Message:
    """The message that a complete stream of events tells. Raises the UpstreamError of a `Failed` event."""
    message = Message(id="", model="")
    pieces: list[bytes] = []
    for event in events:
        match event:
            case MessageStart():
                message.id, message.model = event.id, event.model
            case TextStart():
                message.content.append(TextBlock())
            case ThinkingStart():
                message.content.append(ThinkingBlock())
            case ToolUseStart():
                message.content.append(ToolUseBlock(event.id, event.name))
            case TextDelta(text=piece) | ThinkingDelta(thinking=piece) | InputJsonDelta(partial_json=piece):
                pieces.append(piece)
            case SignatureDelta():
                block = message.content[event.index]
                if isinstance(block, ThinkingBlock):
                    block.signature += event.signature
            case BlockStop():
                _fill(message.content[event.index], joined(pieces))
                pieces = []
            case MessageDelta():
                message.stop_reason, message.stop_sequence = event.stop_reason, event.stop_sequence
                message.usage = event.usage
            case MessageStop() | Verbatim():
                pass
            case Failed():
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
            block.input = _arguments(text)


def _arguments(text: str) -> Raw:
    """The JSON of a call. `input` must be an object here: what does not parse is kept as text."""
    if not text.strip():
        return Raw(b"{}")
    try:
        msgspec.json.decode(text, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return Raw(str_literal({"raw_arguments": text}))
    return Raw(text.encode())
