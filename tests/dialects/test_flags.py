"""Deviations of providers: what holds for all of them. Single ones are goldens in tests/wire/openai-chat/flags."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.dialects import Inbound
from ccr.dialects.openai_chat.call import ChatCall
from ccr.dialects.openai_chat.flags import FLAGS, read_flags
from ccr.dialects.openai_chat.reshape import short_id
from ccr.messages.request import parse_request
from tests.dialects.calls import endpoint, request_body, sent
from tests.wire.case import HERE

Json = dict[str, Any]

SHAPES = ("main_turn", "main_turn_330", "main_turn_interactive", "main_turn_older_model", "subagent_general")
"""Requests of the real client: their system texts, tools, opening messages and settings."""
RECORDED = {name: msgspec.json.decode((HERE / "requests" / f"{name}.json").read_bytes())["body"] for name in SHAPES}
GOLDEN = {path.name.partition("-")[0] for path in (HERE / "openai-chat" / "flags").iterdir()}

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
SIGNATURES = st.sampled_from(["ccr-thinking-v1:reasoning", "ccr-thinking-v1:reasoning_content", "EqQBCg"])
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


def test_every_flag_has_a_golden() -> None:
    assert set(FLAGS) == GOLDEN


def test_flags_of_other_dialects_mean_nothing() -> None:
    assert read_flags(frozenset({"some_gemini_flag"})) == read_flags(frozenset())


@st.composite
def turns(draw: st.DrawFn) -> list[list[Json]]:
    """Rounds of a session: what the assistant says, and what follows it before it speaks again."""
    rounds = []
    for number in range(draw(st.integers(1, 4))):
        said: list[Json] = []
        if draw(st.booleans()):
            said.append({"type": "thinking", "thinking": draw(WORDS), "signature": draw(SIGNATURES)})
        if draw(st.booleans()):
            said.append({"type": "text", "text": draw(WORDS)})
        calls = [f"toolu_{number}_{i}" for i in range(draw(st.integers(0, 3)))]
        said += [{"type": "tool_use", "id": call, "name": "Bash", "input": {"command": draw(WORDS)}} for call in calls]
        if not calls:  # thinking alone, left out, is no turn: the user's words around it are then one message
            said.append({"type": "text", "text": "Well."})
        content = st.sampled_from(["done", "", [{"type": "text", "text": "done"}], [IMAGE]])
        replied: list[Json] = [
            {"type": "tool_result", "tool_use_id": call, "content": draw(content)}
            for call in draw(st.permutations(calls))
        ]
        if draw(st.booleans()) or not calls:
            replied.append({"type": "text", "text": draw(WORDS)})
        after: list[Json] = [{"role": "assistant", "content": said}, {"role": "user", "content": replied}]
        if draw(st.booleans()):
            after.append({"role": "system", "content": draw(WORDS)})
        rounds.append(after)
    return rounds


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SHAPES), turns(), st.sets(st.sampled_from(FLAGS), max_size=6))
def test_a_growing_session_only_appends_under_all_flags(shape: str, rounds: list[list[Json]], flags: set[str]) -> None:
    recorded = RECORDED[shape]
    before: list[bytes] = []
    rest: Json = {}
    history: list[Json] = list(recorded["messages"])
    for following in ([], *rounds):
        history += following
        body = outgoing({**recorded, "messages": as_sent(history)}, frozenset(flags))
        messages = [msgspec.json.encode(unmarked(message)) for message in body.pop("messages")]
        assert messages[: len(before)] == before
        assert body == (rest or body), "tools and settings stay as they are"
        before, rest = messages, body


def as_sent(history: list[Json]) -> list[Json]:
    """The client's habit: the newest message as a list with a cache mark, older ones without, single texts bare."""
    sent = []
    for i, message in enumerate(history):
        content = message["content"]
        blocks: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else content
        blocks = [{key: value for key, value in block.items() if key != "cache_control"} for block in blocks]
        if i == len(history) - 1 and blocks:
            blocks[-1]["cache_control"] = {"type": "ephemeral"}
        only = len(blocks) == 1 and blocks[0]["type"] == "text" and i < len(history) - 1
        sent.append({**message, "content": blocks[0]["text"] if only else blocks})
    return sent


def unmarked(message: Json) -> Json:
    """Without cache marks, which move with the newest message and are no part of the prompt."""
    if not isinstance(message["content"], list):
        return message
    parts = [{key: value for key, value in part.items() if key != "cache_control"} for part in message["content"]]
    return {**message, "content": parts}


def outgoing(document: Json, flags: frozenset[str]) -> Json:
    body = msgspec.json.encode(document)
    headers = {"x-claude-code-session-id": "s", "x-claude-code-agent-id": "a"}
    return sent(ChatCall(Inbound(request=parse_request(body), body=body, headers=headers), "m", endpoint(flags=flags)))


@given(st.text())
def test_short_ids_are_nine_letters_and_digits_and_stay_themselves(call_id: str) -> None:
    short = short_id(call_id)
    assert len(short) == 9
    assert short.isascii()
    assert short.isalnum()
    assert short_id(short) == short


def test_what_a_flag_adds_is_withdrawn_when_it_is_refused() -> None:
    flagged = endpoint(flags=frozenset({"prompt_cache_key"}))
    body = request_body()
    inbound = Inbound(request=parse_request(body), body=body, headers={"x-claude-code-session-id": "s"})
    call = ChatCall(inbound, "m", flagged)
    assert sent(call)["prompt_cache_key"] == "s"
    error = call.error(400, {}, b'{"error": {"message": "Unrecognized request argument supplied: prompt_cache_key"}}')
    assert error.retry == "same"
    assert "prompt_cache_key" not in sent(ChatCall(inbound, "m", flagged))


@pytest.mark.parametrize("flag", ["prompt_cache_key", "session_id"])
def test_without_a_session_no_name_is_invented(flag: str) -> None:
    assert flag not in outgoing_plain(frozenset({flag}))


def outgoing_plain(flags: frozenset[str]) -> Json:
    body = request_body()
    return sent(ChatCall(Inbound(request=parse_request(body), body=body), "m", endpoint(flags=flags)))
