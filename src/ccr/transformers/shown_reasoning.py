"""An answer that came wholly as reasoning is shown as text, too.

vLLM's reasoning parsers take a reply without a think block for reasoning from its first word to its last, above all
where thinking is off (measured with 0.32.0 and `qwen3`; vllm-project/vllm#17349, #17609, and #19222 for JSON): the
client would print nothing, and its user's question would stand unanswered.

It stands before the filters that read text: a tool call among the reasoning becomes text here, and a call there.
"""

import re

from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    MessageDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
    str_literal,
)

_BETWEEN = str_literal("\n\n")
_BLANK_START = re.compile(rb'"(?:\\[nrt]| )*')


class ShownReasoning:
    """A `Filter` for one answer: where it ends by itself without text or call, its reasoning follows as a text block.

    An answer that was cut off is left alone: it was still thinking.
    """

    def __init__(self) -> None:
        self.idle = False
        self._thinking: list[bytes] = []
        """The literals of all reasoning so far."""
        self._blank: list[Event] = []
        """A text block that has nothing in it so far."""
        self._next = 0
        """The number of the block that comes next."""

    def concerns(self, body: bytes) -> bool:
        """Whether a whole answer holds reasoning."""
        return b'"type":"thinking"' in body

    def feed(self, events: list[Event]) -> list[Event]:
        if self.idle:
            return events
        if len(events) == 1 and type(events[0]) is ThinkingDelta:  # nearly every batch while the model thinks
            self._thinking.append(events[0].thinking)
            return events
        out: list[Event] = []
        for position, event in enumerate(events):
            if self.idle:
                return [*out, *events[position:]]
            self._event(event, out)
        return out

    def _event(self, event: Event, out: list[Event]) -> None:
        if type(event) is ThinkingDelta:
            self._thinking.append(event.thinking)
        elif type(event) is TextStart:
            self._release(out)
            self._blank.append(event)
            return
        elif type(event) is TextDelta:
            self._blank.append(event)
            if _without_blank_start(event.text):
                self._leave(out)
            return
        elif type(event) is BlockStop:
            self._next = event.index + 1
            if self._blank:
                self._blank.append(event)
                return
        elif type(event) is MessageDelta:
            self._end(event, out)
        elif type(event) is ToolUseStart or type(event) is Failed:
            self._leave(out)
        elif type(event) is ThinkingStart:
            self._release(out)
            if self._thinking:
                self._thinking.append(_BETWEEN)
        out.append(event)

    def _end(self, event: MessageDelta, out: list[Event]) -> None:
        ended = event.stop_reason in ("end_turn", "stop_sequence")
        if ended and (shown := _from_first_word(self._thinking)):
            index = self._next - 1 if self._blank else self._next
            self._blank = [TextStart(index), *[TextDelta(index, literal) for literal in shown], BlockStop(index)]
        self._leave(out)

    def _leave(self, out: list[Event]) -> None:
        """From here on there is nothing to do."""
        self._release(out)
        self._thinking = []
        self.idle = True

    def _release(self, out: list[Event]) -> None:
        out.extend(self._blank)
        self._blank = []


def _from_first_word(literals: list[bytes]) -> list[bytes]:
    """What is left of a text without the blanks before it."""
    for position, literal in enumerate(literals):
        if begin := _without_blank_start(literal):
            return [begin, *literals[position + 1 :]]
    return []


def _without_blank_start(literal: bytes) -> bytes:
    """A literal from its first word on; empty where it has none."""
    blank = _BLANK_START.match(literal)
    rest = literal[blank.end() :] if blank else literal
    return b"" if rest == b'"' else b'"' + rest
