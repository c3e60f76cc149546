"""Requests that go out as chat completions: what turns into what, and what never changes."""

from typing import Any

import msgspec
import pytest

from ccr.dialects import Inbound
from ccr.dialects.openai_chat.call import ChatCall
from ccr.messages.request import PLACEHOLDER_TOOL, parse_request
from tests.dialects.calls import chat_call, endpoint, sent
from tests.wire.case import HERE

RECORDED = sorted(
    path for path in (HERE / "requests").glob("*.json") if path.stem not in ("head_root", "models_discovery")
)


def recorded(path: Any) -> dict[str, Any]:
    document = msgspec.json.decode(path.read_bytes())["body"]
    assert isinstance(document, dict)
    return document


def outgoing(document: dict[str, Any]) -> dict[str, Any]:
    body = msgspec.json.encode(document)
    return sent(ChatCall(Inbound(request=parse_request(body), body=body), "m", endpoint()))


def messages(*turns: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = sent(chat_call(list(turns), **fields))["messages"]
    return out


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": c} if isinstance(c, str) else c for c in content]}


def calls(*ids: str) -> dict[str, Any]:
    blocks = [{"type": "tool_use", "id": i, "name": "Bash", "input": {"n": i}} for i in ids]
    return {"role": "assistant", "content": blocks}


def result(call_id: str, content: Any = "done", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **fields}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_request_goes_out_in_good_order(path: Any) -> None:
    out = outgoing(recorded(path))
    raw = msgspec.json.encode(out)
    for foreign in (b"cache_control", b"x-anthropic-billing-header", b"defer_loading", b"signature"):
        assert foreign not in raw
    assert PLACEHOLDER_TOOL not in [tool["function"]["name"] for tool in out.get("tools", [])]
    waiting: list[str] = []
    before = ""
    for i, one in enumerate(out["messages"]):
        assert one["role"] != "system" or i == 0
        assert one["role"] == "tool" or not waiting, "results follow their call at once"
        assert (one["role"], before) not in (("user", "user"), ("assistant", "assistant"))
        if one["role"] == "tool":
            assert one["tool_call_id"] == waiting.pop(0)
        if one["role"] == "assistant":
            assert one["content"] or one.get("tool_calls")
            waiting = [call["id"] for call in one.get("tool_calls", [])]
        before = one["role"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_growing_conversation_only_appends(path: Any) -> None:
    document = recorded(path)
    turns = document["messages"]
    ends = [i for i, turn in enumerate(turns) if turn["role"] == "assistant"] + [len(turns)]
    previous: list[bytes] = []
    for end in ends:
        if end == 0:
            continue
        part = [moved(turn, last=i == end - 1) for i, turn in enumerate(turns[:end])]
        out = [msgspec.json.encode(one) for one in outgoing({**document, "messages": part})["messages"]]
        assert out[: len(previous)] == previous
        previous = out


def moved(turn: dict[str, Any], *, last: bool) -> dict[str, Any]:
    """As the client writes it: the newest turn as a list with a cache mark, older ones without, single texts bare."""
    content = turn["content"]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    blocks = [{key: value for key, value in block.items() if key != "cache_control"} for block in blocks]
    if last and blocks:
        blocks[-1]["cache_control"] = {"type": "ephemeral"}
    elif len(blocks) == 1 and blocks[0]["type"] == "text":
        return {**turn, "content": blocks[0]["text"]}
    return {**turn, "content": blocks}


def test_results_come_in_the_order_of_the_calls_before_everything_else() -> None:
    out = messages(user("go"), calls("a", "b"), user("and", result("b", "B"), result("a", "A")))
    assert [one["role"] for one in out] == ["user", "assistant", "tool", "tool", "user"]
    assert [one["content"] for one in out[2:]] == ["A", "B", "and"]


def test_a_missing_result_is_said_and_an_orphan_becomes_text() -> None:
    out = messages(user("go"), calls("a"), user(result("z", "Z")))
    assert "no result" in out[2]["content"]
    assert "Z" in out[3]["content"]


def test_a_failed_call_says_so() -> None:
    assert messages(user("go"), calls("a"), user(result("a", "x", is_error=True)))[2]["content"] == "[tool error] x"


def test_a_tool_reference_is_told_in_words() -> None:
    loaded = result("a", [{"type": "tool_reference", "tool_name": "WebFetch"}])
    assert "WebFetch" in messages(user("go"), calls("a"), user(loaded))[2]["content"]


def test_an_image_of_a_result_follows_all_results() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    out = messages(user("go"), calls("a", "b"), user(result("a", [image]), result("b")))
    assert [one["role"] for one in out[2:]] == ["tool", "tool", "user"]
    assert out[4]["content"][1]["image_url"]["url"] == "data:image/png;base64,AAAA"


def test_a_system_message_in_mid_conversation_stays_in_its_place() -> None:
    out = messages(user("a"), {"role": "system", "content": "note"}, system="first")
    assert [one["role"] for one in out] == ["system", "user"]
    assert out[1]["content"] == "a\n\n<system-reminder>\nnote\n</system-reminder>"


def test_an_empty_system_message_leaves_no_trace() -> None:
    assert messages(user("a"), {"role": "system", "content": []}) == [{"role": "user", "content": "a"}]


def test_an_assistant_turn_without_words_joins_the_users_turns() -> None:
    assert [one["role"] for one in messages(user("a"), {"role": "assistant", "content": []}, user("b"))] == ["user"]


def test_thinking_goes_back_under_the_name_it_came_with() -> None:
    for name in ("reasoning", "reasoning_content"):
        thought = {"type": "thinking", "thinking": "hm", "signature": f"ccr-thinking-v1:{name}"}
        assert messages(user("a"), {"role": "assistant", "content": [thought]}, user("b"))[1][name] == "hm"


def test_tools_without_properties_get_them_and_long_names_are_shortened_and_restored() -> None:
    name = "mcp__" + "x" * 100
    call = chat_call(tools=[{"name": name, "input_schema": {"type": "object"}}, {"name": PLACEHOLDER_TOOL}])
    (function,) = [tool["function"] for tool in sent(call)["tools"]]
    assert len(function["name"]) == 64
    assert function["parameters"]["properties"] == {}
    answer = {"message": {"tool_calls": [{"id": "c", "function": {"name": function["name"], "arguments": "{}"}}]}}
    whole = msgspec.json.encode({"choices": [{**answer, "finish_reason": "stop"}]})
    assert msgspec.json.decode(call.answer(whole).body)["content"][0]["name"] == name


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"type": "any"}, "required"), ({"type": "none"}, "none"), ({"type": "auto"}, None), ({"type": "new"}, None),
     ({"type": "tool", "name": "B"}, {"type": "function", "function": {"name": "B"}}),
     ({"type": "tool", "name": "gone"}, None)],
)  # fmt: skip
def test_tool_choice(given: Any, expected: Any) -> None:
    assert sent(chat_call(tools=[{"name": "B"}], tool_choice=given)).get("tool_choice") == expected
