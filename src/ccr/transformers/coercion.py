"""Brings the values of a tool call to the types that the tool's JSON schema names, where nothing is lost by it.

Models write `"true"`, `"12"`, or a whole list as a string, and a call in XML has nothing but strings. The rule: a value
that fits its schema is never touched, and one that does not is changed only if the result says the same. `_fits` knows
less than JSON Schema does, so it errs on the side of "fits": what it cannot judge stays as it came.
"""

import json
import math
import re
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import unquote

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_ANY_TEXT = "\0"
"""Stands for all strings: the member of no enum."""
_LONGEST_NUMBER = 400
"""Any double in full; Python itself refuses to read an integer of more than 4300 digits."""
_WORDS: dict[str, tuple[str, bool | None]] = {
    "true": ("boolean", True),
    "false": ("boolean", False),
    "null": ("null", None),
    # Python's spellings: what models write that were trained on Python
    "True": ("boolean", True),
    "False": ("boolean", False),
    "None": ("null", None),
}


def coerce(value: Json, schema: Json) -> Json:
    """The value in the type that the schema wants; the very same object where nothing had to change. Never raises."""
    try:
        return _coerced(value, schema, schema)
    except RecursionError:  # a schema that refers to itself in a circle, or a bottomless value
        return value


def takes_text(schema: Json, key: str) -> bool:
    """Whether any string is fit to be the argument of that name: none would be changed."""
    if not isinstance(schema, dict):
        return True
    try:
        return _fits(_ANY_TEXT, _property(schema, key), schema)
    except RecursionError:
        return True


def coerce_arguments(arguments: dict[str, Json], schema: Json) -> dict[str, Json]:
    """The arguments of a call, by the tool's `input_schema`."""
    coerced = coerce(arguments, schema)
    return coerced if isinstance(coerced, dict) else arguments


def read_json(text: str, start: int) -> tuple[Json, int]:
    """The JSON value at `start` and where it ends; (None, start) where no whole one begins.

    Line breaks inside strings are borne: nothing is lost by it.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return value, end


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is more than a double holds")
    return number


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)


def _coerced(value: Json, schema: Json, root: Json) -> Json:
    if not isinstance(schema, dict) or _fits(value, schema, root):
        return value
    for part in _together(schema, root):
        value = _coerced(value, part, root)
    for branches in _alternatives(schema):
        value = _by_first(value, branches, root)
    members = _members(schema)
    if members is not None:
        value = _member(value, members)
    elif isinstance(value, str):
        value = _from_text(value, _types(schema))
    elif isinstance(value, bool | int | float) and "string" in _types(schema):
        value = json.dumps(value)
    if isinstance(value, dict):
        return _coerced_object(value, schema, root)
    if isinstance(value, list):
        return _coerced_array(value, schema, root)
    return value


def _by_first(value: Json, branches: list[Json], root: Json) -> Json:
    """By the first alternative that the value can be brought to."""
    for branch in branches:
        candidate = _coerced(value, branch, root)
        if _fits(candidate, branch, root):
            return candidate
    return value


def _member(value: Json, members: list[Json]) -> Json:
    """The one member of an enum that is written like the value."""
    if not _is_scalar(value):
        return value
    alike = [member for member in members if _is_scalar(member) and _written(member) == _written(value)]
    return alike[0] if len(alike) == 1 else value


def _is_scalar(value: Json) -> bool:
    return not isinstance(value, dict | list)


def _written(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _from_text(text: str, types: list[str]) -> Json:
    """What a string says in one of these types; the string itself where it says nothing in any of them."""
    stripped = text.strip()
    if "string" in types:
        return text
    if stripped in _WORDS and _WORDS[stripped][0] in types:
        return _WORDS[stripped][1]
    if "number" in types or "integer" in types:
        number = _number(stripped)
        if number is not None and any(_is_of(number, name) for name in types):
            return int(number) if "number" not in types else number
    if stripped.startswith(("{", "[")):
        document, end = read_json(stripped, 0)
        if end == len(stripped) and any(_is_of(document, name) for name in types):
            return document
    return text


def _number(text: str) -> int | float | None:
    """The number that is written there, if a double holds it as it is written."""
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if match is None:
        return None
    if match[2] is None and match[3] is None:
        return int(text)
    number = float(text)
    return number if Decimal(text) == Decimal(repr(number)) else None


def _coerced_object(value: dict[str, Json], schema: dict[str, Json], root: Json) -> Json:
    new = {key: _coerced(item, _property(schema, key), root) for key, item in value.items()}
    return new if any(new[key] is not item for key, item in value.items()) else value


def _coerced_array(value: list[Json], schema: dict[str, Json], root: Json) -> Json:
    new = [_coerced(item, _item(schema, position), root) for position, item in enumerate(value)]
    return new if any(one is not other for one, other in zip(new, value, strict=True)) else value


def _fits(value: Json, schema: Json, root: Json) -> bool:
    """False only if the value is surely not valid."""
    if not isinstance(schema, dict):
        return schema is not False
    types = _types(schema)
    if types and not any(_is_of(value, name) for name in types):
        return False
    members = _members(schema)
    if members is not None and not any(_is_same(value, member) for member in members):
        return False
    if not all(_fits(value, part, root) for part in _together(schema, root)):
        return False
    if not all(any(_fits(value, one, root) for one in branches) for branches in _alternatives(schema)):
        return False
    if isinstance(value, dict):
        required = schema.get("required")
        if isinstance(required, list) and any(isinstance(key, str) and key not in value for key in required):
            return False
        return all(_fits(item, _property(schema, key), root) for key, item in value.items())
    if isinstance(value, list):
        return all(_fits(item, _item(schema, position), root) for position, item in enumerate(value))
    return True


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "null": type(None),
    "object": dict,
    "array": list,
    "number": (int, float),
    "integer": (int, float),
}


def _types(schema: dict[str, Json]) -> list[str]:
    """The types that are named; empty: any."""
    named = schema.get("type")
    types = [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str)]
    if types and schema.get("nullable") is True:  # OpenAPI 3.0
        types.append("null")
    return types


def _is_of(value: Json, name: str) -> bool:
    if name not in _TYPES:
        return True
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name])


def _is_same(one: Json, other: Json) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _members(schema: dict[str, Json]) -> list[Json] | None:
    if "const" in schema:
        return [schema["const"]]
    members = schema.get("enum")
    return members if isinstance(members, list) else None


def _together(schema: dict[str, Json], root: Json) -> list[Json]:
    """The schemas that hold beside this one."""
    every = schema.get("allOf")
    parts = list(every) if isinstance(every, list) else []
    reference = schema.get("$ref")
    if isinstance(reference, str):
        parts.append(_referred(reference, root))
    return parts


def _alternatives(schema: dict[str, Json]) -> list[list[Json]]:
    unions = [schema.get(key) for key in ("anyOf", "oneOf")]
    return [union for union in unions if isinstance(union, list) and union]


def _referred(reference: str, root: Json) -> Json:
    """A schema of the same document; one that allows anything where there is none."""
    if reference != "#" and not reference.startswith("#/"):
        return True
    place = root
    for step in unquote(reference[2:]).split("/") if reference != "#" else []:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and key in map(str, range(len(place))):
            place = place[int(key)]
        elif isinstance(place, dict) and key in place:
            place = place[key]
        else:
            return True
    return place


def _property(schema: dict[str, Json], key: str) -> Json:
    properties = schema.get("properties")
    if isinstance(properties, dict) and key in properties:
        return properties[key]
    return True if "patternProperties" in schema else schema.get("additionalProperties", True)


def _item(schema: dict[str, Json], position: int) -> Json:
    rest = schema.get("items", True)
    first = schema.get("prefixItems")
    if isinstance(rest, list):  # tuples before draft 2020-12
        first, rest = rest, schema.get("additionalItems", True)
    return first[position] if isinstance(first, list) and position < len(first) else rest
