"""The signature of thinking that was not made by Anthropic.

The client sends thinking back with its signature. Ours says under which field name the backend had sent the reasoning,
so that it goes back under the same name, with no memory on our side; and an Anthropic backend is never sent it.

    ccr-thinking-v1:<field>            the text goes back as it is
    ccr-thinking-v1:<field>:<items>    the field is a list; its items, base64 of JSON

Items may be signed or encrypted by the model's vendor and must go back as they came
(openrouter.ai/docs/guides/best-practices/reasoning-tokens, docs.litellm.ai/docs/reasoning_content: "preserving").
Their texts are the block's own text: an item has the number of its characters in place of them.
"""

import binascii
from base64 import b64decode, b64encode
from typing import Any

import msgspec

PREFIX = "ccr-thinking-v1:"
PLAIN_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Names in use: DeepSeek, SGLang, llama.cpp and older vLLM; OpenRouter, Ollama, Groq and current vLLM; Ollama's own."""
LIST_FIELDS = {"reasoning_details": "reasoning", "thinking_blocks": "reasoning_content"}
"""OpenRouter and MiniMax; LiteLLM. With the name that plain text has there."""
FIELDS = (*PLAIN_FIELDS, *LIST_FIELDS)
TEXTS = ("text", "summary", "thinking")
"""Names of an item's text."""

Item = dict[str, Any]


def sign(field: str, items: list[Item] | None = None) -> str:
    if not items:
        return PREFIX + field
    return f"{PREFIX}{field}:{b64encode(msgspec.json.encode(items)).decode()}"


def add_items(items: list[Item], more: list[Item]) -> None:
    """Put pieces together: those of one kind and index are one item, until it is signed."""
    for item in more:
        last = items[-1] if items else {}
        if "data" in item or not _continues(last, item):
            items.append(item)
            continue
        for name, value in item.items():
            if name in TEXTS and isinstance(value, int):
                last[name] = (last.get(name) or 0) + value
            elif value is not None:
                last[name] = value


def _continues(last: Item, item: Item) -> bool:
    if (last.get("type"), last.get("index")) != (item.get("type"), item.get("index")) or "data" in last:
        return False
    return not (last.get("signature") and any(item.get(name) for name in TEXTS))


def recall(signature: str, thinking: str) -> dict[str, str | list[Item]]:
    """The fields that the reasoning goes back under; of another origin it is the most widely read one."""
    field, _, data = signature.removeprefix(PREFIX).partition(":")
    if not signature.startswith(PREFIX) or field not in FIELDS:
        return {PLAIN_FIELDS[0]: thinking}
    if field not in LIST_FIELDS:
        return {field: thinking}
    items = _items(data)
    if _fill(items, thinking):
        return {field: items} if items else {LIST_FIELDS[field]: thinking}
    # The text did not come in these items, or is no longer theirs: what has none is still good.
    textless = [item for item in items if not any(name in item for name in TEXTS)]
    return {LIST_FIELDS[field]: thinking, **({field: textless} if textless else {})}


def _items(data: str) -> list[Item]:
    try:
        return msgspec.json.decode(b64decode(data, validate=True), type=list[Item])
    except (binascii.Error, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return []


def _fill(items: list[Item], thinking: str) -> bool:
    """Give the items their texts. False: they hold another text than the block."""
    position = 0
    for item in items:
        for name in TEXTS:
            length = item.get(name)
            if isinstance(length, int):
                item[name] = thinking[position : position + length]
                position += length
    return position == len(thinking)
