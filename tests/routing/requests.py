"""Requests in the shapes of the client, and their facts."""

from typing import Any

import msgspec

from ccr.messages.request import parse_request
from ccr.routing.facts import Facts, read_facts
from ccr.routing.rules import Rules, Target

PROVIDERS = {"Big": ("Qwen3-32B", "deepseek-v3"), "openrouter": ("anthropic/claude-sonnet-4",), "ollama": ()}

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
WEB_SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
BASH = {"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object"}}
BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.abc; cc_entrypoint=cli;"}
TITLE_FORMAT = {"type": "json_schema", "schema": {"type": "object", "properties": {"title": {"type": "string"}}}}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [text(one) if isinstance(one, str) else one for one in content]}


def system(content: str) -> dict[str, Any]:
    return {"role": "system", "content": content}


def assistant(*content: Any) -> dict[str, Any]:
    return {**user(*content), "role": "assistant"}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def tool_result(*content: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(content)}


def tag(model: str) -> str:
    return f"<CCR-SUBAGENT-MODEL>{model}</CCR-SUBAGENT-MODEL>"


def facts(
    *said: dict[str, Any],
    headers: dict[str, str] | None = None,
    tokens: int = 100,
    last: int = 0,
    model: str = "claude-opus-5-5",
    **body: Any,
) -> Facts:
    """Facts of a request with these messages."""
    document = {"model": model, "max_tokens": 32_000, "messages": list(said) or [user("Hello")], **body}
    found = read_facts(parse_request(msgspec.json.encode(document)), headers or {}, tokens)
    return msgspec.structs.replace(found, last_input_tokens=last)


def rules(**changes: Any) -> Rules:
    """All routes of the npm tool, each with a model of its own name, and what is changed."""
    names = ("default", "background", "think", "longContext", "webSearch", "image")
    routes: Any = {name: Target("Big", f"{name}-model") for name in names}
    return msgspec.structs.replace(Rules(routes=routes, providers=PROVIDERS), **changes)


def with_routes(base: Rules, *names: str) -> Rules:
    """The rules with these routes too."""
    more = {name: Target("Big", f"{name}-model") for name in names}
    return msgspec.structs.replace(base, routes={**base.routes, **more})


def without_routes(base: Rules, *names: str) -> Rules:
    return msgspec.structs.replace(base, routes={n: t for n, t in base.routes.items() if n not in names})
