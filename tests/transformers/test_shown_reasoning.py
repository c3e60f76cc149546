"""Answers that came wholly as reasoning, and those that did not."""

import pytest

from ccr.errors import UpstreamError
from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    SignatureDelta,
    StopReason,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.grammar import violation
from ccr.messages.message import AnswerBlock, TextBlock, ThinkingBlock, fold
from ccr.transformers.shown_reasoning import ShownReasoning
from tests.transformers.answers import START, content, end, text_block, watcher


def thinking_block(index: int, *pieces: str) -> list[Event]:
    deltas = [ThinkingDelta(index, str_literal(piece)) for piece in pieces]
    return [ThinkingStart(index), *deltas, SignatureDelta(index, "sig"), BlockStop(index)]


def filtered(events: list[Event], size: int = 1) -> list[Event]:
    one = ShownReasoning()
    batches = [events[at : at + size] for at in range(0, len(events), size)]
    out = [event for batch in batches for event in one.feed(batch)]
    assert violation(out) == ""
    return out


def blocks(*events: Event, stop_reason: StopReason = "end_turn") -> list[AnswerBlock]:
    answer = [START, *events, *end(stop_reason)]
    told = [fold(filtered(answer, size)).content for size in (1, 3, len(answer))]
    assert told[0] == told[1] == told[2]
    return told[0]


@pytest.mark.parametrize("stop_reason", ["end_turn", "stop_sequence"])
def test_reasoning_that_is_all_there_is_follows_as_text(stop_reason: StopReason) -> None:
    told = blocks(*thinking_block(0, "\n\n", "\nThe answer", " is 4."), stop_reason=stop_reason)
    assert told == [ThinkingBlock("\n\n\nThe answer is 4.", "sig"), TextBlock("The answer is 4.")]


@pytest.mark.parametrize("stop_reason", ["max_tokens", "refusal", "model_context_window_exceeded"])
def test_an_answer_that_was_cut_is_not_shown(stop_reason: StopReason) -> None:
    assert blocks(*thinking_block(0, "First I"), stop_reason=stop_reason) == [ThinkingBlock("First I", "sig")]


def test_reasoning_before_a_text_stays_reasoning() -> None:
    assert blocks(*thinking_block(0, "Hm."), *text_block(1, ["\n", "4."])) == [
        ThinkingBlock("Hm.", "sig"),
        TextBlock("\n4."),
    ]


def test_reasoning_before_a_call_stays_reasoning() -> None:
    call: list[Event] = [ToolUseStart(1, "toolu_1", "Bash"), InputJsonDelta(1, b'"{}"'), BlockStop(1)]
    events = [START, *thinking_block(0, "Hm."), *call, *end("tool_use")]
    assert filtered(events) == events


def test_a_blank_text_is_none_and_gives_its_place() -> None:
    told = blocks(*thinking_block(0, "4."), *text_block(1, ["\n", " "]))
    assert told == [ThinkingBlock("4.", "sig"), TextBlock("4.")]


def test_a_blank_text_between_stays_where_it_is() -> None:
    told = blocks(*thinking_block(0, "2 and 2"), *text_block(1, [" "]), *thinking_block(2, "4."))
    assert told[1:] == [TextBlock(" "), ThinkingBlock("4.", "sig"), TextBlock("2 and 2\n\n4.")]


@pytest.mark.parametrize("thoughts", [[], ["\n", "  "]])
def test_an_empty_answer_stays_empty(thoughts: list[str]) -> None:
    before = thinking_block(0, *thoughts) if thoughts else []
    events = [START, *before, *text_block(1 if before else 0, []), *end()]
    assert filtered(events) == events


def test_halves_of_a_character_are_shown_as_they_came() -> None:
    halves: list[Event] = [ThinkingDelta(0, b'"\\ud83d'), ThinkingDelta(0, b'\\ude00"')]
    halves = [ThinkingDelta(0, b'"\\ud83d"'), ThinkingDelta(0, b'"\\ude00"')]
    told = blocks(ThinkingStart(0), *halves, SignatureDelta(0, "sig"), BlockStop(0))
    assert told == [ThinkingBlock("😀", "sig"), TextBlock("😀")]


def test_a_failure_shows_nothing() -> None:
    failure = Failed(UpstreamError("backend", "body", "broke off"))
    events = [START, *thinking_block(0, "4."), *text_block(1, [" "])[:-1], failure]
    assert filtered(events) == events


def test_with_the_first_words_of_text_there_is_nothing_left_to_do() -> None:
    one = ShownReasoning()
    one.feed([START, *thinking_block(0, "Hm.")])
    assert not one.idle
    one.feed(text_block(1, ["4."])[:2])
    assert one.idle
    assert one._thinking == []


def test_a_call_among_the_reasoning_becomes_one_in_the_filter_behind() -> None:
    written = '<tool_call>{"name": "Bash", "arguments": {"command": "ls"}}</tool_call>'
    one, behind = ShownReasoning(), watcher()
    events = [START, *thinking_block(0, "I look.\n", written), *end()]
    message = fold([told for event in events for told in behind.feed(one.feed([event]))])
    assert content(message)[1:] == ["I look.\n", ("Bash", {"command": "ls"})]
    assert message.stop_reason == "tool_use"
