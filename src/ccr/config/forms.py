"""Reading a JSON value as one of the forms in `keys.py`: leniently about spelling, strictly about meaning.

Every mistake is reported, not only the first: a form is always built, with defaults where the file is wrong.
"""

import re
from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from ccr.config.findings import Findings, Where
from ccr.config.keys import RETIRED, File, ProviderEntry, RouterEntry
from ccr.config.names import did_you_mean, normal

Form = TypeVar("Form", bound=Struct)


class _Field(Struct, frozen=True):
    """One key of a form, as its annotation tells."""

    name: str
    type: Any
    """Without `None`: null counts as absent."""
    expected: str
    example: str
    later: bool


def read(form: type[Form], value: object, where: Where, findings: Findings) -> Form:
    """The value as `form`. Reports what does not fit, unknown keys, and keys whose function comes later."""
    if not isinstance(value, dict):
        findings.error(where, f"must be an object {{…}}, not {_kind(value)}")
        return form()
    given: dict[str, object] = {}
    for field, item in _matched(form, value, where, findings):
        at = (*where, field.name)
        fitting = _read_value(field, item, at, findings)
        if fitting is not None:
            given[field.name] = fitting
            if field.later and fitting:
                findings.note(at, "accepted, not active yet")
    return form(**given)


@cache
def _fields(form: type[Struct]) -> dict[str, _Field]:
    hints = get_type_hints(form, include_extras=True)
    return {name: _field(name, hints[name]) for name in form.__struct_fields__}


def _field(name: str, annotation: object) -> _Field:
    metas = [*_metas(annotation)]
    extra = {key: value for meta in metas for key, value in (meta.extra or {}).items()}
    examples = [example for meta in reversed(metas) for example in meta.examples or []]
    example = msgspec.json.encode(examples[0]).decode() if examples else ""
    return _Field(name, _without_none(annotation), extra.get("is", ""), example, bool(extra.get("later")))


def _metas(annotation: object) -> Iterator[Meta]:
    if get_origin(annotation) is Annotated:
        yield from _metas(get_args(annotation)[0])
        yield from (meta for meta in get_args(annotation)[1:] if isinstance(meta, Meta))
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _metas(member)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated and get_origin(get_args(annotation)[0]) in (Union, UnionType):
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        return members[0] if len(members) == 1 else annotation
    return annotation


@cache
def _by_spelling(form: type[Struct]) -> dict[str, tuple[int, str]]:
    """Normal spelling -> (rank, field). The lower rank wins when a setting is given twice."""
    aliases: dict[str, str] = getattr(form, "ALIASES", {})
    ranked = {normal(alias): (1, field) for alias, field in aliases.items()}
    return ranked | {normal(name): (0, name) for name in _fields(form)}


def _matched(
    form: type[Struct], value: dict[str, object], where: Where, findings: Findings
) -> Iterator[tuple[_Field, object]]:
    """The fields that are given, with their values: the canonical spelling first, then the order of `ALIASES`."""
    known = _by_spelling(form)
    order = [*_fields(form), *getattr(form, "ALIASES", {})]
    taken: dict[str, str] = {}
    for written in sorted(value, key=lambda key: order.index(key) if key in order else len(order)):
        _, name = known.get(normal(written), (0, ""))
        if not name:
            _report_unknown(form, written, where, findings)
        elif value[written] is None or value[written] == "":
            continue
        elif name in taken:
            findings.warning((*where, written), f'ignored: "{taken[name]}" says the same', "remove one of them")
        else:
            taken[name] = written
            if written != name:
                findings.spelled((*where, name), written)
            yield _fields(form)[name], value[written]


def _report_unknown(form: type[Struct], written: str, where: Where, findings: Findings) -> None:
    if written.startswith(("$schema", "_", "//")):  # an editor's schema, or a comment of those who write plain JSON
        return
    hint = _belongs_elsewhere(form, written) or _retired(form, written) or did_you_mean(written, _fields(form))
    findings.warning((*where, written), "unknown key, ignored", hint)


def _retired(form: type[Struct], written: str) -> str:
    keys = [key for end, key in RETIRED.items() if form is File and normal(written).endswith(end)]
    return f'write it as "{keys[0]}" of an entry of "Providers"' if keys else ""


def _belongs_elsewhere(form: type[Struct], written: str) -> str:
    places = {File: "at the top level", RouterEntry: 'inside "Router"', ProviderEntry: 'inside an entry of "Providers"'}
    for other, place in places.items():
        if other is not form and normal(written) in _by_spelling(other):
            return f"this key belongs {place}"
    return ""


def _read_value(field: _Field, value: object, where: Where, findings: Findings) -> object | None:
    """The value in the field's type, or None after an error."""
    inner = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    origin, members = get_origin(inner), get_args(inner)
    if isinstance(inner, type) and issubclass(inner, Struct):
        return read(inner, value, where, findings)
    if origin is Literal:
        return _read_word(members, value, where, findings)
    if origin is list and isinstance(members[0], type) and issubclass(members[0], Struct):
        return _read_list(members[0], value, where, findings)
    if origin is dict and isinstance(members[1], type) and issubclass(members[1], Struct):
        return _read_map(members[1], value, where, findings)
    try:
        fitting: object = msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError as error:
        hint = f'for example "{field.name}": {field.example}' if field.example else ""
        findings.error(where, _misfit(field, value, str(error)), hint)
        return None
    return fitting


_ITEM = re.compile(r"at `\$\[(\d+)\]`$")
"""How msgspec says which item of a list is wrong."""


def _misfit(field: _Field, value: object, said: str) -> str:
    """What the value should be, and what is there instead."""
    item = _ITEM.search(said)
    if item is not None and isinstance(value, list):
        return f"must be {field.expected}, but [{item[1]}] is {_kind(value[int(item[1])])}"
    return f"must be {field.expected}, not {_kind(value)}"


def _read_word(words: tuple[str, ...], value: object, where: Where, findings: Findings) -> str | None:
    if isinstance(value, str) and value.lower() in words:
        return value.lower()
    listed = ", ".join(words)
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    findings.error(where, f"must be one of {listed}", hint)
    return None


def _read_list(form: type[Form], value: object, where: Where, findings: Findings) -> list[Form] | None:
    if not isinstance(value, list):
        findings.error(where, f"must be a list of objects, not {_kind(value)}")
        return None
    return [read(form, item, (*where, index), findings) for index, item in enumerate(value)]


def _read_map(form: type[Form], value: object, where: Where, findings: Findings) -> dict[str, Form] | None:
    if not isinstance(value, dict):
        findings.error(where, f"must be an object {{…}}, not {_kind(value)}")
        return None
    return {key: read(form, item, (*where, key), findings) for key, item in value.items() if item is not None}


def _kind(value: object) -> str:
    """What a value is. Never the value itself: it may be a key."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "this number"
        case "":
            return "an empty text"
        case str():
            return "this text"
        case list():
            return "this list"
        case _:
            return "this object"
