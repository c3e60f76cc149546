"""Tool declarations and the choice among them (ai.google.dev/gemini-api/docs/function-calling)."""

from typing import Any

from msgspec import UNSET

from ccr.dialects.gemini.schema import parameters
from ccr.dialects.tool_names import ToolNames
from ccr.messages.request import PLACEHOLDER_TOOL, MessagesRequest, Tool, ToolChoice

NAMES = r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"
"""Names that Gemini takes: "a-z, A-Z, 0-9, or contain underscores, colons, dots, and dashes, with a maximum length of
64" (ai.google.dev/api/caching#FunctionDeclaration); "Must start with a letter or an underscore" (its refusal)."""


def tools(request: MessagesRequest, names: ToolNames) -> list[dict[str, Any]]:
    """The client's own tools as functions; web search, where it is the only tool, as Google's.

    Together they need Gemini 3, a switch, and a history of searches that the client does not keep
    (ai.google.dev/gemini-api/docs/tool-combination); older models refuse both at once. Claude Code searches in a
    request of its own, without functions.
    """
    functions = [_declaration(tool, names) for tool in request.tools or [] if _is_function(tool)]
    if functions:
        return [{"functionDeclarations": functions}]
    if any((tool.type or "").startswith("web_search") for tool in request.tools or []):
        return [{"googleSearch": {}}]
    return []


def tool_config(request: MessagesRequest, names: ToolNames) -> dict[str, Any] | None:
    """`tool_choice`; None where the default (AUTO) is meant or what is wanted is not offered."""
    wanted = request.tool_choice or ToolChoice()
    offered = [tool.name for tool in request.tools or [] if _is_function(tool)]
    if not offered:
        return None
    match wanted.type:
        case "any":
            config: dict[str, Any] = {"mode": "ANY"}
        case "none":
            config = {"mode": "NONE"}
        case "tool" if wanted.name in offered:
            config = {"mode": "ANY", "allowedFunctionNames": [names.outward(wanted.name)]}
        case _:
            return None
    return {"functionCallingConfig": config}


def _is_function(tool: Tool) -> bool:
    return not tool.is_server_tool and tool.name not in ("", PLACEHOLDER_TOOL)


def _declaration(tool: Tool, names: ToolNames) -> dict[str, Any]:
    function: dict[str, Any] = {"name": names.outward(tool.name)}
    if tool.description:
        function["description"] = tool.description
    schema = None if tool.input_schema is UNSET else parameters(bytes(tool.input_schema))
    if schema is not None:
        function["parametersJsonSchema"] = schema
    return function
