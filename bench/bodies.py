"""The requests of the bench: one conversation, written as Anthropic Messages and as OpenAI chat.

`small` is 0.4 KB. `big` copies the shape of a coding agent's request: a system prompt in two blocks, 30 tools and a
history of 50 messages with tool calls and results, 212 KB. The same seed every time: the bytes never change.
"""

import json
import random
from typing import Literal

from msgspec import Struct

Size = Literal["small", "big"]
Api = Literal["anthropic", "openai"]
Json = dict[str, object]

PATH: dict[Api, str] = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}

VOCABULARY = (
    "the a file function returns when value is read write error test line path config user "
    "request model stream token buffer parse build check cache route server client header body "
    "list string number object schema must should can if then else while for each import class"
)
WORDS = VOCABULARY.split()
TRICKY = ['"quoted"', "tab\there", "new\nline", "naïve", "日本", "x = {'a': 1}", "C:\\dir"]
CACHED: Json = {"cache_control": {"type": "ephemeral"}}


class ToolCall(Struct, frozen=True):
    id: str
    name: str
    arguments: Json


class ToolResult(Struct, frozen=True):
    call_id: str
    text: str
    as_blocks: bool
    """Anthropic's `content` as a list of blocks, not as a string."""


class Turn(Struct, frozen=True, kw_only=True):
    role: Literal["user", "assistant"]
    text: str = ""
    as_string: bool = False
    """Anthropic's `content` as a string, not as a list of blocks."""
    cached: bool = False
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


class Conversation(Struct, frozen=True, kw_only=True):
    system: tuple[str, ...]
    turns: tuple[Turn, ...]
    tools: tuple[Json, ...] = ()
    """As Anthropic writes them: name, description, input_schema."""
    max_tokens: int
    extra: Json = {}


def request(api: Api, size: Size, model: str, *, stream: bool, port: int) -> bytes:
    """One whole HTTP/1.1 request, head and body."""
    conversation = small() if size == "small" else big()
    write = anthropic if api == "anthropic" else openai
    body = json.dumps(write(conversation, model, stream), ensure_ascii=False, separators=(",", ":")).encode()
    head = [
        f"POST {PATH[api]} HTTP/1.1",
        f"host: 127.0.0.1:{port}",
        "content-type: application/json",
        "anthropic-version: 2023-06-01",
        "x-api-key: sk-bench",
        "authorization: Bearer sk-bench",
        f"content-length: {len(body)}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def small() -> Conversation:
    question = "Write a haiku on a fox who naps in the sun."
    return Conversation(
        system=("You are a helpful assistant.",),
        turns=(Turn(role="user", text=question, as_string=True),),
        max_tokens=1024,
    )


def big() -> Conversation:
    rng = random.Random(7)
    turns = [Turn(role="user", text=_text(rng, 2500)), _calls(rng, 0)]
    for i in range(1, 25):
        turns.append(_results(rng, i - 1))
        if i < 24:
            turns.append(_calls(rng, i))
    turns.append(Turn(role="assistant", text="Done so far.", as_string=True))
    turns.append(Turn(role="user", text="Go on.", cached=True))
    return Conversation(
        system=("You are a coding agent.", _text(rng, 14000)),
        turns=tuple(turns),
        tools=tuple(_tool(rng, i) for i in range(30)),
        max_tokens=32000,
        extra={"temperature": 1, "metadata": {"user_id": "user_0123456789abcdef_account__session_0a1b2c3d"}},
    )


def _calls(rng: random.Random, i: int) -> Turn:
    text = _text(rng, 300)
    first = ToolCall(f"toolu_{i:02d}a", f"Tool{i}", {"arg_0": _text(rng, 180), "arg_1": i})
    return Turn(
        role="assistant", text=text, calls=(first, ToolCall(f"toolu_{i:02d}b", "Tool1", {"arg_0": _text(rng, 60)}))
    )


def _results(rng: random.Random, i: int) -> Turn:
    first = ToolResult(f"toolu_{i:02d}a", _text(rng, 3600), as_blocks=True)
    return Turn(role="user", results=(first, ToolResult(f"toolu_{i:02d}b", _text(rng, 400), as_blocks=False)))


def _text(rng: random.Random, length: int) -> str:
    """At least `length` characters of words; now and then one that JSON must escape."""
    words: list[str] = []
    size = 0
    while size < length:
        word = rng.choice(WORDS)
        if rng.random() < 0.04:
            word = rng.choice(TRICKY)
        words.append(word)
        size += len(word) + 1
    return " ".join(words)


def _tool(rng: random.Random, i: int) -> Json:
    kinds = ("string", "integer", "boolean", "array", "object", "string")
    properties = {f"arg_{k}": _property(rng, kind) for k, kind in enumerate(kinds)}
    properties["arg_5"]["enum"] = ["one", "two", "three"]
    schema: Json = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": ["arg_0"],
        "additionalProperties": False,
    }
    return {"name": f"Tool{i}", "description": _text(rng, 1300), "input_schema": schema}


def _property(rng: random.Random, kind: str) -> Json:
    found: Json = {"type": kind, "description": _text(rng, 90)}
    if kind == "array":
        found["items"] = {"type": "string"}
    if kind == "object":
        found["properties"] = {"key": {"type": "string", "description": _text(rng, 40)}}
        found["additionalProperties"] = False
    return found


# ------------------------------------------------------------------------------------------ as Anthropic Messages


def anthropic(conversation: Conversation, model: str, stream: bool) -> Json:
    body: Json = {"model": model, "max_tokens": conversation.max_tokens, **conversation.extra, "stream": stream}
    if len(conversation.system) == 1:
        body["system"] = conversation.system[0]
    else:
        body["system"] = [{"type": "text", "text": text, **CACHED} for text in conversation.system]
    if conversation.tools:
        body["tools"] = list(conversation.tools)
    body["messages"] = [{"role": turn.role, "content": _content(turn)} for turn in conversation.turns]
    return body


def _content(turn: Turn) -> str | list[Json]:
    if turn.as_string:
        return turn.text
    blocks: list[Json] = []
    for result in turn.results:
        content = [{"type": "text", "text": result.text}] if result.as_blocks else result.text
        blocks.append({"type": "tool_result", "tool_use_id": result.call_id, "content": content})
    if turn.text:
        blocks.append({"type": "text", "text": turn.text, **(CACHED if turn.cached else {})})
    for call in turn.calls:
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
    return blocks


# ------------------------------------------------------------------------------------------ as OpenAI chat


def openai(conversation: Conversation, model: str, stream: bool) -> Json:
    messages: list[Json] = [{"role": "system", "content": "\n".join(conversation.system)}]
    for turn in conversation.turns:
        messages += [{"role": "tool", "tool_call_id": r.call_id, "content": r.text} for r in turn.results]
        if turn.text or turn.calls:
            messages.append(_chat_message(turn))
    body: Json = {"model": model, "max_tokens": conversation.max_tokens, "stream": stream, "messages": messages}
    if stream:
        body["stream_options"] = {"include_usage": True}
    if conversation.tools:
        body["tools"] = [_function(tool) for tool in conversation.tools]
    return body


def _chat_message(turn: Turn) -> Json:
    message: Json = {"role": turn.role, "content": turn.text or None}
    if turn.calls:
        message["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in turn.calls
        ]
    return message


def _function(tool: Json) -> Json:
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}
