"""One request of each kind, in the shape that Claude Code gives it (2.1.330, with hint headers)."""

import json
from typing import Any, Literal

from msgspec import Struct

from ccr.demo.configuration import ROUTES

Json = dict[str, Any]
RequestClass = Literal["main", "subagent", "auxiliary"]

MAIN_MODEL = "claude-opus-4-8"
LONG_LETTERS = 400_000
"""About 100,000 tokens: well above the default threshold of 60,000."""

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC"
"""A PNG of 8 x 8 pixels, base64."""

BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "mid-conversation-system-2026-04-07,effort-2025-11-24"
)


class Kind(Struct, frozen=True):
    """A kind of request, and where it ought to go."""

    name: str
    route: str
    headers: dict[str, str]
    body: Json

    @property
    def target(self) -> str:
        """`provider,model`"""
        return ROUTES[self.route]


def all_kinds() -> list[Kind]:
    return [main(), background(), think(), long_context(), web_search(), image(), subagent()]


def main() -> Kind:
    return kind("main", "default", "main", turn(1, "Rename the function `load` to `read`."))


def background() -> Kind:
    """A session's title: no tools, structured output of one key."""
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    body = bare(2, "<session>Rename the function `load` to `read`.</session>\n\nGive it a title.", tools=[])
    body["output_config"] = {"effort": "high", "format": {"type": "json_schema", "schema": schema}}
    return kind("background", "background", "auxiliary", body)


def think() -> Kind:
    body = turn(3, "ultrathink: what is the answer?")
    body["output_config"] = {"effort": "max"}
    return kind("think", "think", "main", body)


def long_context() -> Kind:
    line = "The quick brown fox jumps over the lazy dog while the log grows longer. "
    return kind(
        "long context", "longContext", "main", turn(4, "Sum up this log:\n" + line * (LONG_LETTERS // len(line)))
    )


def web_search() -> Kind:
    """The client's own sub-request behind its WebSearch tool."""
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    body = bare(5, "Perform a web search for the query: weather in Paris", tools=[search])
    body["tool_choice"] = {"type": "tool", "name": "web_search"}
    return kind("web search", "webSearch", "auxiliary", body)


def image() -> Kind:
    """A picture that the client has read for the model: it stands in a tool result."""
    body = turn(6, "What is on dot.png?")
    call = {"type": "tool_use", "id": "toolu_01demo", "name": "Read", "input": {"file_path": "/tmp/dot.png"}}
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
    result = {"type": "tool_result", "tool_use_id": "toolu_01demo", "content": [{"type": "image", "source": source}]}
    body["messages"] += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return kind("image", "image", "main", body)


def subagent() -> Kind:
    body = turn(7, "Find all callers of `load`.", billing=" cc_is_subagent=true;")
    return kind("subagent", "subagent", "subagent", body, {"x-claude-code-agent-id": "a0000000000000007"})


def kind(name: str, route: str, request_class: RequestClass, body: Json, more: dict[str, str] | None = None) -> Kind:
    session = json.loads(body["metadata"]["user_id"])["session_id"]
    headers = {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": BETAS,
        "user-agent": "ccr-demo",
        "x-app": "cli",
        "x-claude-code-session-id": session,
        "x-claude-code-request-class": request_class,
    }
    return Kind(name, route, headers | (more or {}), body)


def turn(number: int, prompt: str, billing: str = "") -> Json:
    """A turn of a conversation: tools, adaptive thinking, a system message after the person's words."""
    reminder = {"type": "text", "text": "<system-reminder>\nToday is a good day for a demo.\n</system-reminder>\n"}
    words = {"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}}
    body = bare(number, prompt, tools=TOOLS, billing=billing)
    body["messages"] = [
        {"role": "user", "content": [reminder, words]},
        {"role": "system", "content": "The following skills are available: none."},
    ]
    body["thinking"] = {"type": "adaptive"}
    body["context_management"] = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    return body


def bare(number: int, prompt: str, *, tools: list[Json], billing: str = "") -> Json:
    """A small request beside the conversation. Each demo request is a session of its own, told by `number`."""
    session = f"00000000-0000-4000-8000-{number:012}"
    user = {"device_id": "0" * 64, "account_uuid": "", "session_id": session}
    header = f"x-anthropic-billing-header: cc_version=2.1.330.demo; cc_entrypoint=cli;{billing}"
    cached = {"type": "ephemeral"}
    return {
        "model": MAIN_MODEL,
        "messages": [{"role": "user", "content": [{"type": "text", "text": prompt}]}],
        "system": [
            {"type": "text", "text": header},
            {
                "type": "text",
                "text": "You are Claude Code, Anthropic's official CLI for Claude.",
                "cache_control": cached,
            },
        ],
        "tools": tools,
        "metadata": {"user_id": json.dumps(user, separators=(",", ":"))},
        "max_tokens": 64_000,
        "thinking": {"type": "disabled"},
        "output_config": {"effort": "high"},
        "stream": True,
    }


def tool(name: str, description: str, *parameters: str) -> Json:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {parameter: {"type": "string"} for parameter in parameters},
        "required": [*parameters],
        "additionalProperties": False,
    }
    return {"name": name, "description": description, "input_schema": schema}


TOOLS = [
    tool("Agent", "Launches an agent for a task of several steps.", "description", "prompt", "subagent_type"),
    tool("Bash", "Runs a command and returns what it prints.", "command", "description"),
    tool("Edit", "Replaces a text in a file.", "file_path", "old_string", "new_string"),
    tool("Read", "Reads a file.", "file_path"),
    tool("WebSearch", "Searches the web.", "query"),
    tool("Write", "Writes a file.", "file_path", "content"),
]
