"""What was kept, once the answer is over: its calls become blocks, the rest stays text, and all is numbered anew."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from ccr.messages.events import (
    BlockStop,
    Event,
    InputJsonDelta,
    MessageDelta,
    TextDelta,
    TextStart,
    ToolUseStart,
    str_literal,
)
from ccr.messages.message import joined
from ccr.messages.request import Tool
from ccr.transformers.coercion import coerce_arguments
from ccr.transformers.text_calls.call import Call, Found
from ccr.transformers.text_calls.formats import FIRST, begins_call, read_call
from ccr.transformers.text_calls.head import Match
from ccr.transformers.text_calls.markdown import Markdown

_MOST_FAILURES = 20
"""Beginnings without an end in one text: a model in a loop. Each may cost a look at all the rest."""


class Declared:
    """The tools that may be called. Looked at only when a text looks like a call."""

    def __init__(self, tools: Sequence[Tool], shortened: Mapping[str, str]) -> None:
        self._tools = tools
        self._shortened = shortened

    @cached_property
    def tools(self) -> dict[str, Tool]:
        """By the names that the model was shown, and by their own."""
        own = {tool.name: tool for tool in self._tools if not tool.is_server_tool}
        return own | {shown: own[name] for shown, name in self._shortened.items() if name in own}

    def arguments(self, call: Call) -> str:
        """The call's arguments as JSON, in the types of the tool's schema."""
        schema = self.tools[call.name].input_schema
        arguments = call.arguments
        if schema is not UNSET:
            arguments = coerce_arguments(arguments, msgspec.json.decode(schema))
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


class Conversion:
    """Kept events in, the rest of the answer out."""

    def __init__(self, declared: Declared, make_id: Callable[[], str], markdown: Markdown) -> None:
        self._declared = declared
        self._make_id = make_id
        self._markdown = markdown
        """Where the kept text begins."""
        self._out: list[Event] = []
        self._index = 0
        self._is_open = False
        """A text block is."""
        self._calls = 0

    def run(self, unstarted: list[Event], kept: list[Event], end: MessageDelta) -> list[Event]:
        """`unstarted`: the beginning of the first block, if it has not left yet."""
        events = unstarted + kept
        first = kept[0]
        assert type(first) is TextDelta
        self._index = first.index
        self._is_open = not unstarted
        blocks = list(_blocks(events))
        for number, block in enumerate(blocks, 1):
            self._block(block, is_end=number == len(blocks) and end.stop_reason == "end_turn")
        if not self._calls:
            return [*events, end]
        return [*self._out, replace(end, stop_reason="tool_use", stop_sequence=None)]

    def _block(self, block: list[Event], is_end: bool) -> None:
        markdown = self._markdown if self._is_open else Markdown()
        text = joined(event.text for event in block if type(event) is TextDelta)
        parts = list(_split(text, markdown, self._declared.tools, is_end))
        if len(parts) == 1:
            self._out.extend([replace(event, index=self._index) for event in block])
            self._index += 1
            self._is_open = False
            return
        for part in parts:
            if type(part) is Found:
                self._end_text()
                for call in part.calls:
                    self._call(call)
            else:
                self._text(str(part))
        self._end_text()

    def _text(self, text: str) -> None:
        if not self._is_open:
            if not text.strip():
                return  # the Messages API refuses blank text blocks in the history
            self._out.append(TextStart(self._index))
            self._is_open = True
        if text:
            self._out.append(TextDelta(self._index, str_literal(text)))

    def _end_text(self) -> None:
        if self._is_open:
            self._out.append(BlockStop(self._index))
            self._index += 1
            self._is_open = False

    def _call(self, call: Call) -> None:
        self._out += (
            ToolUseStart(self._index, self._make_id(), self._declared.tools[call.name].name),
            InputJsonDelta(self._index, str_literal(self._declared.arguments(call))),
            BlockStop(self._index),
        )
        self._index += 1
        self._calls += 1


def _blocks(events: Iterable[Event]) -> Iterable[list[Event]]:
    """The events of each block."""
    block: list[Event] = []
    for event in events:
        block.append(event)
        if type(event) is BlockStop:
            yield block
            block = []


def _split(text: str, markdown: Markdown, names: Collection[str], is_end: bool) -> Iterable[str | Found]:
    """The text, a call, the text behind it …"""
    done = position = failures = 0
    for first in FIRST.finditer(text):
        start = first.start()
        if start < position:
            continue
        markdown.read(text[position:start])
        position = start
        if markdown.in_code:
            continue
        found = read_call(text, start, names, is_end)
        if found is not None:
            yield text[done:start]
            yield found
            done = position = found.end
            markdown = Markdown()
        elif begins_call(text, start, names) is Match.YES:
            failures += 1
            if failures > _MOST_FAILURES:
                break
    yield text[done:]
