"""Arguments of tool calls, mended as they stream."""

import json
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from ccr.errors import UpstreamError
from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    TextDelta,
    TextStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.grammar import violation
from ccr.messages.message import ToolUseBlock, fold, joined
from ccr.transformers.arguments import Arguments, mend
from ccr.transformers.coercion import Json

SMALL = settings(max_examples=100, deadline=None)
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "command": {"type": "string"},
        "timeout": {"type": "integer"},
        "background": {"type": "boolean"},
        "mode": {"enum": ["fast", "slow", 3]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["command"],
    "$defs": {"line": {"type": "integer"}},
}


def literal(text: str) -> bytes:
    try:
        return str_literal(text)
    except UnicodeEncodeError:
        return json.dumps(text).encode()


def answer(*calls: list[bytes], name: str = "Bash", end: list[Event] | None = None) -> list[Event]:
    """An answer with these calls, each in its pieces."""
    events: list[Event] = [MessageStart("msg_1", "m", 1)]
    for index, pieces in enumerate(calls):
        events.append(ToolUseStart(index, f"toolu_{index}", name))
        events += [InputJsonDelta(index, piece) for piece in pieces]
        events.append(BlockStop(index))
    return events + (end or [MessageDelta("tool_use"), MessageStop()])


def filtered(events: list[Event], schema: Json = SCHEMA) -> list[Event]:
    """What comes out, event by event; its order is always checked."""
    arguments = Arguments({"Bash": Raw(msgspec.json.encode(schema))})
    out = [told for event in events for told in arguments.feed([event])]
    assert violation(out) == ""
    return out


def told(*pieces: str, schema: Json = SCHEMA) -> str:
    """The text of one call, from its pieces."""
    events = filtered(answer([literal(piece) for piece in pieces]), schema)
    return joined([event.partial_json for event in events if isinstance(event, InputJsonDelta)])


def told_by_character(text: str, schema: Json = SCHEMA) -> str:
    return told(*text, schema=schema)


def is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=refuse), dict)
    except (ValueError, RecursionError):
        return False


def refuse(constant: str) -> None:
    raise ValueError(constant)


MENDED = [
    ('{"a": 1,}', '{"a": 1}'),
    ('{"a": [1, 2, ], }', '{"a": [1, 2 ] }'),
    ("{'a': 'b'}", '{"a": "b"}'),
    ("""{'a': 'say "b"', "c": 'it\\'s'}""", '{"a": "say \\"b\\"", "c": "it\'s"}'),
    ("""{"a": "it\\'s \\x41\\x1b"}""", '{"a": "it\'s \\u0041\\u001b"}'),
    ('{"a": True, "b": [False, None]}', '{"a": true, "b": [false, null]}'),
    ('{"a": "one\ntwo\tthree\r\x00\x1f"}', '{"a": "one\\ntwo\\tthree\\r\\u0000\\u001f"}'),
    ("{a: 1, $b : {c-d: 2}, é_1: 3}", '{"a": 1, "$b" : {"c-d": 2}, "é_1": 3}'),
    ('"{\\"a\\": \\"b\\\\n\\"}"', '{"a": "b\\n"}'),
    ("'{\"a\": 1}'", '{"a": 1}'),
    ('"{\\"a\\": \\"b\nc\\",}"', '{"a": "b\\nc"}'),
    ('{}{"a": 1}', '{"a": 1}'),
    ('{ }\n{}{"a": 1}', '{ "a": 1}'),
    ("{}{}", "{}"),
    ('{"a": 1}{"a": 1}', '{"a": 1}'),
    ('{"a": "x\ny"}\n{"a": "x\ny"} {"a": "x\ny"}', '{"a": "x\\ny"}\n'),
    ('```json\n{"a": 1}\n```', '{"a": 1}'),
    ("\n```\n{'a': '```'}\n```\n", '\n{"a": "```"}'),
    ('`{"a": 1}`', '{"a": 1}'),
    ('```json\n{"a": 1}', '{"a": 1}'),
    ('{"timeout": "3", "background": "true"}', '{"timeout": 3, "background": true}'),
    ("{'timeout': '3', background: 'True'}", '{"timeout": 3, "background": true}'),
    ('{"command": 1.10, "note": True}', '{"command": "1.10", "note": "true"}'),
    ('{"lines": "[1, \\"2\\"]", "mode": "3"}', '{"lines": [1, 2], "mode": 3}'),
    ('"{\\"timeout\\": \\"3\\"}"', '{"timeout": 3}'),
]


@pytest.mark.parametrize(("text", "meant"), MENDED)
def test_a_defect_that_hides_nothing_is_mended(text: str, meant: str) -> None:
    assert mend(text, SCHEMA) == told(text)
    assert told(text).rstrip("\n") == meant.rstrip("\n")
    assert told_by_character(text) == told(text)
    assert is_object(meant)


@pytest.mark.parametrize(
    "text",
    [
        '{"command": "3", "note": "true", "more": "5"}',
        '{"timeout": "soon", "mode": "fast", "lines": "[1, "}',
        '{"lines": "[1e999]", "timeout": "007"}',
        '{"deep": {"timeout": "3"}, "timeout": 3.0}',
        '{"command": null}',
    ],
)
def test_an_argument_that_fits_or_could_mean_something_else_stays(text: str) -> None:
    assert told(text) == told_by_character(text) == mend(text, SCHEMA) == text


UNSURE = [
    ("{'a': 'don't'}", '{"a": "don"t\'}'),
    ('{"a": "say "b""}', None),
    ('{"a": "\\d+"}', None),
    ('{"a": "x \\\ny"}', None),
    ('{"a": 1 "b": 2}', None),
    ('{"a": 1,, "b": 2}', None),
    ('{"a": 1}}', None),
    ('{"a": 1}{"b": 2}', None),
    ('{"a": 1}{"a": 1}{"a"', None),
    ('{"a": 1} and so on', None),
    ("{} and so on", None),
    ("{,}", None),
    ("{True: 1}", None),
    ("{1: 1}", None),
    ("{a b: 1}", None),
    ('{"a": NaN}', None),
    ('{"a": 1_000}', None),
    ('{"a": 01}', None),
    ('{"a": -}', None),
    ('{"a": /* c */ 1}', None),
    ('{"a": u"x"}', None),
    ('{"a": [1}}', None),
    ('{"a": }', None),
    ('{"a"}', None),
    ('{"a":\u00a01}', None),
    ("[1]", None),
    ("3", None),
    ('"ls -la"', None),
    ("'ls", None),
    ('"{\\"a\\": 1"', None),
    ('"{\\"a\\": 1}" and so on', '{"a": 1} and so on'),
    ("```bash\nls\n```", None),
    ('```json\n{"a": 1}\n``` and so on', None),
    ("ls -la", None),
    ("", None),
    (" \n", None),
]


@pytest.mark.parametrize(("text", "left"), UNSURE)
def test_what_could_mean_two_things_stays_from_there_on(text: str, left: str | None) -> None:
    assert told(text) == told_by_character(text) == (text if left is None else left)
    assert mend(text, SCHEMA) is None


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        ('{"command": "rm -rf /tmp/x', None),
        ('{"command": "rm -rf /tmp/x"', None),
        ('{"command": "rm -rf /tmp/x",', None),
        ("{'command': 'rm -rf /tmp/x", '{"command": "rm -rf /tmp/x'),
        ('{"command": "a\\', None),
        ('{"command": "a\\u00', None),
        ('{"command": Tru', None),
        ('{"timeout": "3', None),
        ('{"timeout": 3', None),
        ("{comm", None),
        ('"{\\"command\\": \\"rm\\"}', None),
        ('```json\n{"command": "rm"', None),
        ('{}{"command"', '{"command"'),
    ],
)
def test_what_is_cut_off_is_never_closed(cut: str, left: str | None) -> None:
    assert told(cut) == told_by_character(cut) == (cut if left is None else left)
    assert mend(cut, SCHEMA) is None


KEYS = st.sampled_from(["command", "timeout", "lines", "a", "b c", "", 'q"', "\n", "ключ", "😀"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["it's", '"', "\\", "\\\\n", "True", "{}", "```", ",}", "😀"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS | st.text(max_size=5), JSON, max_size=4)
WRITERS: list[Any] = [
    lambda value: json.dumps(value),
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    lambda value: json.dumps(value, indent=2),
    lambda value: " \n" + json.dumps(value, indent="\t") + "\r\n ",
]
PLACES = st.lists(st.integers(0, 10**6), max_size=12)


def cut_up(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@SMALL
@given(OBJECTS, st.sampled_from(WRITERS), PLACES)
@example({"a": "😀"}, WRITERS[0], [8, 12, 13])
def test_valid_json_comes_out_as_it_came(value: dict[str, Any], write: Any, places: list[int]) -> None:
    text = write(value)
    assert told(*cut_up(text, places), schema={}) == text
    assert mend(text) == text


@SMALL
@given(OBJECTS, st.randoms(use_true_random=False), PLACES)
def test_batches_and_the_servers_escapes_make_no_difference(
    value: dict[str, Any], random: Random, places: list[int]
) -> None:
    pieces = cut_up(careless(value, random), places)
    batch = Arguments({"Bash": Raw(msgspec.json.encode(SCHEMA))}).feed(answer([json.dumps(p).encode() for p in pieces]))
    assert violation(batch) == ""
    assert joined([event.partial_json for event in batch if isinstance(event, InputJsonDelta)]) == told(*pieces)


@SMALL
@given(OBJECTS, st.sampled_from(WRITERS), PLACES)
def test_the_schema_changes_no_more_than_types(value: dict[str, Any], write: Any, places: list[int]) -> None:
    text = write(value)
    result = json.loads(told(*cut_up(text, places)))
    assert list(result) == list(value)
    untouched = [key for key in value if not isinstance(value[key], str | int | float) or key not in SCHEMA_KEYS]
    assert {key: result[key] for key in untouched} == {key: value[key] for key in untouched}


SCHEMA_KEYS = SCHEMA["properties"].keys()  # type: ignore[index,call-overload,union-attr]


def careless(value: Json, random: Random) -> str:
    """The value as a model may write it that has seen more Python than JSON."""
    if isinstance(value, dict):
        items = [f"{careless_key(key, random)}: {careless(item, random)}" for key, item in value.items()]
        return "{" + ", ".join(items) + ("," if items and random.random() < 0.5 else "") + "}"
    if isinstance(value, list):
        items = [careless(item, random) for item in value]
        return "[" + ",\n".join(items) + (" ,\t" if items and random.random() < 0.5 else "") + "]"
    if isinstance(value, str):
        return careless_string(value, random)
    return str(value)


def careless_key(key: str, random: Random) -> str:
    bare = key.isascii() and key.isidentifier() and key not in ("True", "False", "None", "true", "false", "null")
    return key if bare and random.random() < 0.5 else careless_string(key, random)


def careless_string(value: str, random: Random) -> str:
    quote = random.choice("\"'")
    text = value.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + text + quote  # control characters stand as they are


@SMALL
@given(OBJECTS, st.randoms(use_true_random=False), PLACES, st.sampled_from(["", "```", "{}", "twice", "encoded"]))
def test_whatever_defects_there_are_the_arguments_are_those_meant(
    value: dict[str, Any], random: Random, places: list[int], around: str
) -> None:
    text = careless(value, random)
    text = {
        "": text,
        "```": f"```json\n{text}\n```",
        "{}": "{}" + text,
        "twice": text if not value else text + "\n" + text,
        "encoded": json.dumps(text),
    }[around]
    message = fold(filtered(answer([literal(piece) for piece in cut_up(text, places)]), {}))
    assert isinstance(message.content[0], ToolUseBlock)
    assert json.loads(bytes(message.content[0].input)) == value
    assert json.loads(mend(text) or "") == value


@SMALL
@given(OBJECTS, st.randoms(use_true_random=False), PLACES, st.booleans())
def test_a_strict_beginning_never_becomes_a_whole(
    value: dict[str, Any], random: Random, places: list[int], is_valid: bool
) -> None:
    text = json.dumps(value) if is_valid else careless(value, random)
    length = random.randrange(len(text))
    pieces = cut_up(text[:length], places)
    assert not is_object(told(*pieces))
    assert not is_object(told(*cut_up(json.dumps(text)[:length], places)))
    if is_valid:
        assert told(*pieces, schema={}) == text[:length]


SOUP = st.lists(
    st.sampled_from([*'{}[],:"\'\\`\n\t {}"', "{}", '"a"', "'b'", "a", "True", "1", "-", '{"timeout":', "\\u00", "\\'"])
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.text() | SOUP | SOUP.map(lambda soup: "{" + soup), PLACES)
def test_no_text_makes_it_raise_and_no_split_makes_a_difference(text: str, places: list[int]) -> None:
    whole = told(text)
    assert told(*cut_up(text, places)) == whole
    mended = mend(text, SCHEMA)
    assert mended == (whole if is_object(whole) else None)


@SMALL
@given(st.lists(st.binary(max_size=8).map(lambda junk: b'"' + junk + b'"'), max_size=6))
def test_pieces_that_are_no_text_pass(pieces: list[bytes]) -> None:
    filtered(answer([b'"{\\"a\\": "', *pieces]))


def test_from_a_piece_that_is_no_text_on_all_is_as_it_came() -> None:
    pieces = [b"\"{'a': 1, \"", b'"\xff\\\\"', b"\"'b': 2,}\""]
    out = [event.partial_json for event in filtered(answer(pieces)) if isinstance(event, InputJsonDelta)]
    assert out == [b'"{\\"a\\": 1"', b'", "', *pieces[1:]]


def test_a_character_in_two_pieces_stays_whole() -> None:
    pieces = [b'"{\\"a\\": \\"\\ud83d"', b'"\\ude00\\"}"']
    out = [event.partial_json for event in filtered(answer(pieces)) if isinstance(event, InputJsonDelta)]
    assert out == pieces
    mended = filtered(answer([b"\"{'a': '\\ud83d\"", b'"\\ude00\',}"']))
    message = fold(mended)
    assert isinstance(message.content[0], ToolUseBlock)
    assert json.loads(bytes(message.content[0].input)) == {"a": "😀"}


def test_deltas_stay_deltas() -> None:
    pieces = ['{"command', '":', ' "', "ls ", "-l", "\\n", "a", '", ', '"x": {"y": "', "z", '"}', "}"]
    events = answer([literal(piece) for piece in pieces])
    texts = [joined([e.partial_json]) for e in filtered(events) if isinstance(e, InputJsonDelta)]
    assert texts == ['{"command', '":', ' "', "ls ", "-l", "\\n", "a", '"', ', "x": {"y": "', "z", '"}', "}"]


def test_events_that_stay_are_the_same_objects() -> None:
    events = answer([literal('{"command": "'), literal("ls"), literal(' \\"x\\"'), literal('"}')])
    assert all(a is b for a, b in zip(filtered(events), events, strict=True))


def test_without_a_call_the_batch_passes_as_it_is() -> None:
    batch: list[Event] = [MessageStart("msg_1", "m", 1), TextStart(0), TextDelta(0, b'"{,}"')]
    assert Arguments({}).feed(batch) is batch


def test_each_call_begins_anew_and_text_between_is_left_alone() -> None:
    first = answer([literal("{'a': 1,}")], [literal('{"a')], [literal("{'b': 2}")])
    out = filtered(first)
    assert [e.partial_json for e in out if isinstance(e, InputJsonDelta)] == [
        literal('{"a": 1}'),
        literal('{"a'),
        literal('{"b": 2}'),
    ]


def test_a_tool_without_a_schema_is_mended_but_for_types() -> None:
    out = Arguments({}).feed(answer([literal("{'timeout': '3',}")], name="Other"))
    assert [e.partial_json for e in out if isinstance(e, InputJsonDelta)] == [literal('{"timeout": "3"}')]


def test_before_a_failure_what_was_held_leaves_as_it_came() -> None:
    start: list[Event] = [MessageStart("msg_1", "m", 1), ToolUseStart(0, "toolu_1", "Bash")]
    failed = Failed(UpstreamError("p", "body", "broke off"))
    out = filtered([*start, InputJsonDelta(0, literal("{'timeout': '3")), failed])
    assert [e.partial_json for e in out if isinstance(e, InputJsonDelta)] == [literal('{"timeout": '), literal("'3")]
    assert out[-1] is failed


def test_blanks_without_end_pass() -> None:
    pieces = [literal('{"a": 1,'), *[literal("\n")] * 20_000, literal('"b": 2}'), *[literal(" ")] * 20_000]
    out = filtered(answer(pieces))
    text = joined([event.partial_json for event in out if isinstance(event, InputJsonDelta)])
    assert text == '{"a": 1,' + "\n" * 20_000 + '"b": 2}' + " " * 20_000


def test_numbers_keys_and_brackets_without_end_pass() -> None:
    for text in (
        '{"a": ' + "9" * 5000 + "}",
        '{"timeout": "' + "9" * 5000 + '"}',
        '{"a": ' + "[" * 9000 + "]" * 9000 + "}",
    ):
        assert told(*cut_up(text, [100, 2000, 6000])) == text
    assert told("{" + "a" * 2000 + ": 1}", schema={}) == '{"' + "a" * 2000 + '": 1}'
