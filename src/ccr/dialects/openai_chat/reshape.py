"""Messages in the form that a deviating provider wants. Each of these runs only where its flag is set.

All of them keep the rule of `conversation.py`: the same history gives the same bytes, and a longer one only appends.
"""

import hashlib
import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from ccr.dialects.content import JOIN
from ccr.dialects.openai_chat.flags import Flags
from ccr.messages.blocks import Thinking
from ccr.messages.request import Message, MessagesRequest

NO_THOUGHT = " "
"""In place of thinking that there was not: some take an empty text for a missing one."""
NO_SIGNATURE = "skip_thought_signature_validator"
AFTER_RESULT = "[end of the tool results; what follows is a message]"
SCHEMA = "Answer with one JSON object and nothing else. It must match this JSON schema:\n"
"""Frozen wordings, as in `content.py`. DeepSeek and others refuse `json_object` without the word JSON in the prompt."""
MARK = {"type": "ephemeral"}

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHORT = re.compile(r"[a-zA-Z0-9]{9}")

Wire = dict[str, Any]
"""A message as it goes out."""


def without_thinking(request: MessagesRequest) -> MessagesRequest:
    """The request as if the model had never thought."""
    messages = [
        message
        if isinstance(message.content, str)
        else Message(message.role, [block for block in message.content if type(block) is not Thinking])
        for message in request.messages
    ]
    return msgspec.structs.replace(request, messages=messages)


def reshape(messages: list[Wire], flags: Flags) -> list[Wire]:
    """The messages as the flags want them; those given may be changed."""
    if flags.echo_reasoning:
        _echo_reasoning(messages)
    if flags.skip_thought_signature:
        _sign_calls(messages)
    if flags.short_call_ids:
        _shorten_ids(messages)
    if flags.no_user_after_tool:
        messages = _into_results(messages)
    return messages


def add_schema(messages: list[Wire], schema: Raw) -> None:
    """The wanted form of the answer, at the end of the system text."""
    text = SCHEMA + str(bytes(schema), "utf-8")
    if messages and messages[0]["role"] == "system":
        messages[0]["content"] += JOIN + text
    else:
        messages.insert(0, {"role": "system", "content": text})


def add_marks(messages: list[Wire]) -> None:
    """Cache marks where the client has its own: on the system text (tools included) and on the newest message.

    Contents are lists whether marked or not, so that a turn later only the mark is gone.
    """
    marked: Wire | None = None
    for message in messages:
        if message["role"] == "assistant":
            continue
        content = message["content"]
        if isinstance(content, str):
            message["content"] = [{"type": "text", "text": content}]
        if message["role"] == "system":
            message["content"][-1]["cache_control"] = MARK
        elif _text_part(message):
            marked = message
    if marked is not None:
        part = _text_part(marked)
        part["cache_control"] = MARK


def _text_part(message: Wire) -> Wire:
    """The last text that is not empty: an empty one bears no mark."""
    return next((part for part in reversed(message["content"]) if part.get("text")), {})


def _echo_reasoning(messages: list[Wire]) -> None:
    for message in messages:
        if message["role"] == "assistant" and not message.get("reasoning_content"):
            message["reasoning_content"] = message.pop("reasoning", None) or NO_THOUGHT


def _sign_calls(messages: list[Wire]) -> None:
    for message in messages:
        for call in message.get("tool_calls", ()):
            call.setdefault("extra_content", {"google": {"thought_signature": NO_SIGNATURE}})


def _shorten_ids(messages: list[Wire]) -> None:
    for message in messages:
        for call in message.get("tool_calls", ()):
            call["id"] = short_id(call["id"])
        if message["role"] == "tool":
            message["tool_call_id"] = short_id(message["tool_call_id"])


@lru_cache(maxsize=4096)
def short_id(call_id: str) -> str:
    """Nine letters and digits; the same id always gives the same ones."""
    if _SHORT.fullmatch(call_id):
        return call_id
    number = int.from_bytes(hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()[:8])
    digits = []
    for _ in range(9):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


def _into_results(messages: list[Wire]) -> list[Wire]:
    out: list[Wire] = []
    for message in messages:
        if message["role"] == "user" and out and out[-1]["role"] == "tool":
            out[-1]["content"] = _joined(out[-1]["content"], message["content"])
        else:
            out.append(message)
    return out


def _joined(result: str, said: str | list[Wire]) -> str | list[Wire]:
    text = result + JOIN + AFTER_RESULT
    if isinstance(said, str):
        return text + JOIN + said
    return [{"type": "text", "text": text}, *said]
