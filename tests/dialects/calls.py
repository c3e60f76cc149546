"""Short ways to a call, a stream and its events."""

from typing import Any

import msgspec

from ccr.dialects import DIALECTS, Call, Endpoint, Inbound, Learned
from ccr.dialects.openai_chat.call import ChatCall
from ccr.messages.events import Event, Failed
from ccr.messages.grammar import violation
from ccr.messages.message import Message, fold
from ccr.messages.request import parse_request

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


def request_body(messages: list[dict[str, Any]] | None = None, **fields: Any) -> bytes:
    document = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages or HELLO, **fields}
    return msgspec.json.encode(document)


def inbound(body: bytes, tokens: int = 100) -> Inbound:
    return Inbound(request=parse_request(body), body=body, tokens=tokens, message_id="msg_1")


def endpoint(learned: Learned | None = None, **fields: Any) -> Endpoint:
    return Endpoint(name="backend", url="http://backend/v1", learned=learned or Learned(), **fields)


def chat_call(messages: list[dict[str, Any]] | None = None, learned: Learned | None = None, **fields: Any) -> ChatCall:
    return ChatCall(inbound(request_body(messages, stream=True, **fields)), "m", endpoint(learned))


def streaming_call(dialect: str) -> Call:
    """A call of any dialect that asks for a stream."""
    return DIALECTS[dialect].call(inbound(request_body(stream=True)), "m", endpoint())


def anthropic_call(body: bytes | None = None) -> Call:
    return DIALECTS["anthropic"].call(inbound(body or request_body()), "m", endpoint())


def responses_call(messages: list[dict[str, Any]] | None = None, learned: Learned | None = None, **fields: Any) -> Call:
    body = request_body(messages, **{"stream": True, **fields})
    return DIALECTS["openai-responses"].call(inbound(body), "m", endpoint(learned))


def sent(call: Call) -> dict[str, Any]:
    """The body that goes out, decoded."""
    return msgspec.json.decode(call.outbound.body, type=dict[str, Any])


def frame(document: Any) -> bytes:
    return b"data: " + msgspec.json.encode(document) + b"\n\n"


def chunk(delta: dict[str, Any] | None = None, finish_reason: str | None = None, **fields: Any) -> bytes:
    return frame({"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish_reason}], **fields})


def tool(index: int | None, arguments: Any = None, name: str | None = None, call_id: str | None = None) -> bytes:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    call: dict[str, Any] = {"function": function}
    if index is not None:
        call["index"] = index
    if call_id is not None:
        call["id"] = call_id
    return chunk({"tool_calls": [call]})


def decode(*pieces: bytes, call: Call | None = None) -> list[Event]:
    """All events of a stream that comes in these pieces. Their order is always checked."""
    decoder = (call or chat_call()).decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.finish()
    assert violation(events) == ""
    return events


def message(*pieces: bytes) -> Message:
    return fold(decode(*pieces))


def failure(events: list[Event]) -> str:
    """What the failure at the end says."""
    last = events[-1]
    assert isinstance(last, Failed), last
    return last.error.message
