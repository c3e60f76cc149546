"""What holds for every stream, however it is cut and whatever it interleaves."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.dialects import DIALECTS, Call
from ccr.messages.events import Event, Failed, MessageDelta, MessageStop, ToolUseStart, Verbatim
from ccr.messages.grammar import violation
from ccr.messages.message import Message, ToolUseBlock, fold
from tests.dialects.calls import anthropic_call, chat_call, chunk, decode, streaming_call, tool
from tests.wire.case import HERE

TRANSLATING = [name for name in DIALECTS if name != "anthropic"]
SAMPLES = [path for name in TRANSLATING for path in sorted((HERE / name).rglob("upstream.sse"))]
"""Every streamed answer among the goldens: a new dialect is in by having some."""
PASSED = sorted(
    path for server in ("llama-server", "vllm") for path in (HERE / "anthropic" / server).rglob("upstream.sse")
)
SMALL = settings(max_examples=60, deadline=None)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
ARGUMENTS = st.dictionaries(TEXTS, TEXTS | st.integers(0, 9), max_size=3)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@SMALL
@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 10**6), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_split_of_the_bytes_gives_the_same_events(sample: Any, places: list[int], newline: bytes) -> None:
    data = sample.read_bytes().replace(b"\r\n", b"\n") + b"\n"  # so that a CR at the end is seen to be one
    pieces = cut(data.replace(b"\n", newline), places)
    assert comparable(decode(*pieces, call=call_of(sample))) == comparable(decode(data, call=call_of(sample)))


@pytest.mark.parametrize("sample", SAMPLES[::4], ids=lambda path: "/".join(path.parts[-4:-1]))
def test_byte_by_byte_gives_the_same_events(sample: Any) -> None:
    data = sample.read_bytes()
    pieces = [data[i : i + 1] for i in range(len(data))]
    assert comparable(decode(*pieces, call=call_of(sample))) == comparable(decode(data, call=call_of(sample)))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: "/".join(path.parts[-4:-1]))
def test_a_cut_is_a_failure_or_comes_after_the_end_mark(sample: Any) -> None:
    data = sample.read_bytes()
    for length in range(0, len(data), max(1, len(data) // 50)):
        decoder = call_of(sample).decoder()
        events = [*decoder.feed(data[:length]), *decoder.finish()]
        assert violation(events) == ""
        assert isinstance(events[-1], Failed) or decoder.finished


def call_of(sample: Any) -> Call:
    return streaming_call(sample.relative_to(HERE).parts[0])


def comparable(events: list[Event]) -> list[Any]:
    return [str(event.error) if isinstance(event, Failed) else event for event in events]


@SMALL
@given(st.sampled_from(PASSED), st.lists(st.integers(0, 10**6), max_size=12), st.sampled_from([b"\n", b"\r\n"]))
def test_passed_bytes_stay_as_they_are_however_they_are_cut(sample: Any, places: list[int], newline: bytes) -> None:
    data = sample.read_bytes().replace(b"\n", newline)
    decoder = anthropic_call().decoder()
    events = [event for piece in cut(data, places) for event in decoder.feed(piece)] + decoder.finish()
    assert b"".join(event.data for event in events if isinstance(event, Verbatim)) == data
    assert decoder.finished


STREAM = (
    chunk({"role": "assistant", "content": ""})
    + chunk({"reasoning_content": "I think."})
    + chunk({"content": "Grüße"})
    + tool(0, "", "Bash", "call_1")
    + tool(0, '{"command":')
    + tool(0, '"ls"}')
)
END = chunk({}, "tool_calls")


def test_a_cut_at_any_byte_before_the_end_mark_is_a_failure() -> None:
    data = STREAM + END
    mark = len(data) - len(b"\n\n")
    for length in range(mark):
        events = decode(data[:length])
        assert isinstance(events[-1], Failed)
        assert not any(isinstance(event, MessageDelta | MessageStop) for event in events)
    for length in range(mark, len(data) + 1):
        assert fold(decode(data[:length])).stop_reason == "tool_use"


def test_a_cut_at_any_byte_before_message_stop_is_a_failure() -> None:
    data = (HERE / "anthropic/vllm/text/upstream.sse").read_bytes()
    end = data.index(b'{"type":"message_stop"') + len(b'{"type":"message_stop"}')
    for length in range(0, end, 3):
        decoder = anthropic_call().decoder()
        events = [*decoder.feed(data[:length]), *decoder.finish()]
        assert isinstance(events[-1], Failed)
        assert not decoder.finished


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    calls = draw(st.lists(ARGUMENTS, max_size=4))
    return {
        "reasoning": draw(TEXTS),
        "content": draw(TEXTS),
        "tool_calls": [
            {"id": f"call_{i}", "function": {"name": f"tool_{i}", "arguments": msgspec.json.encode(arguments).decode()}}
            for i, arguments in enumerate(calls)
        ],
    }


@SMALL
@given(answers(), st.randoms(use_true_random=False))
def test_a_stream_tells_the_same_message_as_the_whole_answer(answer: dict[str, Any], random: Any) -> None:
    whole = {"choices": [{"message": answer, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}
    told = msgspec.json.decode(chat_call().answer(msgspec.json.encode(whole)).body)
    frames = [chunk({"reasoning": piece}) for piece in pieces_of(answer["reasoning"], random)]
    frames += [chunk({"content": piece}) for piece in pieces_of(answer["content"], random)]
    for i, call in enumerate(answer["tool_calls"]):
        frames.append(tool(i, None, call["function"]["name"], call["id"]))
        frames += [tool(i, piece) for piece in pieces_of(call["function"]["arguments"], random)]
    frames.append(chunk({}, "stop", usage={"prompt_tokens": 7}))
    assert msgspec.json.decode(fold(decode(*frames)).encode()) == told


def pieces_of(text: str, random: Any) -> list[str]:
    places = sorted(random.randint(0, len(text)) for _ in range(random.randint(0, 4)))
    edges = [0, *places, len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@SMALL
@given(st.lists(ARGUMENTS, min_size=2, max_size=5), st.randoms(use_true_random=False), st.booleans())
def test_parallel_calls_interleaved_in_any_way_come_out_whole(
    arguments: list[dict[str, Any]], random: Any, with_ids: bool
) -> None:
    queues = []
    for i, one in enumerate(arguments):
        call_id = f"call_{i}" if with_ids else None
        texts = pieces_of(msgspec.json.encode(one).decode(), random)
        queues.append([tool(i, None, f"tool_{i}", call_id), *(tool(i, text) for text in texts)])
    frames = []
    while any(queues):
        frames.append(random.choice([queue for queue in queues if queue]).pop(0))
        if random.random() < 0.2:
            frames.append(chunk({"content": "in between "}))
    events = decode(*frames, chunk({}, "tool_calls"))
    assert inputs(fold(events)) == {f"tool_{i}": one for i, one in enumerate(arguments)}
    ids = [event.id for event in events if isinstance(event, ToolUseStart)]
    assert len(set(ids)) == len(arguments)


def inputs(message: Message) -> dict[str, Any]:
    return {
        block.name: msgspec.json.decode(block.input) for block in message.content if isinstance(block, ToolUseBlock)
    }


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, -1, 1.5, "", "x", True, [], {}, [{}], {"index": 0}, "tool_calls", [{"type": "text", "text": "part"}]]
)
ODD_FIELDS = ["content", "reasoning", "reasoning_details", "refusal", "tool_calls", "function_call", "role"]
ODD_DELTA = st.dictionaries(st.sampled_from(ODD_FIELDS), JUNK)
ODD_CHUNK = st.fixed_dictionaries(
    {}, optional={"choices": JUNK | st.lists(st.fixed_dictionaries({"delta": ODD_DELTA, "finish_reason": JUNK}))}
) | st.fixed_dictionaries({"usage": JUNK, "error": JUNK})


@SMALL
@given(st.lists(ODD_CHUNK.map(lambda document: b"data: " + msgspec.json.encode(document) + b"\n\n") | st.binary()))
def test_nonsense_never_breaks_the_grammar(frames: list[bytes]) -> None:
    decode(*frames)
