"""What is read from a request's headers and body."""

import json
from typing import Any

import pytest

from tests.routing.requests import (
    BASH,
    BILLING,
    IMAGE,
    TITLE_FORMAT,
    WEB_SEARCH,
    assistant,
    facts,
    system,
    tag,
    text,
    tool_result,
    user,
)

COMPACTION = (
    "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\n"
    "Your task is to create a detailed summary of the conversation so far"
)


# ------------------------------------------------------------------------------------------- session


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"device_id":"d","account_uuid":"","session_id":"0f1e"}', "0f1e"),
        ("user_d41d8cd9_account__session_0f1e", "0f1e"),
        ("user_without_any", ""),
        ('{"session_id": 7}', ""),
        ('{"session_id"', ""),
        ("{" * 5000, ""),
    ],
)
def test_the_session_is_read_from_both_forms_of_the_user_id(user_id: str, session: str) -> None:
    assert facts(metadata={"user_id": user_id}).session == session


def test_the_sessions_header_comes_first() -> None:
    found = facts(headers={"x-claude-code-session-id": "head"}, metadata={"user_id": '{"session_id":"body"}'})

    assert found.session == "head"


@pytest.mark.parametrize("metadata", [None, {}, {"user_id": None}, {"user_id": 7}, "odd", [1]])
def test_a_request_without_a_usable_user_id_has_no_session(metadata: Any) -> None:
    assert facts(metadata=metadata).session == ""


# ------------------------------------------------------------------------------------------ subagent


def test_a_subagent_is_known_by_its_id() -> None:
    found = facts(headers={"x-claude-code-agent-id": "a1"})

    assert (found.is_subagent, found.agent) == (True, "a1")


def test_a_subagent_is_known_by_its_class() -> None:
    assert facts(headers={"x-claude-code-request-class": "subagent"}).is_subagent


def test_a_subagent_is_known_by_its_billing_line() -> None:
    billing = text("x-anthropic-billing-header: cc_version=2.1.330; cc_is_subagent=true;")

    assert facts(system=[billing, text("You are an agent.")]).is_subagent
    assert not facts(system=[BILLING, text("The word cc_is_subagent=true in a prompt.")]).is_subagent


# ---------------------------------------------------------------------------------------- compaction


def test_compaction_is_known_by_its_class() -> None:
    assert facts(headers={"x-claude-code-request-class": "compaction"}).is_compaction


def test_compaction_is_known_by_its_own_header() -> None:
    assert facts(headers={"x-claude-code-compaction": "manual"}).is_compaction


def test_compaction_is_known_by_its_closing_instruction() -> None:
    assert facts(
        user("Hi"), assistant("Hello"), user(tool_result(text("done")), COMPACTION), tools=[BASH]
    ).is_compaction
    assert facts({"role": "user", "content": COMPACTION}).is_compaction


def test_the_instruction_in_the_history_is_no_compaction() -> None:
    assert not facts(user(COMPACTION), assistant("A summary"), user("Go on")).is_compaction
    assert not facts(user(COMPACTION, "and now something else")).is_compaction


def test_a_hint_of_another_class_is_believed() -> None:
    assert not facts(user(COMPACTION), headers={"x-claude-code-request-class": "main"}).is_compaction


# --------------------------------------------------------------------------------------------- title


@pytest.mark.parametrize("key", ["title", "name"])
def test_a_title_request_has_no_tools_and_a_format_of_one_key(key: str) -> None:
    shape = {"type": "json_schema", "schema": {"type": "object", "properties": {key: {"type": "string"}}}}

    assert facts(user("<session>\nHi\n</session>"), tools=[], output_config={"format": shape}).is_title
    assert facts(user("<session>\nHi\n</session>"), tools=[], output_format=shape).is_title


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [BASH], "output_config": {"format": TITLE_FORMAT}},
        {"tools": []},
        {"output_config": {"format": {"type": "json_schema", "schema": {"properties": {"title": {}, "body": {}}}}}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"properties": []}}}},
        {"output_config": {"format": {"type": "json_schema", "schema": 7}}},
        {"output_config": {"format": {"type": "json_schema"}}},
        {"output_config": {"format": "odd"}},
    ],
)
def test_other_structured_requests_are_no_titles(body: dict[str, Any]) -> None:
    assert not facts(**body).is_title


# ------------------------------------------------------------------------------- images, web search


def test_an_image_in_the_newest_user_message_is_seen() -> None:
    assert facts(user("Look", IMAGE)).has_new_image


def test_an_image_inside_a_tool_result_is_seen() -> None:
    assert facts(user("Read it"), assistant("Yes"), user(tool_result(text("here"), IMAGE))).has_new_image


def test_a_system_message_may_follow_the_image() -> None:
    assert facts(user("Look", IMAGE), system("<environment>")).has_new_image


def test_an_image_in_the_history_is_not_new() -> None:
    assert not facts(user("Look", IMAGE), assistant("A cat"), user("Thanks")).has_new_image
    assert not facts(user("Look", IMAGE), assistant("A cat"), user("Thanks"), system("reminder")).has_new_image


def test_any_version_of_the_search_tool_is_web_search() -> None:
    assert facts(tools=[WEB_SEARCH]).has_web_search
    assert facts(tools=[BASH, {**WEB_SEARCH, "type": "web_search_20260209"}]).has_web_search
    assert not facts(tools=[BASH, {"name": "WebSearch", "input_schema": {}}]).has_web_search


# ---------------------------------------------------------------------------------- effort, thinking


def test_effort_and_thinking_are_read_as_they_are() -> None:
    found = facts(thinking={"type": "enabled", "budget_tokens": 10_000}, output_config={"effort": "high"})

    assert (found.thinking, found.thinking_budget, found.effort) == ("enabled", 10_000, "high")


def test_shapes_that_this_version_does_not_know_count_as_absent() -> None:
    found = facts(thinking="deep", output_config={"effort": 11})

    assert (found.thinking, found.thinking_budget, found.effort) == ("", 0, "")


# ----------------------------------------------------------------------------------------- the tag


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_tag_is_found_in_any_system_block(place: int) -> None:
    blocks = [BILLING, text("You are Claude Code."), text("Agent prompt")]
    blocks[place] = text(f"Some words first. {tag('Big,deepseek-v3')}\nAgent prompt")

    assert facts(system=blocks).subagent_model == "Big,deepseek-v3"


def test_the_tag_is_found_in_a_system_prompt_of_one_text() -> None:
    assert facts(system=f"{tag('Big,deepseek-v3')} You are an agent.").subagent_model == "Big,deepseek-v3"


@pytest.mark.parametrize(
    "said",
    [
        [user(f"Do it. {tag('Big,x')}")],
        [user("<system-reminder>…</system-reminder>", f"{tag('Big,x')}Do it")],
        [user("reminder"), user(f"Do it {tag('Big,x')}")],
        [user("reminder"), system("environment"), user(f"Do it {tag('Big,x')}")],
        [system("environment"), user("reminder"), user(f"Do it {tag('Big,x')}")],
    ],
)
def test_the_tag_is_found_in_a_subagents_first_user_messages(said: list[dict[str, Any]]) -> None:
    assert facts(*said, headers={"x-claude-code-agent-id": "a1"}).subagent_model == "Big,x"


def test_without_hints_the_tag_counts_where_a_text_begins_with_it() -> None:
    assert facts(user("reminder", f"\n{tag('Big,x')}\nDo it")).subagent_model == "Big,x"


def test_a_tag_that_the_main_conversation_quotes_is_not_taken() -> None:
    prompt = {"type": "tool_use", "id": "toolu_1", "name": "Agent", "input": {"prompt": f"{tag('Big,x')}Do it"}}
    said = [user(f"Start an agent with {tag('Big,x')}"), assistant(prompt), user(tool_result(text(tag("Big,x"))))]

    assert facts(*said).subagent_model == ""
    assert facts(*said, headers={"x-claude-code-request-class": "main"}).subagent_model == ""


def test_a_tag_far_down_a_subagents_history_is_not_taken() -> None:
    said = [user("Do it"), assistant("Yes"), user("a"), assistant("b"), user("c"), assistant("d"), user(tag("Big,x"))]

    assert facts(*said, headers={"x-claude-code-agent-id": "a1"}).subagent_model == ""


def test_facts_show_no_prompt() -> None:
    found = facts(user("the secret plan"), system="the secret prompt", headers={"x-claude-code-agent-id": "a1"})

    assert "secret" not in json.dumps(str(found))
