"""The JSON Schema of config.json, for editors: the table of `keys.py` in the words of json-schema.org."""

import msgspec

from ccr.config.keys import File

_FROM_TEXT = ("integer", "number", "boolean")
"""Kinds that may also be written as a text, `"3456"`, or come out of a variable, `"$PORT"`."""


def json_schema() -> dict[str, object]:
    """The main spellings with their descriptions. Refers to nothing outside itself."""
    schema = msgspec.json.schema(File)
    definitions = {name: _lenient(definition) for name, definition in schema["$defs"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.json of claude-code-router",
        "$ref": schema["$ref"],
        "$defs": definitions,
    }


def _lenient(node: object) -> object:
    match node:
        case dict():
            eased = {key: _lenient(value) for key, value in node.items()}
            if "$ref" in eased:
                eased.pop("default", None)  # the defaults stand with the definition
            if eased.get("type") in _FROM_TEXT:
                eased["type"] = [eased["type"], "string"]
            return eased
        case list():
            return [_lenient(item) for item in node]
        case _:
            return node
