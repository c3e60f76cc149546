"""A whole message, and what it is as a stream for a client that asked for one."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from ccr.messages.events import Usage


class WireMessage(Struct):
    type: str
    content: list[Raw]
    usage: Raw = Raw(b"null")
    stop_reason: str | None = None
    """Passed on as it is: a new one must not spoil the answer."""

    @property
    def reported(self) -> Usage:
        try:
            return msgspec.json.decode(self.usage, type=Usage | None) or Usage()
        except msgspec.ValidationError:
            return Usage()


def read_message(body: bytes) -> WireMessage | None:
    """None: it is no message."""
    try:
        return _MESSAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_MESSAGE = msgspec.json.Decoder(WireMessage)


def as_stream(body: bytes) -> bytes:
    """A whole message as the events that would have told it: each block in one piece."""
    message = msgspec.json.decode(body, type=dict[str, Raw])
    blocks = msgspec.json.decode(message["content"], type=list[dict[str, Raw]])
    end = {name: message.pop(name, Raw(b"null")) for name in ("stop_reason", "stop_sequence")}
    null = Raw(b"null")
    start = {**message, "content": Raw(b"[]"), "stop_reason": null, "stop_sequence": null}
    out = [_frame("message_start", {"message": start})]
    for index, block in enumerate(blocks):
        empty, deltas = _taken_apart(block)
        out.append(_frame("content_block_start", {"index": index, "content_block": empty}))
        out += [_frame("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        out.append(_frame("content_block_stop", {"index": index}))
    out.append(_frame("message_delta", {"delta": end, "usage": message.get("usage", Raw(b"{}"))}))
    out.append(_frame("message_stop", {}))
    return b"".join(out)


def _taken_apart(block: dict[str, Raw]) -> tuple[dict[str, Raw], list[dict[str, object]]]:
    """A block as its start and its deltas: a client takes contents from deltas only."""
    empty, deltas = dict(block), list[dict[str, object]]()
    for field, kind in (("thinking", "thinking_delta"), ("signature", "signature_delta"), ("text", "text_delta")):
        if bytes(block.get(field, b""))[:1] == b'"':
            empty[field] = Raw(b'""')
            deltas.append({"type": kind, field: block[field]})
    if "input" in block:
        empty["input"] = Raw(b"{}")
        deltas.append({"type": "input_json_delta", "partial_json": bytes(block["input"]).decode()})
    return empty, deltas


def _frame(event: str, fields: Mapping[str, object]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.encode(), msgspec.json.encode({"type": event, **fields}))
