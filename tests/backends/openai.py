"""Answers in the shape of OpenAI chat completions, as vLLM and llama.cpp send them."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.backends.fake import Request
from tests.backends.playbook import Answer, status, stream

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """A tool call of the model."""

    name: str
    arguments: dict[str, Any]
    id: str = ""
    """Empty: a unique one is made up."""

    def with_id(self) -> "Call":
        return self if self.id else Call(self.name, self.arguments, f"call_{next(_numbers)}")


def reply(
    *,
    text: str = "",
    thinking: str = "",
    calls: Sequence[Call] = (),
    finish: str = "",
    usage: tuple[int, int] = (1000, 20),
    delay: float = 0.0,
) -> Callable[[Request], Answer]:
    """A good answer: streamed or whole, as the request asks. `usage` is (prompt tokens, completion tokens)."""

    def answer(request: Request) -> Answer:
        if request.body.get("stream"):
            return stream(*chunks(text=text, thinking=thinking, calls=calls, finish=finish, usage=usage), delay=delay)
        return status(200, whole(text=text, thinking=thinking, calls=calls, finish=finish, usage=usage), delay=delay)

    return answer


def chunks(
    *,
    text: str = "",
    thinking: str = "",
    calls: Sequence[Call] = (),
    finish: str = "",
    usage: tuple[int, int] = (1000, 20),
) -> list[bytes]:
    """The events of a streamed answer, one item each, the last one `[DONE]`."""
    name = f"chatcmpl-{next(_numbers)}"
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
    deltas += [{"reasoning_content": piece} for piece in _pieces(thinking)]
    deltas += [{"content": piece} for piece in _pieces(text)]
    for index, call in enumerate(call.with_id() for call in calls):
        opening = {"index": index, "id": call.id, "type": "function"}
        deltas.append({"tool_calls": [opening | {"function": {"name": call.name, "arguments": ""}}]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            for piece in _pieces(json.dumps(call.arguments))
        ]
    events = [_chunk(name, [{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    end = finish or ("tool_calls" if calls else "stop")
    events.append(_chunk(name, [{"index": 0, "delta": {}, "finish_reason": end}]))
    events.append(_chunk(name, [], usage=_usage(usage)))
    return [*(event(chunk) for chunk in events), b"data: [DONE]\n\n"]


def event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def whole(*, text: str, thinking: str, calls: Sequence[Call], finish: str, usage: tuple[int, int]) -> dict[str, Any]:
    """The answer of a request without `stream`."""
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if thinking:
        message["reasoning_content"] = thinking
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in (call.with_id() for call in calls)
        ]
    end = finish or ("tool_calls" if calls else "stop")
    choice = {"index": 0, "message": message, "finish_reason": end}
    name = f"chatcmpl-{next(_numbers)}"
    return {
        "id": name,
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [choice],
        "usage": _usage(usage),
    }


def _chunk(name: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    head = {"id": name, "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return {**head, "choices": choices, **more}


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def _pieces(text: str, size: int = 12) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
