"""`tooluse`: forced calls, and ExitTool's call as text."""

from typing import Any

import msgspec
import pytest

from ccr.messages.events import Event, TextDelta
from ccr.transformers.extra_think_tag import ExtraThinkTag
from ccr.transformers.tool_use import EXIT, REMINDER, ToolUse
from tests.dialects.calls import chunk, tool
from tests.transformers.calls import READ, call_with, content, decoded, sent_with, streamed

END = chunk(finish_reason="tool_calls")


def exit_call(*pieces: str) -> list[bytes]:
    return [tool(0, "", EXIT, "c1"), *[tool(0, piece) for piece in pieces]]


def texts(events: list[Event]) -> list[str]:
    return [msgspec.json.decode(event.text) for event in events if isinstance(event, TextDelta)]


def test_a_call_is_required_and_a_way_out_offered() -> None:
    body = sent_with(ToolUse(), tools=[READ], system="You are Kim.")
    assert body["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in body["tools"]] == ["Read", EXIT]
    assert body["messages"][0] == {"role": "system", "content": f"You are Kim.\n\n{REMINDER}"}


def test_the_prompt_of_a_longer_conversation_begins_as_the_shorter_one_did() -> None:
    first = [{"role": "user", "content": "Hello"}]
    longer = [*first, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Go on"}]
    before, after = (sent_with(ToolUse(), tools=[READ], messages=messages) for messages in (first, longer))
    assert after["messages"][: len(before["messages"])] == before["messages"]
    assert after["tools"] == before["tools"]


def test_without_tools_nothing_changes() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert sent_with(ToolUse()) == sent_with()
    assert sent_with(ToolUse(), tools=[search]) == sent_with(tools=[search])


@pytest.mark.parametrize("choice", [{"type": "none"}, {"type": "tool", "name": "Read"}, {"type": "any"}])
def test_the_client_s_own_choice_is_kept(choice: dict[str, str]) -> None:
    assert sent_with(ToolUse(), tools=[READ], tool_choice=choice) == sent_with(tools=[READ], tool_choice=choice)


def test_a_choice_of_an_unknown_shape_is_none() -> None:
    assert sent_with(ToolUse(), tools=[READ], tool_choice="auto")["tool_choice"] == "required"


def test_parallel_calls_stay_forbidden() -> None:
    body = sent_with(ToolUse(), tools=[READ], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)


def test_anthropic_is_not_forced_while_it_thinks() -> None:
    body = sent_with(ToolUse(), dialect="anthropic", tools=[READ], thinking={"type": "adaptive"})
    assert "tool_choice" not in body
    assert body["tools"][1]["name"] == EXIT
    assert sent_with(ToolUse(), dialect="anthropic", tools=[READ])["tool_choice"] == {"type": "any"}


def test_the_response_streams_as_it_comes() -> None:
    pieces = exit_call('{"resp', 'onse": "Hel', "lo\\", "nwor", "ld \\u00e", '9 \\"q\\""', "}")
    events = decoded(call_with(ToolUse(), tools=[READ]), [*pieces, END])
    assert texts(events) == ["Hel", "lo", "\nwor", "ld ", 'é "q"']
    message = streamed(call_with(ToolUse(), tools=[READ]), [*pieces, END])
    assert content(message) == [{"type": "text", "text": 'Hello\nworld é "q"'}]
    assert message.stop_reason == "end_turn"


def test_another_call_beside_it_is_still_to_be_run() -> None:
    pieces = [*exit_call('{"response": "Done."}'), tool(1, '{"path":"a"}', "Read", "c2"), END]
    message = streamed(call_with(ToolUse(), tools=[READ]), pieces)
    assert [block["type"] for block in content(message)] == ["text", "tool_use"]
    assert message.stop_reason == "tool_use"


def test_a_plain_call_is_untouched() -> None:
    pieces = [tool(0, '{"path":"a"}', "Read", "c1"), END]
    assert decoded(call_with(ToolUse(), tools=[READ]), pieces) == decoded(call_with(tools=[READ]), pieces)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"response": ""}', ""),
        ("{}", ""),
        ('{"summary": "x", "response": "late"}', "late"),
        ('{"answer": "other"}', '{"answer": "other"}'),
        ('{"response": ["a"]}', '{"response": ["a"]}'),
        ('{"response": "two\nlines"}', "two\nlines"),
        ('{"response": "dir\\\\"}', "dir\\"),
    ],
)
def test_odd_arguments_lose_nothing(arguments: str, text: str) -> None:
    message = streamed(call_with(ToolUse(), tools=[READ]), [*exit_call(arguments), END])
    assert content(message) == [{"type": "text", "text": text}]
    assert message.stop_reason == "end_turn"


def test_one_that_is_cut_is_no_clean_end() -> None:
    message = streamed(
        call_with(ToolUse(), tools=[READ]), [*exit_call('{"response": "Hel'), chunk(finish_reason="length")]
    )
    assert content(message) == [{"type": "text", "text": "Hel"}]
    assert message.stop_reason == "max_tokens"


def test_a_whole_answer_tells_the_same() -> None:
    document = {
        "choices": [
            {
                "message": {
                    "content": "<reason>hm</reason>",
                    "tool_calls": [{"id": "c", "function": {"name": EXIT, "arguments": '{"response":"Done."}'}}],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3},
    }
    answer = call_with(ToolUse(), ExtraThinkTag(), tools=[READ], stream=False).answer(msgspec.json.encode(document))
    told: dict[str, Any] = msgspec.json.decode(answer.body)
    assert [block["type"] for block in told["content"]] == ["thinking", "text"]
    assert (told["content"][1]["text"], told["stop_reason"], answer.stop_reason) == ("Done.", "end_turn", "end_turn")
    assert told["usage"]["output_tokens"] == 3
