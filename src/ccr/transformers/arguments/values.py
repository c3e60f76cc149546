"""Numbers and words -> as JSON has them; values -> in the types of the tool's schema."""

import json
import re

from ccr.transformers.coercion import Json, coerce_arguments

WORDS = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null"}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def plain_value(atom: str) -> str | None:
    """A word or number as JSON; None where it is neither."""
    return WORDS.get(atom) or (atom if _NUMBER.fullmatch(atom) else None)


def typed(told: str, key: str, schema: Json) -> str:
    """The JSON of a scalar argument in the type that the schema wants; else as it is."""
    value = json.loads(told)
    wanted = coerce_arguments({key: value}, schema)[key]
    if type(wanted) is type(value):
        return told
    if isinstance(wanted, str):
        return f'"{told}"'  # a number with the very zeros that it was written with
    try:
        return json.dumps(wanted, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):  # more than a double holds, or more brackets than Python bears
        return told
