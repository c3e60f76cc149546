"""Thinking between tags: always for OpenAI chat, more of it with `extrathinktag`."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccr.gateway.transformed import FilteredDecoder
from ccr.messages.events import Event, Failed, ThinkingDelta, literal_str
from ccr.transformers.extra_think_tag import ExtraThinkTag
from tests.dialects.calls import chunk, tool
from tests.transformers.calls import READ, call_with, content, decoded, streamed

STOP = chunk(finish_reason="stop")


def said(*pieces: str) -> list[bytes]:
    return [chunk({"content": piece}) for piece in pieces]


def blocks(*pieces: str, **fields: Any) -> list[dict[str, Any]]:
    return content(streamed(call_with(**fields), [*said(*pieces), STOP]))


def thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "ccr-thinking-v1:reasoning_content"}


def text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("\n <think>\n", "</think>\n\n"),
        ("[THINK]", "[/THINK]"),
        ("<thought>", "</thought>"),
        ("◁think▷", "◁/think▷"),
        ("<seed:think>", "</seed:think>"),
    ],
)
def test_a_tag_at_the_start_opens_a_thinking_block(opening: str, closing: str) -> None:
    assert blocks(f"{opening}hm < 2{closing}Yes.") == [thinking("hm < 2"), text("Yes.")]


@given(st.lists(st.integers(0, 40), max_size=8))
def test_however_it_is_cut(cuts: list[int]) -> None:
    whole = " <think>a <b> </thin c</think>\n\nd </think> <think> e"
    places = sorted({0, len(whole), *cuts})
    pieces = [whole[begin:end] for begin, end in pairwise(places)]
    assert blocks(*pieces) == [thinking("a <b> </thin c"), text("d </think> <think> e")]


def test_the_thinking_streams_with_no_more_than_the_beginning_of_a_tag_held_back() -> None:
    events = decoded(call_with(), [*said("<think>a", "b", "c </th", "e", "d</", "think>x"), STOP])
    deltas = [literal_str(event.thinking) for event in events if isinstance(event, ThinkingDelta)]
    assert deltas == ["a", "b", "c ", "</the", "d"]


@pytest.mark.parametrize(
    "plain", ["Use <think> for it.", "< 3", "<thi", "`</think>` ends it", " ", "<thinking>a</thinking>"]
)
def test_other_texts_are_texts(plain: str) -> None:
    events = decoded(call_with(), [*said(*plain), STOP])
    assert blocks(*plain) == ([text(plain)] if plain.strip() else [text("")])
    assert not any(isinstance(event, ThinkingDelta) for event in events)


def test_an_empty_thought_leaves_no_block() -> None:
    assert blocks("<think>\n\n</think>\n\n", "Yes.") == [text("Yes.")]
    assert blocks("<think></think>") == [text("")]


def test_a_thought_that_never_ends_is_a_thought() -> None:
    message = streamed(call_with(), [*said("<think>and so on"), chunk(finish_reason="length")])
    assert content(message) == [thinking("and so on")]
    assert message.stop_reason == "max_tokens"


def test_a_call_after_the_thought_has_the_next_number() -> None:
    pieces = [*said("<think>hm</think>\n"), tool(0, '{"path":"a"}', "Read", "c1"), chunk(finish_reason="tool_calls")]
    message = streamed(call_with(tools=[READ]), pieces)
    assert [block["type"] for block in content(message)] == ["thinking", "tool_use"]
    assert message.stop_reason == "tool_use"


def test_a_text_after_thinking_in_a_field_is_a_text() -> None:
    pieces = [chunk({"reasoning_content": "hm"}), *said("<think>", "is a tag"), STOP]
    assert content(streamed(call_with(), pieces)) == [thinking("hm"), text("<think>is a tag")]


def test_escaped_brackets_and_halves_of_characters_are_read() -> None:
    escaped = rb'data: {"choices":[{"delta":{"content":"\u003cthink\u003ea\u003c/think\u003eb"}}]}' + b"\n\n"
    assert content(streamed(call_with(), [escaped, STOP])) == [thinking("a"), text("b")]
    halves = [rb'data: {"choices":[{"delta":{"content":"%b"}}]}' % half + b"\n\n" for half in (rb"\ud83d", rb"\ude00")]
    assert content(streamed(call_with(), [*said("x"), *halves, STOP])) == [text("x😀")]


def test_the_thought_comes_back_in_the_field_for_it() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [thinking("hm"), text("Yes.")]},
        {"role": "user", "content": "b"},
    ]
    body = msgspec.json.decode(call_with(messages=messages).outbound.body)
    assert body["messages"][1] == {"role": "assistant", "content": "Yes.", "reasoning_content": "hm"}


def test_a_failure_before_anything_is_decided_leaves_room_for_another_backend() -> None:
    decoder = call_with().decoder()
    events = [*decoder.feed(said("<th")[0]), *decoder.finish()]
    assert not decoder.content_begun
    assert [type(event).__name__ for event in events] == ["MessageStart", "Failed"]


def test_a_failure_in_a_thought_keeps_what_was_said() -> None:
    events = decoded(call_with(), said("<think>a</th"))
    assert [literal_str(event.thinking) for event in events if isinstance(event, ThinkingDelta)] == ["a", "</th"]
    assert isinstance(events[-1], Failed)


def test_the_filter_is_gone_once_the_start_has_no_tag() -> None:
    decoder = call_with().decoder()
    assert isinstance(decoder, FilteredDecoder)
    decoder.feed(said("Yes")[0])
    assert decoder._filters == []
    events: list[Event] = [*decoder.feed(said(", sir")[0]), *decoder.feed(STOP), *decoder.finish()]
    assert decoder.stop_reason == "end_turn"
    assert type(events[-1]).__name__ == "MessageStop"


# ------------------------------------------------------------------------------------------------ a lone closing tag


def whole(said: str, **fields: Any) -> list[dict[str, Any]]:
    document = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
    answer = call_with(**fields, stream=False).answer(msgspec.json.encode(document))
    told: list[dict[str, Any]] = msgspec.json.decode(answer.body)["content"]
    return told


def test_in_a_whole_answer_it_counts_on_a_line_of_its_own() -> None:
    assert whole("hm\n</think>\n\nYes.") == [thinking("hm\n"), text("Yes.")]
    for quoted in ("The tag </think> ends it.", "```\na\n</think>\n```", "So <think> opens, and\n</think>\nends it"):
        assert whole(quoted) == [text(quoted)]


def test_in_a_whole_answer_a_whole_pair_counts_too() -> None:
    assert whole("<think>hm</think>Yes.") == [thinking("hm"), text("Yes.")]
    assert whole("Yes.") == [text("Yes.")]


def test_in_a_stream_the_configuration_says_it() -> None:
    opened = call_with(ExtraThinkTag(opened=True))
    assert content(streamed(opened, [*said("h", "m</th", "ink>", "\n\nYes."), STOP])) == [thinking("hm"), text("Yes.")]
    assert content(streamed(opened, [*said("<think>hm</think>Yes."), STOP])) == [thinking("hm"), text("Yes.")]
    pieces = [chunk({"reasoning_content": "hm"}), *said("Yes."), STOP]
    assert content(streamed(opened, pieces)) == [thinking("hm"), text("Yes.")]


def test_a_whole_answer_without_a_closing_tag_is_no_thought() -> None:
    assert whole("Yes.", thinking=None) == [text("Yes.")]
    document = {"choices": [{"message": {"content": "Yes <think>."}, "finish_reason": "stop"}]}
    answer = call_with(ExtraThinkTag(opened=True), stream=False).answer(msgspec.json.encode(document))
    assert msgspec.json.decode(answer.body)["content"] == [text("Yes <think>.")]


def test_opened_counts_only_while_the_client_wants_thinking() -> None:
    call = call_with(ExtraThinkTag(opened=True), thinking={"type": "disabled"})
    assert content(streamed(call, [*said("Yes."), STOP])) == [text("Yes.")]


@pytest.mark.parametrize("tag", ["thinking", "reasoning", "reason", "think"])
def test_extrathinktag_reads_more_tags(tag: str) -> None:
    pieces = [*said(f"<{tag}>hm</{tag}>", "Yes."), STOP]
    assert content(streamed(call_with(ExtraThinkTag()), pieces)) == [thinking("hm"), text("Yes.")]
