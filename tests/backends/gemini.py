"""Answers in the shape of Gemini's generateContent, with its rule for thought signatures."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.backends.fake import Request
from tests.backends.openai import Call
from tests.backends.playbook import Answer, status, stream

Json = dict[str, Any]
MISSING = "Function call is missing a thought_signature in functionCall parts."


def reply(
    *,
    text: str = "",
    thinking: str = "",
    calls: Sequence[Call] = (),
    signature: str = "",
    finish: str = "STOP",
    usage: tuple[int, int] = (1000, 20),
) -> Callable[[Request], Answer]:
    """A good answer: streamed or whole, as the URL asks. `signature` is that of the first call, else of the text.

    As Gemini 3 does, it refuses a history whose newest calls are unsigned.
    """

    def answer(request: Request) -> Answer:
        if not signed(request.body["contents"]):
            return status(400, {"error": {"code": 400, "message": MISSING, "status": "INVALID_ARGUMENT"}})
        responses = _responses(text=text, thinking=thinking, calls=calls, signature=signature, finish=finish)
        for response in responses:
            response["usageMetadata"] = {"promptTokenCount": usage[0], "candidatesTokenCount": usage[1]}
        if request.path.endswith(":streamGenerateContent"):
            return stream(*(b"data: %s\r\n\r\n" % json.dumps(response).encode() for response in responses))
        parts = [part for response in responses for part in response["candidates"][0]["content"]["parts"]]
        return status(200, {**responses[-1], "candidates": [_candidate(parts, finish)]})

    return answer


def signed(contents: list[Json]) -> bool:
    """The first call of every step since the user's last words has a signature."""
    for content in reversed(contents):
        if content["role"] == "user" and not any("functionResponse" in part for part in content["parts"]):
            return True
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and not calls[0].get("thoughtSignature"):
            return False
    return True


def _responses(*, text: str, thinking: str, calls: Sequence[Call], signature: str, finish: str) -> list[Json]:
    steps: list[list[Json]] = [[{"text": thinking, "thought": True}]] if thinking else []
    if text:
        half = len(text) // 2
        steps += [[{"text": piece}] for piece in (text[:half], text[half:]) if piece]
    parts = [_call(call) for call in calls] or [{"text": ""}]
    if signature:
        parts[0]["thoughtSignature"] = signature
    steps.append(parts)
    last = len(steps) - 1
    return [{"candidates": [_candidate(step, finish if n == last else "")]} for n, step in enumerate(steps)]


def _call(call: Call) -> Json:
    function: Json = {"name": call.name, "args": call.arguments}
    return {"functionCall": {**function, "id": call.id} if call.id else function}


def _candidate(parts: list[Json], finish: str) -> Json:
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return {**candidate, "finishReason": finish} if finish else candidate
