"""Answers in the shape of the Anthropic Messages API."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.backends.fake import Request
from tests.backends.openai import Call
from tests.backends.playbook import Answer, status, stream

_numbers = itertools.count(1)


def reply(
    *,
    text: str = "",
    thinking: str = "",
    calls: Sequence[Call] = (),
    usage: tuple[int, int] = (1000, 20),
    delay: float = 0.0,
) -> Callable[[Request], Answer]:
    """A good answer: streamed or whole, as the request asks. `usage` is (input tokens, output tokens)."""

    def answer(request: Request) -> Answer:
        message = whole(text=text, thinking=thinking, calls=calls, usage=usage, model=request.body["model"])
        if request.body.get("stream"):
            return stream(*events(message), delay=delay)
        return status(200, message, delay=delay)

    return answer


def whole(
    *, text: str, thinking: str, calls: Sequence[Call], usage: tuple[int, int], model: str = "scripted"
) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if thinking:
        content.append({"type": "thinking", "thinking": thinking, "signature": "c2NyaXB0ZWQ="})
    if text:
        content.append({"type": "text", "text": text})
    content += [
        {"type": "tool_use", "id": call.id or f"toolu_{next(_numbers)}", "name": call.name, "input": call.arguments}
        for call in calls
    ]
    return {
        "id": f"msg_{next(_numbers)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": usage[0], "output_tokens": usage[1]},
    }


def events(message: dict[str, Any]) -> list[bytes]:
    """The same message as the events of a stream, one item each."""
    usage = message["usage"]
    opening = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    found = [event({"type": "message_start", "message": opening})]
    for index, block in enumerate(message["content"]):
        found += _block(index, block)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    found.append(event({"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}))
    return [*found, event({"type": "message_stop"})]


def event(value: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (value["type"].encode(), json.dumps(value).encode())


def _block(index: int, block: dict[str, Any]) -> list[bytes]:
    match block["type"]:
        case "thinking":
            empty: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        case "text":
            empty = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": block["text"]}]
        case _:
            empty = {**block, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    start = event({"type": "content_block_start", "index": index, "content_block": empty})
    middle = [event({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas]
    return [start, *middle, event({"type": "content_block_stop", "index": index})]
