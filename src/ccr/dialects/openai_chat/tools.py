"""Tool definitions and the choice among them."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw

from ccr.dialects.tool_names import ToolNames
from ccr.messages.request import PLACEHOLDER_TOOL, MessagesRequest, Tool, ToolChoice

_EMPTY_SCHEMA = Raw(b'{"type":"object","properties":{}}')


def definitions(request: MessagesRequest, names: ToolNames) -> list[dict[str, Any]]:
    """The client's own tools as functions. Server tools have no schema and no meaning here: they are left out."""
    return [_definition(tool, names) for tool in request.tools or [] if is_function(tool)]


def choice(request: MessagesRequest, names: ToolNames) -> str | dict[str, Any] | None:
    """`tool_choice`; None where the default (auto) is meant or the tool named is not offered."""
    wanted = request.tool_choice or ToolChoice()
    match wanted.type:
        case "any":
            return "required"
        case "none":
            return "none"
        case "tool" if any(tool.name == wanted.name and is_function(tool) for tool in request.tools or []):
            return {"type": "function", "function": {"name": names.outward(wanted.name or "")}}
        case _:
            return None


def is_function(tool: Tool) -> bool:
    return not tool.is_server_tool and tool.name not in ("", PLACEHOLDER_TOOL)


def _definition(tool: Tool, names: ToolNames) -> dict[str, Any]:
    function: dict[str, Any] = {"name": names.outward(tool.name)}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = schema(tool)
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def schema(tool: Tool) -> Raw:
    """The schema's own bytes; `properties` is added where it is missing, since backends insist on it."""
    text = b"" if tool.input_schema is UNSET else bytes(tool.input_schema)
    if not text.startswith(b"{"):
        return _EMPTY_SCHEMA
    if b'"properties"' in text:
        return Raw(text)
    fields = msgspec.json.decode(text, type=dict[str, Raw])
    return Raw(msgspec.json.encode({"type": "object", **fields, "properties": {}}))
