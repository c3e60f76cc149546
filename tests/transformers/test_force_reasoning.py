"""`forcereasoning`: thoughts asked for in tags, read from them, and sent back in them."""

from typing import Any

import msgspec

from ccr.transformers.force_reasoning import INSTRUCTION, ForceReasoning
from tests.dialects.calls import chunk, tool
from tests.transformers.calls import READ, call_with, content, decoded, sent_with, streamed

STOP = chunk(finish_reason="stop")
SIGNATURE = "ccr-thinking-v1:reasoning_content"
HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "Read a."},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "I need a.", "signature": SIGNATURE},
            {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "A"}]},
]


def blocks(*pieces: str) -> list[tuple[str, Any]]:
    message = streamed(call_with(ForceReasoning()), [*[chunk({"content": piece}) for piece in pieces], STOP])
    return [(block["type"], block.get("thinking", block.get("text"))) for block in content(message)]


def test_the_instruction_follows_what_the_user_says_and_thoughts_go_back_in_tags() -> None:
    messages = sent_with(ForceReasoning(), messages=HISTORY, tools=[READ])["messages"]
    assert messages[0]["content"] == f"Read a.\n\n{INSTRUCTION}"
    assert messages[1]["content"] == "<reasoning_content>\nI need a.\n</reasoning_content>"
    assert "reasoning_content" not in messages[1]
    assert messages[1]["tool_calls"][0]["function"]["name"] == "Read"
    assert messages[2] == {"role": "tool", "tool_call_id": "t1", "content": "A"}


def test_the_prompt_of_a_longer_conversation_begins_as_the_shorter_one_did() -> None:
    longer = [*HISTORY, {"role": "assistant", "content": "It is A."}, {"role": "user", "content": "And b?"}]
    before, after = (sent_with(ForceReasoning(), messages=messages)["messages"] for messages in (HISTORY, longer))
    assert after[: len(before)] == before
    assert INSTRUCTION in after[-1]["content"]


def test_thinking_of_the_backend_s_own_is_not_asked_for() -> None:
    body = sent_with(ForceReasoning(), thinking={"type": "enabled", "budget_tokens": 2000})
    assert "reasoning_effort" not in body
    assert "thinking" not in sent_with(ForceReasoning(), dialect="anthropic", thinking={"type": "adaptive"})


def test_tags_become_thinking_wherever_they_stand() -> None:
    assert blocks("<reasoning_content>hm</reason", "ing_content>Yes.") == [("thinking", "hm"), ("text", "Yes.")]
    assert blocks("Well.<reasoning_", "content>hm</reasoning_content>Yes.") == [
        ("text", "Well."),
        ("thinking", "hm"),
        ("text", "Yes."),
    ]


def test_an_answer_without_tags_is_not_swallowed() -> None:
    assert blocks("Ye", "s <b") == [("text", "Yes <b")]
    assert blocks(" <reasoning") == [("text", " <reasoning")]


def test_a_call_after_the_thought_is_a_call() -> None:
    pieces = [
        chunk({"content": "<reasoning_content>hm</reasoning_content>\n"}),
        tool(0, '{"path":"a"}', "Read", "c1"),
        chunk(finish_reason="tool_calls"),
    ]
    message = streamed(call_with(ForceReasoning(), tools=[READ]), pieces)
    assert [block["type"] for block in content(message)] == ["thinking", "tool_use"]
    assert message.stop_reason == "tool_use"


def test_text_streams_as_it_comes() -> None:
    pieces = [chunk({"content": piece}) for piece in ("a", "b", "c")]
    kinds = [type(event).__name__ for event in decoded(call_with(ForceReasoning()), [*pieces, STOP])]
    assert kinds.count("TextDelta") == 3


def test_twice_is_as_once() -> None:
    once, twice = (call_with(*[ForceReasoning()] * times).outbound.body for times in (1, 2))
    assert msgspec.json.decode(once) == msgspec.json.decode(twice)
