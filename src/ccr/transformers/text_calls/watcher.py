"""The filter: which text is held back, and when it may become a call.

A call is one only if its tool is declared, it stands outside Markdown code, and it is whole. Everything else leaves as
it came; a call that was cut is never mended.

Text flows until a marker may have begun, and on once it has not. Where one has begun with a declared name, all that
follows is kept until the answer ends, for only the end says what the text was:

- A native call after it means that the backend's own parser works, and the text is an echo or a quotation. It must not
  run twice, so an answer with a native call keeps all its text, before the call and behind it.
- A last closing tag may be missing if the model ended the answer itself (some servers strip it as a stop token), not if
  it was cut off.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from ccr.messages.events import (
    Event,
    Failed,
    InputJsonDelta,
    MessageDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ToolUseStart,
    literal_str,
    str_literal,
)
from ccr.messages.request import Tool
from ccr.transformers.text_calls.convert import Conversion, Declared
from ccr.transformers.text_calls.formats import FIRST, begins_call
from ccr.transformers.text_calls.head import Match
from ccr.transformers.text_calls.markdown import Markdown

_SUSPECT = re.compile(rb"[<\[`~\\]").search
_IN_TEXT = re.compile(rb"[<\[`~]|\\u00").search
_IN_FENCE = re.compile(rb"[`~]|\\u00").search
"""With one of these begin all markers, fences and spans, or escaped: Go writes \\u003c. `_SUSPECT` is for speed: a mere
class of characters is sought in half the time of an alternative, and a fourth of what `b"<" in text` takes (3.11)."""
_LOOK_BACK = 8
"""Literals of at least one character each, more than a fence may be indented: where in its line a text stands."""


class TextCalls:
    """A `Filter` for one answer. Not for requests with `tool_choice` none: their text is text."""

    def __init__(
        self, tools: Sequence[Tool] | None, make_id: Callable[[], str], shortened: Mapping[str, str] | None = None
    ) -> None:
        """`make_id` gives an id that is new in the conversation; `shortened` leads from the names that the model was
        shown to those of the request, where they differ."""
        self._declared = Declared(tools or (), shortened or {})
        self._make_id = make_id
        self._is_off = not tools
        """Nothing will be a call any more."""
        self._is_calm = False
        """The open block has begun, and no marker, fence or code span is in the making."""
        self._suspect = _IN_TEXT
        self._recent: deque[bytes] = deque(maxlen=_LOOK_BACK)
        """The latest texts that went by unread."""
        self._unstarted: list[Event] = []
        """The start of a block that is blank so far. Should nothing but a call be in it, there is no block."""
        self._index = 0
        """Of the block that is read."""
        self._held = ""
        """What may be the beginning of a marker; the end of the text so far."""
        self._kept: list[Event] = []
        """All from the first marker on, as it came."""
        self._markdown = Markdown()

    def feed(self, events: list[Event]) -> list[Event]:
        if self._is_off:
            return events
        out: list[Event] = []
        for event in events:
            if self._is_off:
                out.append(event)
            elif type(event) is TextDelta:
                text = event.text
                if self._is_calm and (_SUSPECT(text) is None or self._suspect(text) is None):
                    self._recent.append(text)
                    out.append(event)
                elif self._kept:
                    self._kept.append(event)
                else:
                    self._read(event, out)
            elif type(event) is ThinkingDelta or type(event) is InputJsonDelta:
                (self._kept or out).append(event)
            else:
                self._turn(event, out)
        return out

    def _read(self, event: TextDelta, out: list[Event]) -> None:
        """A text that may have a marker in it, or is the beginning of a block."""
        self._catch_up()
        self._index = event.index
        held, self._held = self._held, ""
        text = held + _text_of(event.text)
        begin, match = self._find(text)
        if match is Match.NO:
            self._pass(text, out, None if held else event)
        else:
            self._pass(text[:begin], out, None)
            if match is Match.YES:
                self._kept.append(TextDelta(event.index, _literal_of(text[begin:])))
            else:
                self._held = text[begin:]
        self._is_calm = not (self._unstarted or self._held or self._kept) and self._markdown.is_settled
        self._suspect = _IN_FENCE if self._markdown.in_fence else _IN_TEXT

    def _catch_up(self) -> None:
        if self._recent:
            self._markdown.read("".join([_text_of(literal) for literal in self._recent]))
            self._recent.clear()

    def _find(self, text: str) -> tuple[int, Match]:
        """Where a call begins, or may: up to there the text has been read."""
        position = 0
        for first in FIRST.finditer(text):
            begin = first.start()
            self._markdown.read(text[position:begin])
            position = begin
            if self._markdown.in_code:
                continue
            match = begins_call(text, begin, self._declared.tools)
            if match is not Match.NO:
                return begin, match
        self._markdown.read(text[position:])
        return len(text), Match.NO

    def _pass(self, text: str, out: list[Event], event: TextDelta | None) -> None:
        """Text that is text; `event` is the very same."""
        if not text:
            return
        passed = event or TextDelta(self._index, _literal_of(text))
        if self._unstarted and not text.strip():
            self._unstarted.append(passed)
            return
        out.extend(self._unstarted)
        self._unstarted = []
        out.append(passed)

    def _turn(self, event: Event, out: list[Event]) -> None:
        """Anything but a delta of content."""
        if type(event) is ToolUseStart:
            self._release(out)
            self._is_off = True
            out.append(event)
        elif type(event) is Failed:
            self._release(out)
            out.append(event)
        elif not self._kept:
            self._between(event, out)
        elif type(event) is MessageDelta:
            conversion = Conversion(self._declared, self._make_id, self._markdown)
            out.extend(conversion.run(self._unstarted, self._kept, event))
            self._unstarted, self._kept = [], []
        else:
            self._kept.append(event)

    def _between(self, event: Event, out: list[Event]) -> None:
        if type(event) is TextStart:
            self._unstarted.append(event)
            self._markdown = Markdown()
            self._recent.clear()
            self._is_calm = False
            return
        self._release(out)
        out.append(event)

    def _release(self, out: list[Event]) -> None:
        """Everything that is held or kept leaves as it came."""
        out.extend(self._unstarted)
        if self._held:
            out.append(TextDelta(self._index, _literal_of(self._held)))
        out.extend(self._kept)
        self._unstarted, self._held, self._kept = [], "", []


def _text_of(literal: bytes) -> str:
    """The text of one delta; half a character, whose other half comes with the next one, stays as it is."""
    try:
        return literal_str(literal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return str(json.loads(literal.decode("utf-8", "replace"), strict=False))


def _literal_of(text: str) -> bytes:
    try:
        return str_literal(text)
    except UnicodeEncodeError:
        return json.dumps(text).encode()
