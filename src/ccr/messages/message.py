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
    usage_json,
)


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
    arguments: dict[int, list[str]] = {}
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
            case TextDelta() | ThinkingDelta() | SignatureDelta():
                _append(message.content[event.index], event)
            case InputJsonDelta():
                arguments.setdefault(event.index, []).append(literal_str(event.partial_json))
            case BlockStop():
                block = message.content[event.index]
                if isinstance(block, ToolUseBlock):
                    block.input = _arguments("".join(arguments.get(event.index, [])))
            case MessageDelta():
                message.stop_reason, message.stop_sequence = event.stop_reason, event.stop_sequence
                message.usage = event.usage
            case MessageStop() | Verbatim():
                pass
            case Failed():
                raise event.error
    return message


def _append(block: AnswerBlock, event: TextDelta | ThinkingDelta | SignatureDelta) -> None:
    match block, event:
        case TextBlock(), TextDelta():
            block.text += literal_str(event.text)
        case ThinkingBlock(), ThinkingDelta():
            block.thinking += literal_str(event.thinking)
        case ThinkingBlock(), SignatureDelta():
            block.signature += event.signature


def _arguments(text: str) -> Raw:
    """The JSON of a call. `input` must be an object here: what does not parse is kept as text."""
    if not text.strip():
        return Raw(b"{}")
    try:
        msgspec.json.decode(text, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return Raw(msgspec.json.encode({"raw_arguments": text}))
    return Raw(text.encode())
