"""Short ways to an answer's events and what a filter makes of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ccr.messages.events import (
    BlockStop,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    StopReason,
    TextDelta,
    TextStart,
    str_literal,
)
from ccr.messages.grammar import violation
from ccr.messages.message import Message, TextBlock, ToolUseBlock, fold
from ccr.messages.request import Tool
from ccr.transformers.text_calls import TextCalls


def tool(name: str, **properties: str) -> Tool:
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return Tool(name=name, input_schema=msgspec.Raw(msgspec.json.encode(schema)))


TOOLS = [
    tool("Bash", command="string", timeout="number", background="boolean"),
    tool("Read", file_path="string", limit="integer"),
    tool("mcp__notes__find-all", tags="array"),
    tool("Stop"),
]
START = MessageStart("msg_1", "m", 5)


def counter() -> Callable[[], str]:
    made = iter(range(1, 1000))
    return lambda: f"toolu_{next(made)}"


def watcher(tools: Sequence[Tool] | None = TOOLS, shortened: dict[str, str] | None = None) -> TextCalls:
    return TextCalls(tools, counter(), shortened)


def text_block(index: int, pieces: Iterable[str]) -> list[Event]:
    return [TextStart(index), *(TextDelta(index, str_literal(piece)) for piece in pieces), BlockStop(index)]


def end(stop_reason: StopReason = "end_turn") -> list[Event]:
    return [MessageDelta(stop_reason), MessageStop()]


def through(events: Iterable[Event], one: TextCalls | None = None) -> list[Event]:
    """What comes out when every event comes alone."""
    one = one or watcher()
    out = [event for given in events for event in one.feed([given])]
    assert violation(out) == ""
    return out


def answer(*pieces: str, stop_reason: StopReason = "end_turn") -> Message:
    """An answer of one text, filtered."""
    return fold(through([START, *text_block(0, pieces), *end(stop_reason)]))


def content(message: Message) -> list[Any]:
    """Texts as they are, calls as (name, input)."""
    told: list[Any] = []
    for block in message.content:
        if isinstance(block, ToolUseBlock):
            told.append((block.name, msgspec.json.decode(block.input)))
        elif isinstance(block, TextBlock):
            told.append(block.text)
        else:
            told.append(block)
    return told
