"""Reasoning that comes as a list: of items that must go back (OpenRouter, MiniMax, LiteLLM), or of content parts."""

from typing import Any

import msgspec
from msgspec import UNSET

from ccr.dialects.openai_chat.chunks import Literal
from ccr.dialects.signature import TEXTS, Item
from ccr.messages.request import mend_text


def read_items(value: Literal) -> tuple[str, list[Item]]:
    """The text of a list of items, and the items with the lengths of their texts; nothing where it is no such list."""
    texts: list[str] = []
    items = _objects(value)
    for item in items:
        for name in TEXTS:
            if isinstance(item.get(name), str):
                texts.append(item[name])
                item[name] = len(item[name])
    return "".join(texts), items


def read_parts(value: Literal) -> list[tuple[str, str]]:
    """The parts of a content, each as (thinking, text)."""
    return [(_part_text(part.get("thinking")), _part_text(part.get("text"))) for part in _objects(value)]


def _part_text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(_part_text(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _objects(value: Literal) -> list[dict[str, Any]]:
    if value is UNSET or bytes(value)[:1] != b"[":
        return []
    try:
        found = msgspec.json.decode(value, type=list[Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = msgspec.json.decode(mend_text(bytes(value)), type=list[Any])  # halves of characters
    return [item for item in found if isinstance(item, dict) and item]
