"""An Anthropic stream's frames as typed events, for filters, and back.

Only where a filter is at work: without one the frames pass untouched. What no filter knows (server tools and what they
give, redacted thinking, citations, pings, new kinds) stays a `Verbatim` of one frame, with its index put right.
Blocks that overlap (llama.cpp sends all stops at the end) come one after another.
"""

import re

import msgspec
from msgspec import Raw, Struct

from ccr.messages.events import (
    BlockStop,
    Event,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    Verbatim,
    str_literal,
)
from ccr.messages.message import arguments, joined
from ccr.transformers.numbering import moved

NOTHING = (b"", b"null", b'""', b"[]", b"{}")
"""Values that say nothing."""


class _Wire(Struct):
    type: str = ""
    index: int = -1
    message: dict[str, Raw] = {}
    content_block: dict[str, Raw] = {}
    delta: dict[str, Raw] = {}


class Frames:
    """The frames of one answer."""

    def __init__(self) -> None:
        self._open = -1
        """The backend's index of the block that is open; -1: none is."""
        self._is_known = False
        """It is one of the kinds that filters know."""
        self._start = b""
        self._end = b""
        """The frames of message_start and message_delta, which carry more than their events."""
        self._calls: dict[str, dict[str, Raw]] = {}
        """The blocks of tool calls as they began, by id."""
        self._index = 0
        """Of the block that is written, or of the next one."""

    # ---------------------------------------------------------------------------------------------------- reading

    def read(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if type(event) is Verbatim:
                for frame in re.split(rb"\r?\n\r?\n", event.data):
                    if frame.strip():
                        self._frame(frame, out)
            else:
                out.append(event)
        return out

    def _frame(self, frame: bytes, out: list[Event]) -> None:
        data = b"\n".join([line[5:].strip() for line in frame.splitlines() if line.startswith(b"data:")])
        try:
            wire = msgspec.json.decode(data, type=_Wire)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            wire = _Wire()
        match wire.type:
            case "message_start":
                self._start = data
                out.append(MessageStart(_word(wire.message, "id"), _word(wire.message, "model"), 0))
            case "content_block_start":
                self._close(out)
                self._open = wire.index
                self._block(wire.content_block, data, out)
            case "content_block_delta" if wire.index == self._open:
                out.append(self._delta(wire.delta, data))
            case "content_block_stop" if wire.index == self._open:
                self._close(out)
            case "content_block_delta" | "content_block_stop":
                pass  # of a block that was closed when the next one began
            case "message_delta" if _word(wire.delta, "stop_reason"):
                self._close(out)
                self._end = data
                sequence = _word(wire.delta, "stop_sequence") or None
                out.append(MessageDelta(_word(wire.delta, "stop_reason"), sequence))  # type: ignore[arg-type]
            case "message_stop":
                out.append(MessageStop())
            case _:
                out.append(Verbatim(frame + b"\n\n"))

    def _close(self, out: list[Event]) -> None:
        if self._open >= 0:
            out.append(BlockStop(self._open))
        self._open = -1

    def _block(self, block: dict[str, Raw], data: bytes, out: list[Event]) -> None:
        kind = _word(block, "type")
        self._is_known = kind == "tool_use" or (kind in _FIELDS and _says_only(block, _FIELDS[kind]))
        if not self._is_known:
            out.append(_verbatim("content_block_start", data))
        elif kind == "text":
            out.append(TextStart(self._open))
            if not _is_empty(block, "text"):
                out.append(TextDelta(self._open, bytes(block["text"])))
        elif kind == "thinking":
            out.append(ThinkingStart(self._open))
            if not _is_empty(block, "thinking"):
                out.append(ThinkingDelta(self._open, bytes(block["thinking"])))
            if not _is_empty(block, "signature"):
                out.append(SignatureDelta(self._open, _word(block, "signature")))
        else:
            call = ToolUseStart(self._open, _word(block, "id"), _word(block, "name"))
            self._calls[call.id] = block
            out.append(call)
            if not _is_empty(block, "input"):
                out.append(InputJsonDelta(self._open, str_literal(bytes(block["input"]).decode())))

    def _delta(self, delta: dict[str, Raw], data: bytes) -> Event:
        kind = _word(delta, "type") if self._is_known else ""
        if kind == "text_delta" and "text" in delta:
            return TextDelta(self._open, bytes(delta["text"]))
        if kind == "input_json_delta" and "partial_json" in delta:
            return InputJsonDelta(self._open, bytes(delta["partial_json"]))
        if kind == "thinking_delta" and "thinking" in delta:
            return ThinkingDelta(self._open, bytes(delta["thinking"]))
        if kind == "signature_delta":
            return SignatureDelta(self._open, _word(delta, "signature"))
        return _verbatim("content_block_delta", data)

    # ---------------------------------------------------------------------------------------------------- writing

    def write(self, events: list[Event]) -> list[Event]:
        """The events as they leave: numbered anew, with all that the backend's frames said beside them."""
        out: list[Event] = []
        for event in events:
            kind = type(event)
            if kind is Verbatim:
                out.append(self._numbered(event))  # type: ignore[arg-type]
            elif kind is ToolUseStart:
                out.append(self._call(event))  # type: ignore[arg-type]
            elif kind is MessageStart and self._start:
                out.append(_verbatim("message_start", self._start))
            elif kind is MessageDelta and self._end:
                out.append(_verbatim("message_delta", self._ending(event)))  # type: ignore[arg-type]
            else:
                out.append(moved(event, self._index))
                self._index += kind is BlockStop
        return out

    def _numbered(self, event: Verbatim) -> Verbatim:
        name, _, data = event.data.partition(b"\ndata: ")
        if not name.startswith(b"event: content_block"):
            return event
        frame = msgspec.json.decode(data, type=dict[str, Raw])
        return _verbatim(_word(frame, "type"), msgspec.json.encode({**frame, "index": self._index}))

    def _call(self, call: ToolUseStart) -> Event:
        block = self._calls.get(call.id)
        if block is None:
            return moved(call, self._index)
        began = {**block, "name": call.name, "input": Raw(b"{}")}
        start = {"type": "content_block_start", "index": self._index, "content_block": began}
        return _verbatim("content_block_start", msgspec.json.encode(start))

    def content(self, events: list[Event], original: list[Raw]) -> list[object]:
        """The blocks of a whole answer, out of the events as `write` takes them. `original`: the backend's blocks."""
        blocks: list[object] = []
        block: dict[str, object] | Raw = {}
        pieces: list[bytes] = []
        for event in events:
            if type(event) is TextStart:
                block = {"type": "text", "text": ""}
            elif type(event) is ThinkingStart:
                block = {"type": "thinking", "thinking": "", "signature": ""}
            elif type(event) is ToolUseStart:
                began = self._calls.get(event.id, {"type": "tool_use", "id": event.id})
                block = {**began, "name": event.name, "input": {}}
            elif type(event) is TextDelta:
                pieces.append(event.text)
            elif type(event) is ThinkingDelta:
                pieces.append(event.thinking)
            elif type(event) is InputJsonDelta:
                pieces.append(event.partial_json)
            elif type(event) is SignatureDelta and isinstance(block, dict):
                block["signature"] = event.signature
            elif type(event) is Verbatim and event.data.startswith(b"event: content_block_start"):
                block = original[msgspec.json.decode(event.data.partition(b"\ndata: ")[2], type=_Wire).index]
            elif type(event) is BlockStop:
                blocks.append(_filled(block, joined(pieces)) if isinstance(block, dict) else block)
                pieces = []
        return blocks

    def _ending(self, event: MessageDelta) -> bytes:
        frame = msgspec.json.decode(self._end, type=dict[str, Raw])
        delta = msgspec.json.decode(frame["delta"], type=dict[str, Raw])
        if _word(delta, "stop_reason") == event.stop_reason:
            return self._end
        changed = {**delta, "stop_reason": event.stop_reason, "stop_sequence": event.stop_sequence}
        return msgspec.json.encode({**frame, "delta": changed})


def _filled(block: dict[str, object], text: str) -> dict[str, object]:
    if "input" in block:
        return {**block, "input": arguments(text)}
    return {**block, "text" if block["type"] == "text" else "thinking": text}


_FIELDS = {"text": ("type", "text"), "thinking": ("type", "thinking", "signature")}
"""What the known kinds say when they begin."""


def _says_only(block: dict[str, Raw], fields: tuple[str, ...]) -> bool:
    return all(name in fields or _is_empty(block, name) for name in block)


def _is_empty(block: dict[str, Raw], name: str) -> bool:
    return bytes(block.get(name, b"")) in NOTHING


def _word(fields: dict[str, Raw], name: str) -> str:
    try:
        return msgspec.json.decode(fields.get(name, b'""'), type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _verbatim(event: str, data: bytes) -> Verbatim:
    return Verbatim(b"event: %b\ndata: %b\n\n" % (event.encode(), data))
