"""`tooluse`: the model must call a tool in each turn; a call of ExitTool is its way to answer with text.

What is added to the prompt goes to the end of the system prompt and of the tools, the same for every turn: the npm
tool's message at the end of the conversation changed the prefix with every turn, and a server's cache was of no use.
"""

import re

import msgspec
from msgspec import Raw

from ccr.messages.events import (
    BlockStop,
    Event,
    InputJsonDelta,
    MessageDelta,
    TextDelta,
    TextStart,
    ToolUseStart,
    literal_str,
    str_literal,
)
from ccr.messages.message import joined
from ccr.transformers.body import Body
from ccr.transformers.filter import Filter
from ccr.transformers.transformer import Asked, Transformer

EXIT = "ExitTool"
REMINDER = (
    "<system-reminder>Tool mode is on: every turn calls a tool. Choose the one that brings the task forward most. When "
    f"no tool fits, or the task is done, call `{EXIT}` with your answer as its `response`: it is the only way to "
    "answer with text.</system-reminder>"
)
TOOL = {
    "name": EXIT,
    "description": "Ends tool mode with an answer for the user. Call it only when no other tool is needed any more.",
    "input_schema": {
        "type": "object",
        "properties": {"response": {"type": "string", "description": "The whole answer, as the user shall read it."}},
        "required": ["response"],
    },
}


class ToolUse(Transformer, frozen=True):
    """Requires a tool call in each turn, and offers ExitTool for answers in text."""

    name = "tooluse"

    def on_request(self, body: Body, asked: Asked) -> None:
        tools = body.items("tools")
        calls = any(not tool.is_server_tool for tool in asked.request.tools or [])
        choice = asked.request.tool_choice
        # A client that demands or forbids a call itself is obeyed.
        if not calls or any(_is_exit(tool) for tool in tools) or (choice is not None and choice.type != "auto"):
            return
        body.set("tools", [*tools, TOOL])
        body.set("system", [*_system(body), {"type": "text", "text": REMINDER}])
        if not _forbids_force(asked):
            given = body.get("tool_choice")
            body.set("tool_choice", {**(given if isinstance(given, dict) else {}), "type": "any"})

    def filter(self, asked: Asked) -> Filter | None:
        offered = any(tool.name == EXIT for tool in asked.request.tools or [])
        return ExitCalls() if offered else None


def _is_exit(tool: dict[str, Raw]) -> bool:
    return bytes(tool.get("name", b"")) == b'"ExitTool"'


def _system(body: Body) -> list[object]:
    """The system prompt as blocks."""
    system = body.get("system")
    if isinstance(system, str):
        return [{"type": "text", "text": system}] if system else []
    return system if isinstance(system, list) else []


def _forbids_force(asked: Asked) -> bool:
    """Anthropic refuses a forced call while thinking is on (docs.anthropic.com, "Extended thinking": tool use)."""
    thinking = asked.request.thinking
    return asked.dialect == "anthropic" and thinking is not None and thinking.type != "disabled"


class ExitCalls:
    """A `Filter`: calls of ExitTool become text, which streams as their arguments do."""

    def __init__(self) -> None:
        self._response: ResponseText | None = None
        """Of the call that is open."""
        self._calls = 0
        """Other calls."""
        self._exits = 0
        self._is_whole = True
        """Every exit's arguments were complete."""

    def feed(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if type(event) is InputJsonDelta and self._response is not None:
                out += [TextDelta(event.index, text) for text in self._response.feed(event.partial_json)]
            elif type(event) is ToolUseStart and event.name == EXIT:
                self._response = ResponseText()
                self._exits += 1
                out.append(TextStart(event.index))
            elif type(event) is BlockStop and self._response is not None:
                out += [TextDelta(event.index, text) for text in self._response.finish()]
                self._is_whole = self._is_whole and self._response.is_whole
                self._response = None
                out.append(event)
            elif type(event) is MessageDelta and self._exits:
                out.append(self._end(event))
            else:
                self._calls += type(event) is ToolUseStart
                out.append(event)
        return out

    def _end(self, event: MessageDelta) -> Event:
        if self._calls or event.stop_reason != "tool_use":
            return event
        # An exit whose arguments stop short was cut by the limit, whatever the dialect made of it.
        return msgspec.structs.replace(event, stop_reason="end_turn" if self._is_whole else "max_tokens")


_OPENING = re.compile(r'\s*\{\s*"response"\s*:\s*"')
_STRING = re.compile(r'(?:[^"\\]|\\(?:u[0-9a-fA-F]{4}|[^u]))*')
"""As much of a JSON string as is complete: an escape that is cut waits."""
_CONTROL = re.compile(r"[\x00-\x1f]")


class ResponseText:
    """Pieces of `{"response": "…"}` in, the text's pieces out, as literals: the string's JSON is the text's JSON."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        """All of it until the text begins."""
        self._rest = ""
        """Of the text, not given yet."""
        self._begun = False
        self.is_whole = False
        """The text's closing quote has come."""

    def feed(self, literal: bytes) -> list[bytes]:
        if self.is_whole:
            return []
        self._pieces.append(literal)
        if not self._begun:
            json = joined(self._pieces)
            opening = _OPENING.match(json)
            if opening is None:
                return []
            self._begun, self._rest = True, json[opening.end() :]
        else:
            self._rest += joined([literal])
        return self._text()

    def _text(self) -> list[bytes]:
        match = _STRING.match(self._rest)
        assert match is not None  # it matches nothing, too
        text, self._rest = match.group(), self._rest[match.end() :]
        self.is_whole = self._rest.startswith('"')
        # Line breaks that a model did not escape are text as well.
        text = _CONTROL.sub(lambda control: f"\\u{ord(control.group()):04x}", text)
        return [f'"{text}"'.encode()] if text else []

    def finish(self) -> list[bytes]:
        """What is there when the call ends. Arguments of another form are shown as they are: nothing is lost."""
        if self._begun:
            return []
        json = joined(self._pieces)
        try:
            response = msgspec.json.decode(json, type=dict[str, Raw]).get("response")
            self.is_whole = True
            text = literal_str(response) if response is not None else json if json.strip(" {}") else ""
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = json
        return [str_literal(text)] if text else []
