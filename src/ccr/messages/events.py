"""The stream events of the Messages API (docs.anthropic.com, "Streaming messages").

Texts are carried as JSON string literals (bytes, quotes included): a delta of a backend is copied, not unescaped and
escaped again. `str_literal` makes one, `literal_str` reads one.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ccr.errors import UpstreamError

StopReason = Literal[
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"
]
EMPTY = b'""'
_ENCODER = msgspec.json.Encoder()
str_literal = _ENCODER.encode
literal_str = msgspec.json.Decoder(str).decode


class Usage(Struct, frozen=True, omit_defaults=True):
    """Tokens, as the Messages API counts them: the three input counts are disjoint. None: not reported."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def total_input(self) -> int | None:
        """The whole prompt; None when it was not reported."""
        if self.input_tokens is None:
            return None
        return self.input_tokens + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)


class MessageStart(Struct, frozen=True, gc=False):
    id: str
    model: str
    input_tokens: int
    """An estimate until the end: the client's context meter reads it."""

    def encode(self) -> bytes:
        return (
            b'event: message_start\ndata: {"type":"message_start","message":{"id":%b,"type":"message",'
            b'"role":"assistant","model":%b,"content":[],"stop_reason":null,"stop_sequence":null,'
            b'"usage":{"input_tokens":%d,"output_tokens":0}}}\n\n'
        ) % (str_literal(self.id), str_literal(self.model), self.input_tokens)


class TextStart(Struct, frozen=True, gc=False):
    index: int

    def encode(self) -> bytes:
        return _START % (self.index, b'{"type":"text","text":""}')


class ThinkingStart(Struct, frozen=True, gc=False):
    index: int

    def encode(self) -> bytes:
        return _START % (self.index, b'{"type":"thinking","thinking":"","signature":""}')


class ToolUseStart(Struct, frozen=True, gc=False):
    index: int
    id: str
    name: str

    def encode(self) -> bytes:
        block = b'{"type":"tool_use","id":%b,"name":%b,"input":{}}' % (str_literal(self.id), str_literal(self.name))
        return _START % (self.index, block)


class TextDelta(Struct, frozen=True, gc=False):
    index: int
    text: bytes
    """A JSON string literal."""

    def encode(self) -> bytes:
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"text_delta","text":%b}}\n\n' % (self.index, self.text)
        )


class ThinkingDelta(Struct, frozen=True, gc=False):
    index: int
    thinking: bytes
    """A JSON string literal."""

    def encode(self) -> bytes:
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"thinking_delta","thinking":%b}}\n\n' % (self.index, self.thinking)
        )


class SignatureDelta(Struct, frozen=True, gc=False):
    index: int
    signature: str

    def encode(self) -> bytes:
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"signature_delta","signature":%b}}\n\n' % (self.index, str_literal(self.signature))
        )


class InputJsonDelta(Struct, frozen=True, gc=False):
    index: int
    partial_json: bytes
    """A JSON string literal that holds a piece of JSON."""

    def encode(self) -> bytes:
        return (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
            b'"delta":{"type":"input_json_delta","partial_json":%b}}\n\n' % (self.index, self.partial_json)
        )


class BlockStop(Struct, frozen=True, gc=False):
    index: int

    def encode(self) -> bytes:
        return b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % self.index


class MessageDelta(Struct, frozen=True, gc=False):
    stop_reason: StopReason
    stop_sequence: str | None = None
    usage: Usage = Usage()
    """Only what the backend reported."""

    def encode(self) -> bytes:
        delta = {"stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence}
        return b'event: message_delta\ndata: {"type":"message_delta","delta":%b,"usage":%b}\n\n' % (
            str_literal(delta),
            usage_json(self.usage),
        )


class MessageStop(Struct, frozen=True, gc=False):
    def encode(self) -> bytes:
        return b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class Verbatim(Struct, frozen=True, gc=False):
    """Whole frames of a backend that speaks this language, as they came."""

    data: bytes

    def encode(self) -> bytes:
        return self.data


class Failed(Struct, frozen=True):
    """The backend broke off. The last event of a stream; the gateway writes it as an error of the Messages API."""

    error: UpstreamError


Event = (
    MessageStart
    | TextStart
    | ThinkingStart
    | ToolUseStart
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | InputJsonDelta
    | BlockStop
    | MessageDelta
    | MessageStop
    | Verbatim
    | Failed
)
WireEvent = (
    MessageStart
    | TextStart
    | ThinkingStart
    | ToolUseStart
    | TextDelta
    | ThinkingDelta
    | SignatureDelta
    | InputJsonDelta
    | BlockStop
    | MessageDelta
    | MessageStop
    | Verbatim
)
"""Every event but `Failed`, whose wire form only the gateway knows."""

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_START = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'


def encode(events: Sequence[WireEvent]) -> bytes:
    """The events as the bytes of a server-sent event stream."""
    if len(events) == 1:
        return events[0].encode()
    return b"".join([event.encode() for event in events])


def usage_json(usage: Usage) -> bytes:
    """A usage object. `output_tokens` is required by strict clients, so it is 0 where nothing was reported."""
    return str_literal(usage if usage.output_tokens is not None else msgspec.structs.replace(usage, output_tokens=0))
