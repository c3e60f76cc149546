"""Values of tool calls and the schemas they are meant for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.transformers.coercion import Json, coerce, coerce_arguments

EDIT: Json = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "all": {"type": "boolean"}, "lines": {"$ref": "#/$defs/lines"}},
    "required": ["path"],
    "$defs": {"lines": {"type": "array", "items": {"type": "integer"}}},
}
UNION: Json = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("value", "schema", "told"),
    [
        ("true", {"type": "boolean"}, True),
        ("False", {"type": "boolean"}, False),
        ("12", {"type": "integer"}, 12),
        (" -3\n", {"type": "integer"}, -3),
        ("12.0", {"type": "integer"}, 12),
        ("12", {"type": "number"}, 12),
        ("1.5", {"type": "number"}, 1.5),
        ("null", {"type": ["integer", "null"]}, None),
        ("null", {"type": "integer", "nullable": True}, None),
        ('["a", 1]', {"type": "array"}, ["a", 1]),
        ('{"a": "1"}', {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
        (5, {"type": "string"}, "5"),
        (True, {"type": "string"}, "true"),
        (1.5, {"type": ["string", "null"]}, "1.5"),
        ("2", {"enum": [1, 2]}, 2),
        (2, {"type": "string", "enum": ["1", "2"]}, "2"),
        ("7", {"const": 7}, 7),
        ("7", UNION, 7),
        ('["a"]', UNION, ["a"]),
        ("null", UNION, None),
        (["1", 2], {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        (["1", "2"], {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, ["1", 2]),
        (["1", "2"], {"items": [{"type": "string"}, {"type": "integer"}]}, ["1", 2]),
        ({"x": "1"}, {"additionalProperties": {"type": "integer"}}, {"x": 1}),
        ("5", {"allOf": [{"type": "integer"}]}, 5),
        ({"path": 1, "all": "true", "lines": "[1, 2]"}, EDIT, {"path": "1", "all": True, "lines": [1, 2]}),
        (
            {"e": {"kind": "b", "n": "1"}},
            {
                "properties": {
                    "e": {
                        "oneOf": [
                            {"properties": {"kind": {"const": "a"}, "n": {"type": "boolean"}}},
                            {"properties": {"kind": {"const": "b"}, "n": {"type": "integer"}}},
                        ]
                    }
                }
            },
            {"e": {"kind": "b", "n": 1}},
        ),
    ],
)
def test_a_value_comes_in_the_type_that_is_wanted(value: Json, schema: Json, told: Json) -> None:
    result = coerce(value, schema)
    assert result == told
    assert type(result) is type(told)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("yes", {"type": "boolean"}),
        (1, {"type": "boolean"}),
        ("1.5", {"type": "integer"}),
        ("007", {"type": "integer"}),
        ("1e999", {"type": "number"}),
        ("0.1234567890123456789", {"type": "number"}),
        ("9" * 5000, {"type": "integer"}),
        ("[1", {"type": "array"}),
        ("[1", {"type": ["array", "null"]}),
        ("[NaN]", {"type": "array"}),
        ('{"a": 1}', {"type": "array"}),
        ("null", {"type": "integer"}),
        ("null", {"type": ["string", "null"]}),
        ("true", {"type": ["string", "boolean"]}),
        ("12", {"type": ["string", "integer"]}),
        ("12", {}),
        ("12", True),
        ("12", {"type": "decimal"}),
        ("12", {"$ref": "other.json#/x"}),
        (None, {"type": "string"}),
        ({"a": 1}, {"type": "string"}),
        (True, {"type": "integer"}),
        (12.0, {"type": "integer"}),
        ("3", {"enum": [1, 2]}),
        ("1", {"enum": [1, "1"]}),
        ("x", UNION),
    ],
)
def test_what_does_not_fit_or_could_mean_two_things_stays(value: Json, schema: Json) -> None:
    assert coerce(value, schema) is value


def test_a_call_is_corrected_by_the_tools_schema_and_else_the_same() -> None:
    right: dict[str, Json] = {"path": "a", "lines": [1], "more": "5"}
    assert coerce_arguments(right, EDIT) is right
    assert coerce_arguments({**right, "all": "false"}, EDIT) == {**right, "all": False}


def test_schemas_and_values_without_bottom_are_borne() -> None:
    deep: Json = "x"
    for _ in range(5000):
        deep = [deep]
    assert coerce("5", {"$ref": "#"}) == "5"
    assert coerce("5", {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}) == "5"
    assert coerce(deep, {"type": "array", "items": {"$ref": "#"}}) is deep
    assert coerce("[" * 5000, {"type": "array"}) == "[" * 5000


@st.composite
def leaves(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema and a strategy of its values."""
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean", "null", "enum", "any"]))
    if kind == "enum":
        members = draw(st.lists(SCALARS, min_size=1, max_size=3))
        return {"enum": members}, st.sampled_from(members)
    return ({"type": kind} if kind != "any" else {}), OF_TYPE[kind]


SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-20, 20)
    | st.floats(allow_nan=False)
    | st.sampled_from(["true", "null", "12", "1.5", "[1]", "{}", "x", ""])
)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["true", "null", "12", "[]", '{"a": 1}', "x"]),
    "integer": st.integers() | st.integers(-9, 9).map(float),
    "number": st.floats(allow_nan=False) | st.integers(),
    "boolean": st.booleans(),
    "null": st.none(),
    "any": SCALARS | st.lists(SCALARS, max_size=2),
}


def nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = children.map(lambda of: ({"type": "array", "items": of[0]}, st.lists(of[1], max_size=3)))
    unions = st.lists(children, min_size=1, max_size=3).flatmap(
        lambda of: st.sampled_from(["anyOf", "oneOf"]).map(
            lambda key: ({key: [schema for schema, _ in of]}, st.one_of([values for _, values in of]))
        )
    )
    objects = st.dictionaries(st.sampled_from("abc"), children, max_size=3).map(
        lambda of: (
            {"type": "object", "properties": {key: schema for key, (schema, _) in of.items()}, "required": sorted(of)},
            st.fixed_dictionaries({key: values for key, (_, values) in of.items()}),
        )
    )
    return arrays | unions | objects


VALID = st.recursive(leaves(), nested, max_leaves=6).flatmap(lambda of: st.tuples(st.just(of[0]), of[1]))
ANY: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


@settings(max_examples=300, deadline=None)
@given(VALID)
def test_a_valid_value_is_never_changed(pair: Any) -> None:
    schema, value = pair
    assert coerce(value, schema) is value


@settings(max_examples=300, deadline=None)
@given(ANY, st.recursive(leaves(), nested, max_leaves=6))
def test_what_was_brought_into_form_stays_so(value: Any, pair: Any) -> None:
    once = coerce(value, pair[0])
    assert coerce(once, pair[0]) == once


KEYS = ["type", "properties", "items", "enum", "anyOf", "allOf", "$ref", "required", "prefixItems", "nullable"]
ODD_SCHEMA: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.sampled_from(["#", "#/a", "#/items/0", "string", "array", "object"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)


@settings(max_examples=300, deadline=None)
@given(ANY, ODD_SCHEMA)
def test_no_schema_makes_it_raise(value: Any, schema: Any) -> None:
    coerce(value, schema)
