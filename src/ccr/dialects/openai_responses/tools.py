"""Tools of a response: functions without the chat dialect's wrapper, and OpenAI's own web search."""

from typing import Any

from ccr.dialects.openai_chat.tools import is_function, schema
from ccr.dialects.tool_names import ToolNames
from ccr.messages.request import MessagesRequest, Tool, ToolChoice

WEB_SEARCH = "web_search"
_ABSENT = (b"", b"null", b"[]")


def definitions(request: MessagesRequest, names: ToolNames) -> list[dict[str, Any]]:
    """Functions and web searches; other server tools have no counterpart and are left out."""
    return [
        _function(tool, names) if is_function(tool) else _web_search(tool)
        for tool in request.tools or []
        if is_function(tool) or _is_web_search(tool)
    ]


def choice(request: MessagesRequest, names: ToolNames) -> str | dict[str, Any] | None:
    """`tool_choice`; None where the default (auto) is meant or the tool named is not offered."""
    wanted = request.tool_choice or ToolChoice()
    match wanted.type:
        case "any":
            return "required"
        case "none":
            return "none"
        case "tool":
            tool = next((tool for tool in request.tools or [] if tool.name == wanted.name), Tool())
            if is_function(tool):
                return {"type": "function", "name": names.outward(tool.name)}
            # `web_search` is not among the documented names of a choice; the client offers it alone.
            return "required" if _is_web_search(tool) else None
        case _:
            return None


def _is_web_search(tool: Tool) -> bool:
    return tool.is_server_tool and (tool.type or "").startswith(WEB_SEARCH)


def _function(tool: Tool, names: ToolNames) -> dict[str, Any]:
    function: dict[str, Any] = {"type": "function", "name": names.outward(tool.name)}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = schema(tool)
    # Said aloud: without it OpenAI turns a schema strict where it can, and makes every optional argument required
    # (developers.openai.com, "Function calling": strict mode).
    function["strict"] = bool(tool.strict)
    return function


def _web_search(tool: Tool) -> dict[str, Any]:
    """`blocked_domains` and `max_uses` have no counterpart."""
    search: dict[str, Any] = {"type": WEB_SEARCH}
    if tool.allowed_domains and bytes(tool.allowed_domains) not in _ABSENT:
        search["filters"] = {"allowed_domains": tool.allowed_domains}
    if tool.user_location and bytes(tool.user_location) not in _ABSENT:
        search["user_location"] = tool.user_location
    return search
