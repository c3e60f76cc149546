"""What holds for Gemini over turns and under nonsense; single forms are goldens (`tests/wire/gemini`)."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.dialects import DIALECTS, Call
from ccr.dialects.anthropic.rewrite import rewrite
from ccr.dialects.gemini.call import address
from ccr.dialects.gemini.marks import THOUGHT, Mark, of_next, own, read_mark
from ccr.dialects.gemini.schema import MOST_REFERENCES, parameters
from ccr.dialects.gemini.thinking import generation
from ccr.dialects.signature import sign
from ccr.messages.events import Failed
from ccr.messages.grammar import violation
from ccr.messages.message import fold
from tests.dialects.calls import decode, endpoint, frame, inbound, request_body, sent

SMALL = settings(max_examples=60, deadline=None)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)
ARGUMENTS = st.dictionaries(TEXTS, TEXTS | st.integers(0, 9), max_size=3)
Json = dict[str, Any]
SOMETIMES = st.booleans()


def gemini_call(messages: list[Json] | None = None, model: str = "gemini-3-flash", **fields: Any) -> Call:
    body = request_body(messages, stream=True, **fields)
    return DIALECTS["gemini"].call(inbound(body), model, endpoint())


def response(*parts: Json, finish: str = "", **more: Any) -> Json:
    candidate = {"content": {"parts": list(parts), "role": "model"}, **({"finishReason": finish} if finish else {})}
    return {"candidates": [candidate], **more}


@st.composite
def answers(draw: st.DrawFn) -> list[Json]:
    """The parts of one answer: thoughts, a text, calls of which the first is signed."""
    parts: list[Json] = [{"text": text, "thought": True} for text in draw(st.lists(TEXTS, max_size=1))]
    if draw(SOMETIMES) and parts:
        parts[0]["thoughtSignature"] = "b3du"
    for text in draw(st.lists(TEXTS, max_size=1)):
        parts.append({"text": text, **({"thoughtSignature": "dGV4dA=="} if draw(SOMETIMES) else {})})
    arguments = draw(st.lists(ARGUMENTS, max_size=3))
    calls: list[Json] = [{"functionCall": {"name": "Bash", "args": one}} for one in arguments]
    if draw(SOMETIMES) and calls:
        calls[0]["thoughtSignature"] = "Y2FsbA=="
    return parts + calls


@SMALL
@given(answers())
def test_what_the_model_said_comes_back_to_it_part_by_part(parts: list[Json]) -> None:
    message = msgspec.json.decode(gemini_call().answer(msgspec.json.encode(response(*parts, finish="STOP"))).body)
    history = [{"role": "user", "content": "Go."}, {"role": "assistant", "content": message["content"]}]

    contents = sent(gemini_call(history, model="gemini-2.5-pro"))["contents"]

    came_back = [part for content in contents if content["role"] == "model" for part in content["parts"]]
    for part in came_back:
        part.get("functionCall", {}).pop("id", None)
    assert came_back == parts


@SMALL
@given(answers())
def test_a_stream_tells_the_same_message_as_the_whole_answer(parts: list[Json]) -> None:
    whole = gemini_call().answer(msgspec.json.encode(response(*parts, finish="STOP")))
    frames = [frame(response(part)) for part in parts] + [frame(response(finish="STOP"))]
    assert fold(decode(*frames, call=gemini_call())).encode() == whole.body


def test_a_longer_conversation_only_appends() -> None:
    call = {"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "ls"}}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": sign(of_next("c2ln"))}
    turns: list[Json] = [
        {"role": "user", "content": "Go."},
        {"role": "system", "content": "Plan mode."},
        {"role": "assistant", "content": [thought, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "A"}]},
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": [{"type": "text", "text": "More.", "cache_control": {"type": "ephemeral"}}]},
    ]
    bodies = [sent(gemini_call(turns[:length]))["contents"] for length in (2, 4, 6)]
    for earlier, later in pairwise(bodies):
        assert later[: len(earlier)] == earlier


def test_marks_are_read_as_they_were_made() -> None:
    assert read_mark(sign(THOUGHT)) == Mark()
    assert read_mark(sign(own("a:b=="))) == Mark(own="a:b==")
    assert read_mark(sign(of_next("a:b=="))) == Mark(next="a:b==")
    for foreign in ("", "EqMBCkYIBRgCKkA", sign("reasoning"), sign("reasoning_content"), "ccr_123", sign("gemini2")):
        assert read_mark(foreign) is None


def test_our_marks_go_to_no_other_backend() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": sign(own("c2ln"))},
        {"type": "thinking", "thinking": "", "signature": sign(of_next("c2ln"))},
        {"type": "text", "text": "Done."},
    ]
    body = request_body([{"role": "assistant", "content": blocks}, {"role": "user", "content": "More."}])

    chat = DIALECTS["openai-chat"].call(inbound(body), "m", endpoint()).outbound.body

    assert b"c2ln" not in rewrite(body, "claude")
    assert b"c2ln" not in chat
    assert b"Hm." in chat


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://h/v1beta/models/", "https://h/v1beta/models/m%3F:generateContent"),
        ("https://h/v1beta/models", "https://h/v1beta/models/m%3F:generateContent"),
        ("https://h/v1beta/models?key=k", "https://h/v1beta/models/m%3F:generateContent?key=k"),
    ],
)
def test_the_address(url: str, wanted: str) -> None:
    assert address(url, "m?", stream=False) == wanted
    assert "alt=sse" in address(url, "m?", stream=True)


def test_generations() -> None:
    names = ["gemini-2.5-pro", "gemini-3-pro-preview", "gemini-3.1-flash-lite", "gemini-2.0-flash", "gemma-3-27b-it"]
    assert [generation(name) for name in names] == [2.5, 3.0, 3.1, 2.0, 0.0]
    assert generation("gemini-flash-latest") > 4


def test_references_in_layers_do_not_grow_without_end() -> None:
    layers = {f"L{n}": {"type": "array", "items": [{"$ref": f"#/$defs/L{n + 1}"}] * 2} for n in range(40)}
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/L0"}}, "$defs": layers}
    made = parameters(msgspec.json.encode(schema))
    assert made is not None
    assert bytes(made).count(b'"items"') < 2 * MOST_REFERENCES
    assert msgspec.json.decode(made)["$defs"] == layers


JUNK: st.SearchStrategy[Any] = st.sampled_from([None, 1, -1, "", "x", True, [], {}, [{}], {"text": "x"}, "STOP"])
PART = st.dictionaries(st.sampled_from(["text", "thought", "thoughtSignature", "functionCall", "inlineData"]), JUNK)
CANDIDATE = st.dictionaries(st.sampled_from(["content", "finishReason", "groundingMetadata"]), JUNK) | st.builds(
    lambda parts: {"content": {"parts": parts}}, st.lists(PART)
)
CHUNK = st.dictionaries(st.sampled_from(["candidates", "promptFeedback", "usageMetadata", "error"]), JUNK) | st.builds(
    lambda candidates: {"candidates": candidates}, st.lists(CANDIDATE)
)


@SMALL
@given(st.lists(CHUNK.map(frame) | st.binary()))
def test_nonsense_never_breaks_the_grammar(frames: list[bytes]) -> None:
    decoder = gemini_call().decoder()
    events = [event for one in frames for event in decoder.feed(one)] + decoder.finish()
    assert violation(events) == ""
    assert decoder.finished or isinstance(events[-1], Failed)
