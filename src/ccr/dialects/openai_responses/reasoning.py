"""Reasoning that comes back: what the signature of a thinking block carries of a reasoning item.

Nothing is stored at the provider (`store: false`), so a model goes on thinking where it had stopped only when its
reasoning items stand in the next request as they came, encrypted content and all (developers.openai.com, "Reasoning
models": keeping reasoning items in context). The client keeps thinking blocks with their signatures; so the signature
is the item, but for its text. It names provider and model too: others can't decrypt it, and are not sent it.
"""

from typing import Any

import msgspec
from msgspec import Struct

from ccr.dialects.signature import PREFIX
from ccr.messages.blocks import Thinking

NAME = "openai-responses:"


class Kept(Struct, frozen=True, omit_defaults=True):
    """What a signature holds."""

    of: str
    """The provider and model that reasoned."""
    id: str
    encrypted_content: str = ""
    is_summary: bool = False
    """The block's text is a summary for people; else it is the reasoning itself, as open models give it."""

    def field(self) -> str:
        """What the block's signature says."""
        return NAME + msgspec.json.encode(self).decode()


def kept(signature: str) -> Kept | None:
    """None: no reasoning of a Responses endpoint."""
    if not signature.startswith(PREFIX + NAME):
        return None
    try:
        return msgspec.json.decode(signature[len(PREFIX + NAME) :], type=Kept)
    except msgspec.DecodeError:
        return None


def reasoning_item(block: Thinking, of: str) -> dict[str, Any] | None:
    """The item that a thinking block was, for the model that made it."""
    item = kept(block.signature)
    if item is None or item.of != of:
        return None
    if not item.encrypted_content and (item.is_summary or not block.thinking):
        return None  # nothing that a model could go on from; OpenAI would look for the id, and not find it
    summary = [{"type": "summary_text", "text": block.thinking}] if item.is_summary and block.thinking else []
    out: dict[str, Any] = {"type": "reasoning", **({"id": item.id} if item.id else {}), "summary": summary}
    if block.thinking and not item.is_summary:
        out["content"] = [{"type": "reasoning_text", "text": block.thinking}]
    if item.encrypted_content:
        out["encrypted_content"] = item.encrypted_content
    return out
