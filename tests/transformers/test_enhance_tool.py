"""`enhancetool`: arguments mended, streamed and whole, for every language."""

from typing import Any

import msgspec
import pytest

from ccr.transformers.enhance_tool import EnhanceTool
from tests.backends.anthropic import event
from tests.dialects.calls import chunk, tool
from tests.transformers.calls import call_with, content, decoded, streamed, wire

READ = {
    "name": "Read",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}}},
}
END = chunk(finish_reason="tool_calls")


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        (['{"path": "a", ', '"limit": "5"}'], {"path": "a", "limit": 5}),
        (["{'path': ", "'a',}"], {"path": "a"}),
        (['{"path": "a"}', '{"path": "a"}'], {"path": "a"}),
    ],
)
def test_arguments_are_mended(pieces: list[str], arguments: dict[str, Any]) -> None:
    calls = [tool(0, "", "Read", "c1"), *[tool(0, piece) for piece in pieces], END]
    (block,) = content(streamed(call_with(EnhanceTool(), tools=[READ]), calls))
    assert block["input"] == arguments


def test_parallel_calls_in_any_order_stay_apart() -> None:
    pieces = [
        tool(0, "{'path':", "Read", "c1"),
        tool(1, "{'path':", "Read", "c2"),
        tool(0, "'a'}"),
        tool(1, "'b'}"),
        END,
    ]
    message = streamed(call_with(EnhanceTool(), tools=[READ]), pieces)
    assert [block["input"] for block in content(message)] == [{"path": "a"}, {"path": "b"}]


def test_arguments_survive_whatever_the_end_is_called() -> None:
    pieces = [tool(0, "{'path': 'a'}", "Read", "c1"), chunk(finish_reason="stop")]
    (block,) = content(streamed(call_with(EnhanceTool(), tools=[READ]), pieces))
    assert block["input"] == {"path": "a"}


def test_what_is_cut_stays_cut() -> None:
    pieces = [tool(0, "{'path': 'rm -rf /tm", "Read", "c1"), chunk(finish_reason="length")]
    (block,) = content(streamed(call_with(EnhanceTool(), tools=[READ]), pieces))
    assert "path" not in block["input"]


def test_on_an_anthropic_endpoint_too() -> None:
    start = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "tool_use", "id": "t", "name": "Read"},
    }
    delta = {"type": "input_json_delta", "partial_json": "{'path': 'a'}"}
    frames = [
        event({"type": "message_start", "message": {"id": "m", "model": "m", "content": [], "usage": {}}}),
        event(start),
        event({"type": "content_block_delta", "index": 0, "delta": delta}),
        event({"type": "content_block_stop", "index": 0}),
        event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}}),
        event({"type": "message_stop"}),
    ]
    decoder = call_with(EnhanceTool(), dialect="anthropic", tools=[READ]).decoder()
    told = wire([one for frame in frames for one in decoder.feed(frame)])
    pieces = "".join(frame["delta"]["partial_json"] for frame in told if "partial_json" in frame.get("delta", {}))
    assert msgspec.json.decode(pieces) == {"path": "a"}


def test_good_arguments_leave_as_they_came() -> None:
    pieces = [tool(0, '{"path":', "Read", "c1"), tool(0, ' "a"}'), END]
    assert decoded(call_with(EnhanceTool(), tools=[READ]), pieces) == decoded(call_with(tools=[READ]), pieces)
