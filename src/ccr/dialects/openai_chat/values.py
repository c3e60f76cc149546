"""What stands in the fields of a delta: texts, arguments, and lists of reasoning or of content parts."""

from typing import Any

import msgspec
from msgspec import UNSET

from ccr.dialects.openai_chat.chunks import Literal
from ccr.dialects.signature import TEXTS, Item
from ccr.messages.events import EMPTY, str_literal
from ccr.messages.request import mend_text
from ccr.messages.sse import BOM


def text_of(value: Literal) -> bytes:
    """The text of a field as a literal; `""` where there is none."""
    literal = b"" if value is UNSET else bytes(value)
    return literal if literal[:1] == b'"' else EMPTY


def arguments_of(value: Literal) -> bytes:
    """A piece of arguments as a literal; an object, which some backends send, becomes its text."""
    if value is UNSET or bytes(value) == b"null":
        return EMPTY
    data = bytes(value)
    return data if data[:1] == b'"' else str_literal(data.decode())


def read_items(value: Literal) -> tuple[str, list[Item]]:
    """The text of a list of items, and the items with the lengths of their texts; nothing where it is no such list."""
    texts: list[str] = []
    items = [item for item in _values(value) if isinstance(item, dict) and item]
    for item in items:
        for name in TEXTS:
            if isinstance(item.get(name), str):
                texts.append(item[name])
                item[name] = len(item[name])
    return "".join(texts), items


def read_parts(value: Literal) -> list[tuple[str, str]]:
    """The parts of a content, each as (thinking, text)."""
    return [
        (_part_text(part.get("thinking")), _part_text(part.get("text"))) if isinstance(part, dict) else ("", part)
        for part in _values(value)
        if isinstance(part, dict | str)
    ]


def _part_text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(_part_text(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _values(value: Literal) -> list[Any]:
    """The values of a list, or the one object that stands in its place."""
    if value is UNSET or bytes(value)[:1] not in (b"[", b"{"):
        return []
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = msgspec.json.decode(mend_text(bytes(value)))  # halves of characters
    return found if isinstance(found, list) else [found]


def documents(body: bytes) -> list[bytes]:
    """The body, or its lines where each is a document (NDJSON)."""
    lines = body.removeprefix(BOM).strip().splitlines()
    if len(lines) > 1 and all(line[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines if line.strip()):
        return [line for line in lines if line.strip()]
    return [body.removeprefix(BOM)]
