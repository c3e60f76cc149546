"""What holds for every answer, however its texts are cut and its events are batched."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.errors import UpstreamError
from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    SignatureDelta,
    StopReason,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.grammar import violation
from ccr.messages.message import Message, TextBlock, ThinkingBlock, ToolUseBlock, fold
from tests.transformers.answers import START, content, end, text_block, tool, watcher
from tests.transformers.notations import NOTATIONS

MANY = settings(max_examples=200, deadline=None)
CALLS = [text for notation in NOTATIONS.values() for text in notation if text]
ODD = [
    "```",
    "```json",
    "~~~",
    "`",
    "\n",
    "\n\n",
    " ",
    "   ",
    "<",
    "[",
    "<tool_call>",
    "</tool_call>",
    "{",
    "ab",
    "😀",
    "ä\x00",
]
FRAGMENTS = st.sampled_from(CALLS) | st.sampled_from(ODD) | st.sampled_from([call[: len(call) // 2] for call in CALLS])
TEXTS = st.lists(FRAGMENTS, max_size=8).map("".join)
REASONS: st.SearchStrategy[StopReason] = st.sampled_from(["end_turn", "max_tokens"])


@st.composite
def pieces_of(draw: st.DrawFn, text: str) -> list[str]:
    how = draw(st.sampled_from(["whole", "characters", "any"]))
    if how == "whole":
        return [text] if text else []
    if how == "characters":
        return list(text)
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    return [text[a:b] for a, b in pairwise(places)]


@st.composite
def answers(draw: st.DrawFn, kinds: str = "text thinking tool failed") -> list[Event]:
    """The events of an answer of several blocks."""
    events: list[Event] = [START]
    blocks = draw(st.lists(st.sampled_from([kind for kind in kinds.split() if kind != "failed"]), max_size=4))
    for index, kind in enumerate(blocks):
        if kind == "text":
            events += text_block(index, draw(TEXTS.flatmap(pieces_of)))
        elif kind == "thinking":
            thought = str_literal(draw(TEXTS))
            events += [
                ThinkingStart(index),
                ThinkingDelta(index, thought),
                SignatureDelta(index, "s"),
                BlockStop(index),
            ]
        else:
            events += [ToolUseStart(index, f"call_{index}", "Bash"), InputJsonDelta(index, b'"{}"'), BlockStop(index)]
    if "failed" in kinds and draw(st.booleans()):
        return [*events[: draw(st.integers(1, len(events)))], Failed(UpstreamError("backend", "body", "broke off"))]
    return [*events, *end(draw(REASONS))]


@st.composite
def batches_of(draw: st.DrawFn, events: list[Event]) -> list[list[Event]]:
    places = sorted(draw(st.sets(st.integers(0, len(events)), max_size=6)) | {0, len(events)})
    return [events[a:b] for a, b in pairwise(places)]


def filtered(batches: list[list[Event]], tools: Any = None) -> list[Event]:
    one = watcher() if tools is None else watcher(tools)
    out = [event for batch in batches for event in one.feed(batch)]
    assert violation(out) == ""
    return out


@MANY
@given(answers().flatmap(batches_of))
def test_the_order_of_events_is_always_legal_and_the_end_is_the_same(batches: list[list[Event]]) -> None:
    out = filtered(batches)
    assert out[-1] == [event for batch in batches for event in batch][-1]


@MANY
@given(TEXTS.flatmap(lambda text: st.tuples(st.just(text), pieces_of(text))), REASONS)
def test_any_split_of_a_text_tells_the_same_message(cut: tuple[str, list[str]], reason: StopReason) -> None:
    text, pieces = cut
    whole = fold(filtered([[START, *text_block(0, [text]), *end(reason)]]))
    assert fold(filtered([[event] for event in [START, *text_block(0, pieces), *end(reason)]])) == whole


@MANY
@given(answers("text thinking tool").flatmap(batches_of))
def test_without_a_declared_tool_everything_passes_unchanged(batches: list[list[Event]]) -> None:
    assert fold(filtered(batches, [tool("Other")])) == fold(event for batch in batches for event in batch)


@MANY
@given(answers("text thinking"))
def test_text_is_never_lost_made_or_moved(events: list[Event]) -> None:
    """Every text stood there before, in the same order; without a call all is the same."""
    before, after = fold(events), fold(filtered([events]))
    assert [b.thinking for b in before.content if isinstance(b, ThinkingBlock)] == [
        b.thinking for b in after.content if isinstance(b, ThinkingBlock)
    ]
    place, whole = 0, "\x01".join(b.text for b in before.content if isinstance(b, TextBlock))
    for block in after.content:
        if isinstance(block, TextBlock):
            assert block.text in whole[place:]
            place = whole.index(block.text, place) + len(block.text)
    if not called(after):
        assert content(after) == content(before)
    assert (after.stop_reason == "tool_use") == called(after)


def called(message: Message) -> bool:
    return any(isinstance(block, ToolUseBlock) for block in message.content)


@MANY
@given(answers("text tool"))
def test_an_answer_with_a_native_call_is_left_alone(events: list[Event]) -> None:
    if any(isinstance(event, ToolUseStart) for event in events):
        assert fold(filtered([[event] for event in events])) == fold(events)


@MANY
@given(st.sampled_from(CALLS), TEXTS.flatmap(pieces_of))
def test_a_failure_lets_out_all_text_that_came(call: str, pieces: list[str]) -> None:
    deltas = text_block(0, [*pieces, call])[1:-1]
    failed = Failed(UpstreamError("backend", "body", "broke off"))
    out = filtered([[START, TextStart(0)], *([delta] for delta in deltas), [failed]])
    assert out[-1] is failed
    assert text_of(out) == text_of(deltas)


def text_of(events: list[Event]) -> str:
    return "".join(
        b.text for b in fold([TextStart(0), *reindexed(events), BlockStop(0)]).content if isinstance(b, TextBlock)
    )


def reindexed(events: list[Event]) -> list[Event]:
    return [event for event in events if type(event).__name__ == "TextDelta"]
