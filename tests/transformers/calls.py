"""Short ways to a call with transformers, what it sends, and what becomes of an answer."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from ccr.dialects import Call
from ccr.gateway.endpoint import make_call
from ccr.gateway.runtime import Runtime
from ccr.messages.events import Event, Failed, encode
from ccr.messages.grammar import violation
from ccr.messages.message import Message, fold
from ccr.providers import Provider
from ccr.providers.provider import DialectName
from ccr.transformers import Transformer, chain
from tests.dialects.calls import inbound, request_body

READ = {"name": "Read", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}


def call_with(
    *transformers: Transformer,
    dialect: DialectName = "openai-chat",
    model: str = "m",
    messages: list[dict[str, Any]] | None = None,
    runtime: Runtime | None = None,
    **fields: Any,
) -> Call:
    provider = Provider(name="backend", url="http://backend/v1", dialect=dialect, transformers=chain(*transformers))
    body = request_body(messages, **{"stream": True, **fields})
    return make_call(provider, model, inbound(body), runtime or Runtime(client=cast(Any, None)))


def sent_with(*transformers: Transformer, **fields: Any) -> dict[str, Any]:
    """The body that goes out, decoded."""
    return msgspec.json.decode(call_with(*transformers, **fields).outbound.body, type=dict[str, Any])


def decoded(call: Call, pieces: Sequence[bytes]) -> list[Event]:
    """The events of a stream that comes in these pieces; their order is checked, and what the decoder says of them."""
    decoder = call.decoder()
    events: list[Event] = []
    for piece in pieces:
        events += decoder.feed(piece)
        assert decoder.content_begun == has_content(events)
    events += decoder.finish()
    assert decoder.ended
    assert violation(events) == ""
    return events


def has_content(events: list[Event]) -> bool:
    return any(type(event).__name__ not in ("MessageStart", "Failed") for event in events)


def streamed(call: Call, pieces: Sequence[bytes]) -> Message:
    return fold(decoded(call, pieces))


def wire(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The data of the frames that a client reads."""
    data = encode([event for event in events if not isinstance(event, Failed)])
    lines = [line[6:] for line in data.decode().splitlines() if line.startswith("data: ")]
    return [msgspec.json.decode(line) for line in lines]


def content(message: Message) -> list[dict[str, Any]]:
    return msgspec.json.decode(msgspec.json.encode(message.content), type=list[dict[str, Any]])
