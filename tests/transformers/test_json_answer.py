"""Answers that should be JSON, in the forms that models give them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from ccr.errors import UpstreamError
from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    StopReason,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.grammar import violation
from ccr.messages.message import TextBlock, fold
from ccr.transformers.json_answer import JsonAnswer, as_json
from tests.transformers.answers import START, end, text_block

Json = dict[str, Any]


def schema_of(**properties: Any) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


TITLE = schema_of(title={"type": "string"})
VERDICT = schema_of(ok={"type": "boolean"}, why={"type": "string"})


def filtered(events: list[Event], schema: Json = TITLE, size: int = 1) -> list[Event]:
    one = JsonAnswer(Raw(msgspec.json.encode(schema)))
    out = [event for at in range(0, len(events), size) for event in one.feed(events[at : at + size])]
    assert violation(out) == ""
    return out


def answer(text: str, stop_reason: StopReason = "end_turn") -> list[Event]:
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    return [START, *text_block(0, pieces), *end(stop_reason)]


def told(text: str, schema: Json = TITLE) -> str:
    events = answer(text)
    one, all_at_once = (fold(filtered(events, schema, size)).content for size in (1, len(events)))
    assert one == all_at_once
    (block,) = one
    assert isinstance(block, TextBlock)
    return block.text


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"title": "Fix login"}\n```',
        '```\n{"title": "Fix login"}\n```',
        'Here is the title:\n\n```json\n{"title": "Fix login"}\n```\n\nShall I change it?',
        'Sure! {"title": "Fix login"} I hope it helps.',
        '"{\\"title\\": \\"Fix login\\"}"',
        "{'title': 'Fix login'}",
        '{"title": "Fix login",}',
        '[{"title": "Fix login"}]',
        '{"title": "Fix login"}\n{"title": "Fix login"}',
        "Fix login",
        '"Fix login"',
        "“Fix login”",
        "**Fix login**",
        "# Fix login",
        "## **Fix login**\n",
        "- `Fix login`",
        "Title: Fix login",
        "**Title:** Fix login",
        '**Title**: "Fix login"',
        "**Title: Fix login**",
        "Session title: Fix login",
        "\n\nFix login\n\nThis names the session by its task.",
        "Here's a title for the session:\n\n**Fix login**",
        "```\nFix login\n```",
    ],
)
def test_a_title_in_other_words_becomes_json(text: str) -> None:
    assert msgspec.json.decode(told(text)) == {"title": "Fix login"}


@pytest.mark.parametrize(
    "text",
    [
        '{"title":  "Fix login", "more": 1}',
        ' \n{"title": "Fix \\u0061"}',
        '{"title": ""}',
        '{"title": "Fix lo',
        'The title is {"title": "Fix lo',
        'So: "title" = Fix login',
        '{"Title": "Fix login"}',
        'Sure: {"heading": "Fix login"}',
        '["Fix login"]',
        '{"title": "a"} or {"title": "b"}',
        "  \n",
        '""',
        "Title:",
    ],
)
def test_what_is_right_or_not_certain_leaves_as_it_came(text: str) -> None:
    events = answer(text)
    assert filtered(events) == events
    assert filtered(events, size=len(events)) == events


def test_titles_keep_what_belongs_to_them() -> None:
    kept = [
        "Fix {id} in routes",
        "C#: build",
        "*args and **kwargs",
        'Rename "a" to "b"',
        "修复登录",
        "__init__ of Pool: fix",
    ]
    for title in kept:
        assert msgspec.json.decode(told(title)) == {"title": title}


def test_another_text_is_kept_whole() -> None:
    summary = schema_of(summary={"type": "string"})
    assert msgspec.json.decode(told("# Done\n\n- all", summary)) == {"summary": "# Done\n\n- all"}


def test_a_text_is_not_taken_for_one_of_a_few_words() -> None:
    for narrow in ({"type": "string", "enum": ["yes", "no"]}, {"type": "boolean"}):
        assert told("yes, I think", schema_of(verdict=narrow)) == "yes, I think"


def test_objects_of_several_properties_are_found_and_prose_is_not() -> None:
    assert told('Well: {"ok": true, "why": "it runs"}.', VERDICT) == '{"ok": true, "why": "it runs"}'
    assert msgspec.json.decode(told("{'ok': True, 'why': 'it runs'}", VERDICT)) == {"ok": True, "why": "it runs"}
    for text in ("It is fine.", '{"ok": true}', '{"ok": true, "why": "it'):
        assert told(text, VERDICT) == text


@pytest.mark.parametrize("stop_reason", ["max_tokens", "refusal", "model_context_window_exceeded"])
def test_a_cut_answer_is_not_mended(stop_reason: StopReason) -> None:
    events = answer('```json\n{"title": "Fix login"}', stop_reason)
    assert filtered(events) == events


def test_a_failure_lets_out_what_there_is() -> None:
    events = [*answer("Fix login")[:4], Failed(UpstreamError("backend", "body", "broke off"))]
    assert filtered(events) == events


def test_thinking_passes_at_once() -> None:
    thinking: list[Event] = [START, ThinkingStart(0), ThinkingDelta(0, str_literal("Hm."))]
    one = JsonAnswer(Raw(msgspec.json.encode(TITLE)))
    assert one.feed(thinking) == thinking
    rest = one.feed([BlockStop(0), *text_block(1, ["Fix", " login"]), *end()])
    assert fold([*thinking, *rest]).content[1:] == [TextBlock('{"title":"Fix login"}')]


def test_an_answer_with_a_call_or_a_second_text_is_no_json() -> None:
    call: list[Event] = [ToolUseStart(1, "toolu_1", "Bash"), InputJsonDelta(1, b'"{}"'), BlockStop(1)]
    for second in (call, text_block(1, ["Fix logout"])):
        events = [START, *text_block(0, ["Fix login"]), *second, *end()]
        assert filtered(events) == events


@given(st.text(alphabet="{}[]\"'`:, \n*_#titleTitle\\\ud7ff😀", max_size=60))
def test_what_comes_out_of_any_text_is_the_object_that_was_asked_for(text: str) -> None:
    mended = as_json(text, TITLE)
    if mended is not None:
        assert "title" in msgspec.json.decode(mended, type=Json)
        assert as_json(mended, TITLE) is None
