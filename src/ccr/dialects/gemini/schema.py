"""A tool's JSON schema as `parametersJsonSchema`.

Google documents that field as "in JSON Schema format", with `additionalProperties` in its example
(ai.google.dev/api/caching#FunctionDeclaration), and its own CLI sends the schemas of MCP servers in it unchanged. The
older `parameters` is a small part of OpenAPI and refuses the whole request for a keyword outside it, such as those of
Claude Code's own tools (`exclusiveMinimum`, `propertyNames`, `const`: github.com/weave-os/router/pull/809).

So the schema goes as it is, but for two things: `$schema`, which says nothing about the arguments; and references,
beside which nothing may stand ("$ref was set alongside unsupported fields",
github.com/anomalyco/opencode/issues/12295): they are replaced by what they refer to.
"""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

MOST_REFERENCES = 1_000
"""Replaced in one schema: small ones that refer to each other in layers would grow without end."""


@lru_cache(maxsize=512)
def parameters(schema: bytes) -> Raw | None:
    """None: the function takes no arguments ("can be left unset"; an object without properties was refused for long).

    Remembered: the same tools come with every turn.
    """
    try:
        fields = msgspec.json.decode(schema, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError):
        return None
    if bytes(fields.get("properties", b"{}")).replace(b" ", b"") == b"{}" and not fields.keys() - _SAYS_NOTHING:
        return None
    if b'"$ref"' in schema:
        inlined = _References(msgspec.json.decode(schema)).inlined()
        return Raw(msgspec.json.encode({"type": "object", **inlined}))
    if "$schema" not in fields and "type" in fields:
        return Raw(schema)
    fields.pop("$schema", None)
    return Raw(msgspec.json.encode({"type": "object", **fields}))


_DEFINITIONS = ("$defs", "definitions")
_SAYS_NOTHING = {"$schema", "type", "properties", "required", "additionalProperties", "description", "title"}


class _References:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._left = MOST_REFERENCES

    def inlined(self) -> dict[str, Any]:
        left_out = ("$schema", *_DEFINITIONS)
        fields = {name: value for name, value in self._root.items() if name not in left_out}
        found: dict[str, Any] = self._walk(fields, frozenset())
        if b'"$ref"' in msgspec.json.encode(found):  # a schema that holds itself
            found.update({name: self._root[name] for name in _DEFINITIONS if name in self._root})
        return found

    def _walk(self, node: Any, inside: frozenset[str]) -> Any:
        if isinstance(node, list):
            return [self._walk(item, inside) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {name: self._walk(value, inside) for name, value in node.items()}
        target = self._target(reference)
        if reference in inside or self._left == 0 or not isinstance(target, dict):
            return {"$ref": reference}
        self._left -= 1
        beside = {name: value for name, value in node.items() if name != "$ref"}
        return self._walk({**target, **beside}, inside | {reference})

    def _target(self, reference: str) -> Any:
        """What a reference into the same document (RFC 6901) stands for."""
        if not reference.startswith("#/"):
            return None
        found: Any = self._root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found
