"""The client's body for another model: two splices, every other byte as it was."""

import re

import msgspec
from msgspec import Raw, Struct

from ccr.dialects.signature import PREFIX
from ccr.messages.body import replace_fields
from ccr.messages.request import mend_text

_FOREIGN = re.compile(rf"|{PREFIX}.*|ccr_\d+|\d{{13}}|[0-9a-f]{{32}}", re.DOTALL)
"""Signatures that Anthropic did not make: none, ours, those of the npm tool, vLLM's."""


def rewrite(body: bytes, model: str) -> bytes:
    """The body with another `model` and without foreign thinking; everything else keeps its exact bytes."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half a character somewhere (the client's JavaScript cut it): no JSON that Anthropic would take.
        body = mend_text(body)
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    changed = {"model": msgspec.json.encode(model)}
    if b'"thinking"' in body and "messages" in fields:
        messages = _without_foreign_thinking(fields["messages"])
        if messages is not None:
            changed["messages"] = messages
    return replace_fields(body, fields, changed)


class _Peek(Struct):
    type: str = ""
    signature: str | None = ""


def _without_foreign_thinking(messages: Raw) -> bytes | None:
    """The messages without it; None when there is none."""
    kept: list[bytes] = []
    changed = False
    for raw in msgspec.json.decode(messages, type=list[Raw]):
        message = msgspec.json.decode(raw, type=dict[str, Raw])
        content = bytes(message.get("content", b""))
        if content[:1] != b"[" or b'"thinking"' not in content:
            kept.append(bytes(raw))
            continue
        blocks = msgspec.json.decode(content, type=list[Raw])
        native = [bytes(block) for block in blocks if not _is_foreign(block)]
        changed = changed or len(native) < len(blocks)
        if native:
            kept.append(replace_fields(bytes(raw), message, {"content": b"[%b]" % b",".join(native)}))
    return b"[%b]" % b",".join(kept) if changed else None


def _is_foreign(block: Raw) -> bool:
    try:
        peek = msgspec.json.decode(block, type=_Peek)
    except msgspec.ValidationError:
        return False
    return peek.type == "thinking" and _FOREIGN.fullmatch(peek.signature or "") is not None
