"""Answers in the shape of OpenAI Responses, as its streaming reference shows them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.backends.fake import Request
from tests.backends.openai import Call
from tests.backends.playbook import Answer, status, stream

Item = dict[str, Any]

USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 600},
    "output_tokens": 20,
    "total_tokens": 1020,
}


def reply(*items: Item) -> Callable[[Request], Answer]:
    """A good answer: streamed or whole, as the request asks."""

    def answer(request: Request) -> Answer:
        if request.body.get("stream"):
            return stream(*events(*items))
        return status(200, response("completed", items))

    return answer


def events(*items: Item, size: int = 12) -> list[bytes]:
    """The events of a streamed answer."""
    out = [event("response.created", response=response("in_progress"))]
    for index, item in enumerate(items):
        out += [event(kind, output_index=index, **fields) for kind, fields in told(item, size)]
    return [*out, event("response.completed", response=response("completed", items))]


def event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **fields}).encode())


def response(state: str, items: Sequence[Item] = ()) -> dict[str, Any]:
    usage = USAGE if state == "completed" else None
    return {"id": "resp_1", "object": "response", "status": state, "error": None, "output": list(items), "usage": usage}


def reasoning(item_id: str, *parts: str, encrypted: str = "") -> Item:
    summary = [{"type": "summary_text", "text": part} for part in parts]
    return {"type": "reasoning", "id": item_id, "summary": summary, "encrypted_content": encrypted}


def message(text: str, item_id: str = "msg_1") -> Item:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": item_id, "role": "assistant", "status": "completed", "content": content}


def function_call(call: Call) -> Item:
    call = call.with_id()
    return {
        "type": "function_call",
        "id": f"fc_{call.id}",
        "call_id": call.id,
        "name": call.name,
        "arguments": json.dumps(call.arguments),
        "status": "completed",
    }


def told(item: Item, size: int) -> list[tuple[str, dict[str, Any]]]:
    """The events of one item: its kind of event, and fields."""
    of: dict[str, Any] = {"item_id": item["id"]}
    out: list[tuple[str, dict[str, Any]]] = [("response.output_item.added", {"item": begun(item)})]
    match item["type"]:
        case "reasoning":
            for index, part in enumerate(item["summary"]):
                at = {**of, "summary_index": index}
                out += [("response.reasoning_summary_text.delta", {**at, "delta": d}) for d in cut(part["text"], size)]
                out.append(("response.reasoning_summary_text.done", {**at, "text": part["text"]}))
        case "message":
            for index, part in enumerate(item["content"]):
                at = {**of, "content_index": index}
                out += [("response.output_text.delta", {**at, "delta": d}) for d in cut(part["text"], size)]
                out.append(("response.output_text.done", {**at, "text": part["text"]}))
        case "function_call":
            deltas = cut(item["arguments"], size)
            out += [("response.function_call_arguments.delta", {**of, "delta": d}) for d in deltas]
            out.append(("response.function_call_arguments.done", {**of, "arguments": item["arguments"]}))
    return [*out, ("response.output_item.done", {"item": item})]


def begun(item: Item) -> Item:
    """As `output_item.added` shows it."""
    empty = {"summary": [], "content": [], "arguments": "", "status": "in_progress", "encrypted_content": "half"}
    return {**item, **{name: value for name, value in empty.items() if name in item}}


def cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
