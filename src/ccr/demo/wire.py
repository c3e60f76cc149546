"""An answer of the scripted model as OpenAI chat completions have it, streamed and whole."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ccr.demo.script import ChatRequest, Speech

Json = dict[str, Any]


def pieces(text: str) -> list[str]:
    """The text in words: the script's tokens."""
    return re.findall(r"\s*\S+\s*", text)


def usage(speech: Speech, body: bytes) -> Json:
    """The tokens of this model: words of its own, four bytes of the request."""
    said = [speech.thinking, speech.text, speech.call.arguments if speech.call else ""]
    prompt, completion = len(body) // 4, sum(len(pieces(text)) for text in said)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def chunks(request: ChatRequest, speech: Speech, body: bytes, number: int) -> Iterator[bytes]:
    """The events of a streamed answer. `number` makes its ids unique."""
    frame = head(request, "chat.completion.chunk", number)
    for delta in deltas(speech, number):
        yield event({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield event({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason(speech)}]})
    if request.stream_options.include_usage:
        yield event({**frame, "choices": [], "usage": usage(speech, body)})
    yield b"data: [DONE]\n\n"


def deltas(speech: Speech, number: int) -> Iterator[Json]:
    yield {"role": "assistant", "content": None}
    for piece in pieces(speech.thinking):
        yield {"reasoning_content": piece}
    for piece in pieces(speech.text):
        yield {"content": piece}
    if speech.call is not None:
        opening = {"name": speech.call.name, "arguments": ""}
        yield {"tool_calls": [{"index": 0, "id": f"call_{number}", "type": "function", "function": opening}]}
        for piece in pieces(speech.call.arguments):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def whole(request: ChatRequest, speech: Speech, body: bytes, number: int) -> bytes:
    """The answer to a request without `stream`."""
    message: Json = {"role": "assistant", "content": speech.text or None}
    if speech.thinking:
        message["reasoning_content"] = speech.thinking
    if speech.call is not None:
        function = {"name": speech.call.name, "arguments": speech.call.arguments}
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": finish_reason(speech)}
    frame = head(request, "chat.completion", number)
    return msgspec.json.encode({**frame, "choices": [choice], "usage": usage(speech, body)})


def head(request: ChatRequest, kind: str, number: int) -> Json:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1, "model": request.model}


def finish_reason(speech: Speech) -> str:
    return "tool_calls" if speech.call else "stop"


def event(chunk: Json) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(chunk)
