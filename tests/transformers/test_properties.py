"""What holds for every filter and every answer: legal order, and the same however the events come."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.grammar import violation
from ccr.messages.message import fold
from ccr.transformers.filter import Filter, is_idle
from ccr.transformers.force_reasoning import CLOSE, OPEN
from ccr.transformers.think_tags import ALL_TAGS, ThinkTags
from ccr.transformers.tool_use import EXIT, ExitCalls

FILTERS: dict[str, Callable[[], Filter]] = {
    "tags": lambda: ThinkTags("s"),
    "more tags": lambda: ThinkTags("s", ALL_TAGS),
    "opened": lambda: ThinkTags("s", opened=True),
    "anywhere": lambda: ThinkTags("s", {OPEN: CLOSE}, anywhere=True),
    "exits": ExitCalls,
}
WORDS = ["<think>", "</think>", OPEN, CLOSE, "<thinking>", "</thinking>", "<", "</th", "a", "b ", " ", "\n", '"', "é"]
PIECES = st.lists(st.sampled_from(WORDS), max_size=6)
CALLS = st.tuples(
    st.sampled_from([EXIT, "Read"]), st.dictionaries(st.sampled_from(["response", "x"]), st.text(max_size=9))
)
BLOCKS = st.lists(st.tuples(st.just("text"), PIECES) | st.tuples(st.just("thinking"), PIECES) | CALLS, max_size=4)


def events_of(blocks: list[tuple[str, Any]]) -> list[Event]:
    out: list[Event] = [MessageStart("msg_1", "m", 1)]
    for index, (kind, value) in enumerate(blocks):
        if kind == "text":
            out += [TextStart(index), *[TextDelta(index, str_literal(piece)) for piece in value]]
        elif kind == "thinking":
            out += [ThinkingStart(index), *[ThinkingDelta(index, str_literal(piece)) for piece in value]]
            out.append(SignatureDelta(index, "own"))
        else:
            text = json.dumps(value)
            out.append(ToolUseStart(index, f"t{index}", kind))
            out += [InputJsonDelta(index, str_literal(text[at : at + 5])) for at in range(0, len(text), 5)]
        out.append(BlockStop(index))
    calls = any(kind not in ("text", "thinking") for kind, _ in blocks)
    return [*out, MessageDelta("tool_use" if calls else "end_turn"), MessageStop()]


def filtered(make: Callable[[], Filter], events: list[Event], cuts: list[int]) -> list[Event]:
    one = make()
    places = sorted({0, 1, len(events), *[cut for cut in cuts if cut < len(events)]})
    batches = [events[begin:end] for begin, end in itertools.pairwise(places)]
    return [event for batch in batches for event in (batch if is_idle(one) else one.feed(batch))]


@pytest.mark.parametrize("name", FILTERS)
@settings(max_examples=150, deadline=None)
@given(blocks=BLOCKS, cuts=st.lists(st.integers(1, 40), max_size=5))
def test_what_leaves_is_legal_and_does_not_depend_on_the_batches(name: str, blocks: Any, cuts: list[int]) -> None:
    events = events_of(blocks)
    out = filtered(FILTERS[name], events, cuts)
    assert violation(out) == ""
    message = fold(out)
    assert message == fold(filtered(FILTERS[name], events, [*range(len(events))]))
    has_calls = any(type(event) is ToolUseStart for event in out)
    assert has_calls == (message.stop_reason == "tool_use")


@pytest.mark.parametrize("name", FILTERS)
@settings(max_examples=50, deadline=None)
@given(blocks=BLOCKS, at=st.integers(1, 40))
def test_a_failure_anywhere_is_the_last_event(name: str, blocks: Any, at: int) -> None:
    events = events_of(blocks)[:-2][:at]
    broken: Any = Failed(None)  # type: ignore[arg-type]  # only its place matters
    out = filtered(FILTERS[name], [*events, broken], [*range(40)])
    assert violation(out) == ""
    assert type(out[-1]) is Failed
