"""Every notation, whole and in pieces, and the rules that hold for all of them."""

from typing import Any

import msgspec
import pytest

from ccr.errors import UpstreamError
from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    MessageDelta,
    SignatureDelta,
    StopReason,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.message import fold
from ccr.messages.request import Tool
from tests.transformers.answers import START, TOOLS, answer, content, end, text_block, through, tool, watcher
from tests.transformers.notations import NOTATIONS, Notation

LS: Any = ("Bash", {"command": "ls -l", "timeout": 5})
OPEN: Any = ("Read", {"file_path": "a\nb", "limit": 2})
HERMES = NOTATIONS["hermes"].bash
FAILURE = Failed(UpstreamError("backend", "body", "broke off"))
every_notation = pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)


@every_notation
def test_a_call_is_found_however_the_text_comes(notation: Notation) -> None:
    for pieces in ((notation.bash,), tuple(notation.bash)):
        message = answer(*pieces)
        assert content(message) == [LS]
        assert message.stop_reason == "tool_use"


@every_notation
def test_two_calls_are_two_blocks(notation: Notation) -> None:
    message = answer(notation.bash + notation.read)
    assert content(message) == [LS, OPEN]
    assert content(answer(*notation.bash, *notation.read)) == [LS, OPEN]
    assert [getattr(block, "id", "") for block in message.content] == ["toolu_1", "toolu_2"]


@every_notation
def test_text_around_a_call_stays(notation: Notation) -> None:
    text = f"I look.\n\n{notation.bash}\n\nAnd wait."
    for pieces in ((text,), tuple(text)):
        assert content(answer(*pieces)) == ["I look.\n\n", LS, "\n\nAnd wait."]


@every_notation
def test_blanks_around_a_call_are_no_block(notation: Notation) -> None:
    assert content(answer("\n\n", f" {notation.bash}\n")) == [LS]


@every_notation
@pytest.mark.parametrize("fence", ["```", "~~~~", "`"])
def test_in_code_a_call_is_text(notation: Notation, fence: str) -> None:
    inside = notation.bash.replace("```", "") if fence == "```" else notation.bash
    lines = (f"Like this: {fence}", f"{fence}.") if fence == "`" else (f"Like this:\n{fence}xml\n", f"\n{fence}\n")
    text = f"{lines[0]}{inside}{lines[1]}"
    for pieces in ((text,), tuple(text)):
        message = answer(*pieces)
        assert content(message) == [text]
        assert message.stop_reason == "end_turn"


@every_notation
def test_a_tool_that_is_not_declared_is_text(notation: Notation) -> None:
    text = notation.bash.replace("Bash", "Bush")
    for pieces in ((text,), tuple(text)):
        events = [START, *text_block(0, pieces), *end()]
        assert content(fold(through(events))) == [text]


@every_notation
@pytest.mark.parametrize("stop_reason", ["max_tokens", "end_turn"])
def test_a_cut_call_is_text(notation: Notation, stop_reason: StopReason) -> None:
    for text in (notation.cut, "A. " + notation.cut):
        message = answer(*text, stop_reason=stop_reason)
        assert content(message) == [text]
        assert message.stop_reason == stop_reason


@every_notation
def test_a_stripped_closing_tag_may_be_missing_only_at_a_legal_end(notation: Notation) -> None:
    if notation.stripped:
        assert content(answer(*notation.stripped)) == [LS]
        assert content(answer(notation.stripped, stop_reason="max_tokens")) == [notation.stripped]
        followed = notation.stripped + " and so on"
        assert content(answer(followed)) == [followed]


@every_notation
def test_a_whole_call_before_a_cut_one_is_called(notation: Notation) -> None:
    message = answer(notation.bash + "\n" + notation.cut, stop_reason="max_tokens")
    assert content(message) == [LS, "\n" + notation.cut]
    assert message.stop_reason == "tool_use"


@every_notation
def test_a_failure_lets_the_held_text_go_first(notation: Notation) -> None:
    pieces = list(text_block(0, [notation.bash[:7], notation.bash[7:]]))
    out = through([START, *pieces[:-1], FAILURE])
    assert out == [START, *out[1:-1], FAILURE]
    assert "".join(texts(out)) == notation.bash


def texts(events: list[Event]) -> list[str]:
    return [msgspec.json.decode(event.text) for event in events if isinstance(event, TextDelta)]


def test_a_failure_behind_a_whole_call_calls_nothing() -> None:
    out = through([START, *text_block(0, [HERMES]), FAILURE])
    assert (texts(out), out[-1]) == ([HERMES], FAILURE)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c <= d",
        "<div>",
        "<tool",
        "<tool_box>",
        "<tool_call> is what Qwen writes",
        "<|",
        "[TOOL",
        "[TOOL_CALLS] is Mistral's",
        "[x](y) [ ] done",
        "<function=Bash> in prose",
        "<invoke name='Bash'>",
        '<invoke name="Bash"> in prose',
        "<tool_call>Bash is a tool",
        "\ud83d\ude00 <",
        "``` open\n<tool_call>",
    ],
)
def test_other_text_passes_unchanged(text: str) -> None:
    healed = text.encode("utf-16", "surrogatepass").decode("utf-16")
    events = [START, *text_block(0, healed), *end()]
    assert fold(through(events)) == fold(events)


def delays(text: str) -> list[str]:
    """What leaves with each character."""
    one = watcher()
    one.feed([START, TextStart(0), TextDelta(0, b'"I say: "')])
    return ["".join(texts(one.feed([TextDelta(0, str_literal(piece))]))) for piece in text]


def test_text_waits_only_as_long_as_it_may_be_a_marker() -> None:
    assert delays("a<b") == ["a", "", "<b"]
    assert delays("<tool_x") == ["", "", "", "", "", "", "<tool_x"]
    assert delays("<<div") == ["", "<", "<d", "i", "v"]
    assert delays("<function=Bu") == [*([""] * 11), "<function=Bu"]
    assert delays("`<`") == ["`", "<", "`"]


def test_an_escaped_marker_is_one() -> None:
    """Go writes \\u003c for < (encoding/json, HTMLEscape)."""
    literal = str_literal(HERMES).replace(b"<", b"\\u003c").replace(b">", b"\\u003e")
    out = through([START, TextStart(0), TextDelta(0, b'"So: "'), TextDelta(0, literal), BlockStop(0), *end()])
    assert content(fold(out)) == ["So: ", LS]


def test_halves_of_a_character_meet_again_behind_a_marker() -> None:
    halves = [b'"<\\ud83d"', b'"\\ude00"']
    deltas: list[Event] = [TextDelta(0, half) for half in halves]
    assert content(fold(through([START, TextStart(0), *deltas, BlockStop(0), *end()]))) == ["<😀"]


@pytest.mark.parametrize("where", ["before", "behind"])
def test_beside_a_native_call_text_is_text(where: str) -> None:
    def native(index: int) -> list[Event]:
        arguments = InputJsonDelta(index, str_literal('{"command":"ls -l","timeout":5}'))
        return [ToolUseStart(index, "call_1", "Bash"), arguments, BlockStop(index)]

    blocks = [*text_block(0, [HERMES]), *native(1)] if where == "before" else [*native(0), *text_block(1, [HERMES])]
    events = [START, *blocks, *end("tool_use")]
    assert fold(through(events)) == fold(events)


def test_calls_in_thinking_are_left_alone() -> None:
    thinking: list[Event] = [ThinkingStart(0), ThinkingDelta(0, str_literal(HERMES)), SignatureDelta(0, "s")]
    events = [START, *thinking, BlockStop(0), *text_block(1, ["Done."]), *end()]
    assert through(events) == events


def test_blocks_behind_a_call_are_numbered_anew() -> None:
    thinking: list[Event] = [ThinkingStart(1), ThinkingDelta(1, b'"so"'), SignatureDelta(1, "s"), BlockStop(1)]
    events = [START, *text_block(0, ["A ", HERMES, " B"]), *thinking, *text_block(2, ["C ", HERMES]), *end()]
    told = content(fold(through(events)))
    assert [told[0], told[1], told[2], told[4], told[5]] == ["A ", LS, " B", "C ", LS]
    assert told[3].thinking == "so"


def test_an_empty_answer_keeps_its_empty_block() -> None:
    for pieces in ([], ["\n"]):
        events = [START, *text_block(0, pieces), *end()]
        assert through(events) == events


def test_a_stop_sequence_is_forgotten_with_its_reason() -> None:
    out = through([START, *text_block(0, [HERMES]), MessageDelta("stop_sequence", "X"), *end()[1:]])
    assert out[-2] == MessageDelta("tool_use")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            '{"command": "ls", "timeout": "5", "background": "true"}',
            {"command": "ls", "timeout": 5, "background": True},
        ),
        ('"{\\"command\\": \\"ls\\"}"', {"command": "ls"}),
        ('{"command": "a\nb"}', {"command": "a\nb"}),
        ('{"command": "ls", "more": [1.50, 12345678901234567890, "ä"]}', None),
        ("{}", {}),
    ],
)
def test_json_arguments_come_in_the_schemas_types(arguments: str, told: Any) -> None:
    call = f'<tool_call>{{"name": "Bash", "arguments": {arguments}}}</tool_call>'
    if told is None:
        told = {"command": "ls", "more": [1.5, 12345678901234567890, "ä"]}
    assert content(answer(call)) == [("Bash", told)]


@pytest.mark.parametrize(
    "arguments", ["[1]", "5", "null", '{"a": NaN}', '{"a": 1e999}', "{'a': 1}", '{"a": 1,}', '"ls"', "{", '{"a": "b}']
)
def test_what_is_no_json_object_is_text(arguments: str) -> None:
    text = f'<tool_call>{{"name": "Bash", "arguments": {arguments}}}</tool_call>'
    assert content(answer(text)) == [text]


def test_values_in_xml_keep_their_line_breaks_and_tags() -> None:
    value = "\n<a>\n\n</parameter> here\n"
    qwen = f"<function=Bash>\n<parameter=command>\n{value}\n</parameter>\n</function>"
    assert content(answer(qwen)) == [("Bash", {"command": value})]
    claude = f'<invoke name="Bash">\n<parameter name="command">x{value}</parameter>\n</invoke>'
    assert content(answer(claude)) == [("Bash", {"command": "x" + value})]


@pytest.mark.parametrize("name", ["qwen-coder", "glm", "anthropic", "deepseek-dsml"])
def test_a_call_quoted_inside_a_value_is_never_half_the_value(name: str) -> None:
    """A file about tool calls: where it ends can't be told for sure, so nothing is written."""
    bash = NOTATIONS[name].bash
    nested = bash.replace("ls -l", f"see {bash} and go on")
    assert content(answer(nested)) in ([nested], [("Bash", {"command": f"see {bash} and go on", "timeout": 5})])


@every_notation
def test_a_model_in_a_loop_is_not_listened_to(notation: Notation) -> None:
    text = "\n".join([notation.cut] * 2000)
    assert content(answer(text, notation.bash, stop_reason="max_tokens")) == [text + notation.bash]


def test_a_parameter_given_twice_is_text() -> None:
    text = "<function=Bash><parameter=command>a</parameter><parameter=command>b</parameter></function>"
    assert content(answer(text)) == [text]


@pytest.mark.parametrize(
    "call", ["<tool_call>Stop</tool_call>", "<function=Stop>\n</function>", "<function=Stop>{}</function>"]
)
def test_a_call_may_have_no_arguments(call: str) -> None:
    assert content(answer(call)) == [("Stop", {})]


def test_a_value_that_is_a_list_is_read_by_the_schema() -> None:
    call = '<invoke name="mcp__notes__find-all"><parameter name="tags">["a", 1]</parameter></invoke>'
    assert content(answer(call)) == [("mcp__notes__find-all", {"tags": ["a", 1]})]


def test_an_undeclared_call_among_declared_ones_stays_text() -> None:
    other = HERMES.replace("Bash", "Bush")
    assert content(answer(HERMES + other + HERMES)) == [LS, other, LS]


def test_a_list_with_an_undeclared_call_is_text() -> None:
    text = '[TOOL_CALLS][{"name": "Stop", "arguments": {}}, {"name": "Bush", "arguments": {}}]'
    assert content(answer(text)) == [text]


def test_the_model_may_know_a_tool_by_a_shorter_name() -> None:
    long = tool("mcp__a_very_long_server_name__a_very_long_tool_name", x="integer")
    one = watcher([*TOOLS, long], {"mcp__a_very_1": long.name})
    text = '<tool_call>{"name": "mcp__a_very_1", "arguments": {"x": "1"}}</tool_call>'
    assert content(fold(through([START, *text_block(0, text), *end()], one))) == [(long.name, {"x": 1})]


def test_without_tools_of_the_client_nothing_is_read() -> None:
    for tools in (None, [], [Tool(name="Bash", type="bash_20250124")]):
        events = [START, *text_block(0, HERMES), *end()]
        assert fold(through(events, watcher(tools))) == fold(events)


def test_a_fence_is_seen_behind_text_that_went_by_unread() -> None:
    pieces = ["`a`", " word", "\n", " ", " ", "~~~", "\n", HERMES, "\n~~~\n"]
    assert content(answer(*pieces)) == ["".join(pieces)]


def test_a_fence_ends_with_its_block() -> None:
    events = [START, *text_block(0, ["```\n"]), *text_block(1, [HERMES]), *end()]
    assert content(fold(through(events))) == ["```\n", LS]


def test_behind_a_call_a_block_begins() -> None:
    code = f"~~~\n{HERMES}\n~~~"
    assert content(answer(f"A {HERMES}{code}")) == ["A ", LS, code]
