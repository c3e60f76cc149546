"""Thinking that a model wrote into its text, between tags: it becomes a thinking block.

When a tag counts, and when it is a text about tags:

- The opening tag counts at the very start of the answer, before any other block, after white space. From there on
  everything up to its closing tag is thinking.
- A closing tag without an opening one (chat templates of DeepSeek-R1 and QwQ write `<think>` into the prompt:
  vllm-project/vllm#13125, open-webui/open-webui#9808) counts where it is certain: in a whole answer, on a line of its
  own. A stream cannot know it before it comes, and what has been sent as text stays text; `opened` says it beforehand.

At most the beginning of a tag is held back. With no tag at the start the filter is idle from there on.
"""

import re
from collections.abc import Mapping

import msgspec

from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    literal_str,
    str_literal,
)
from ccr.messages.message import joined
from ccr.transformers.numbering import STARTS, moved

NATIVE_TAGS = {
    "<think>": "</think>",
    "<thought>": "</thought>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "◁think▷": "◁/think▷",
}
"""Those that models are trained on: Qwen, DeepSeek, GLM, MiniMax and many more; Gemini behind its OpenAI endpoint (such
deltas have `extra_content.google.thought`); Mistral's Magistral; Seed-OSS; Kimi."""
ALL_TAGS = {**NATIVE_TAGS, "<thinking>": "</thinking>", "<reasoning>": "</reasoning>", "<reason>": "</reason>"}
"""And those that models imitate, or that a prompt asks for (open-webui's list): whoever asks for them wants to read
them, so they count only where the configuration says it."""

_LONE_CLOSE = re.compile(r"\n[ \t]*</think>[ \t]*(?:\n|$)")
_ESCAPE = b"\\u"


class ThinkTags:
    """A `Filter` for one answer."""

    def __init__(
        self, signature: str, tags: Mapping[str, str] = NATIVE_TAGS, *, opened: bool = False, anywhere: bool = False
    ) -> None:
        """`opened`: the answer begins inside the first of the tags. `anywhere`: an opening tag counts in any text."""
        self.idle = False
        self._signature = signature
        self._tags = tags
        self._anywhere = anywhere
        self._close = next(iter(tags.values())) if opened else ""
        """The closing tag that ends the thinking under way; empty: there is none."""
        self._undecided = True
        """Nothing but white space, or the beginning of a tag, has come of the answer's first text."""
        self._trim = opened
        """White space is left out until other text comes."""
        self._held = ""
        self._unread: list[Event] = []
        """The events of `_held` while it is undecided: should it be no tag, they leave as they came."""
        self._in_text = False
        """The block that is read is a text."""
        self._had_text = False
        self._open: type[TextStart] | type[ThinkingStart] | None = None
        """The block that is written, where `_in_text`."""
        self._index = 0
        """Of the block that is written, or of the next one."""

    def feed(self, events: list[Event]) -> list[Event]:
        if self.idle:
            return events
        if events and type(events[0]) is MessageStart and type(events[-1]) is MessageStop:
            self._look_ahead(_first_text(events))
        out: list[Event] = []
        for position, event in enumerate(events):
            if self.idle:
                return [*out, *events[position:]]
            self._event(event, out)
        return out

    def concerns(self, body: bytes) -> bool:
        """Whether any tag is in a whole answer. Brackets may be escaped there."""
        tags = [*self._tags.keys(), *self._tags.values()]
        return b"\\u003" in body or any(tag.encode() in body for tag in tags)

    def _look_ahead(self, text: str) -> None:
        """A whole answer is here: whether it begins inside a thought can be seen."""
        found = _LONE_CLOSE.search(text)
        if self._close:
            self._close = self._close if self._close in text else ""
        elif found is not None and not any(word in text[: found.start()] for word in ("<think>", "```")):
            self._close = "</think>"
        self._trim = bool(self._close)

    def _event(self, event: Event, out: list[Event]) -> None:
        kind = type(event)
        if kind is TextDelta:
            self._delta(event, out)  # type: ignore[arg-type]
        elif kind is TextStart:
            self._in_text = self._had_text = True
            self._unread = [event] if self._undecided else []
        elif self._in_text and kind is BlockStop:
            self._end_text(out)
        elif kind is BlockStop:
            out.append(moved(event, self._index))
            self._index += 1
        elif kind is MessageDelta:
            if self._had_text and not self._index:  # there was nothing but an empty thought: an answer needs a block
                out.extend((TextStart(0), BlockStop(0)))
            out.append(event)
        elif kind is Failed:
            # What is undecided has not begun the answer: another backend may still give it.
            if not self._undecided:
                self._write(self._held, out)
            out.append(event)
        else:
            if kind in STARTS and self._undecided:
                self._decide_without_tag(out)
            out.append(moved(event, self._index))

    def _delta(self, event: TextDelta, out: list[Event]) -> None:
        if not self._held and not self._trim and not self._undecided and not self._may_hold_tag(event.text):
            self._literal(event.text, out)
            self.idle = not self._close and not self._anywhere and event.index == self._index
            return
        text = self._held + _text(event.text)
        self._held = ""
        if self._undecided:
            self._unread.append(event)
            self._start(text, out)
        else:
            self._read(text, out)

    def _may_hold_tag(self, literal: bytes) -> bool:
        if not self._close and not self._anywhere:
            return False
        tag = self._close or next(iter(self._tags))
        return tag[0].encode() in literal or _ESCAPE in literal

    def _start(self, text: str, out: list[Event]) -> None:
        """The beginning of the answer's first text."""
        begin = text.lstrip()
        for tag, close in self._tags.items():
            if begin.startswith(tag):
                self._undecided, self._close, self._trim = False, close, True
                self._unread = []
                self._read(begin[len(tag) :], out)
                return
        if any(tag.startswith(begin) for tag in self._tags):  # also where it is all white space
            self._held = text
        elif self._anywhere or self._close:
            self._undecided, self._unread = False, []
            self._read(text, out)
        else:
            self._decide_without_tag(out)

    def _decide_without_tag(self, out: list[Event]) -> None:
        """No thinking here."""
        if self._unread:
            self._open = TextStart
        out += self._unread
        self._undecided, self._unread, self._held = False, [], ""
        self.idle = not self._anywhere

    def _read(self, text: str, out: list[Event]) -> None:
        """Text after the start: thinking up to the closing tag, then the answer."""
        while text:
            tags = [self._close] if self._close else [*self._tags] if self._anywhere else []
            begin, tag = _first(text, tags)
            if not tag:
                kept = _held_back(text, tags)
                self._write(text[: len(text) - kept], out)
                self._held = text[len(text) - kept :]
                return
            self._write(text[:begin], out)
            self._end_block(out)
            self._close = "" if self._close else self._tags[tag]
            self._trim = True
            text = text[begin + len(tag) :]

    def _write(self, text: str, out: list[Event]) -> None:
        text = text.lstrip() if self._trim else text
        if text:
            self._trim = False
            self._literal(str_literal(text), out)

    def _literal(self, literal: bytes, out: list[Event]) -> None:
        start = ThinkingStart if self._close else TextStart
        if self._open is None:
            self._open = start
            out.append(start(self._index))
        out.append(ThinkingDelta(self._index, literal) if self._close else TextDelta(self._index, literal))

    def _end_text(self, out: list[Event]) -> None:
        """The text that is read ends, and with it thinking whose closing tag never came."""
        if self._undecided and not self._close:
            self._decide_without_tag(out)
        self._write(self._held, out)
        self._held = ""
        self._end_block(out)
        self._in_text, self._undecided, self._close = False, False, ""

    def _end_block(self, out: list[Event]) -> None:
        if self._open is ThinkingStart:
            out.append(SignatureDelta(self._index, self._signature))
        if self._open is not None:
            out.append(BlockStop(self._index))
            self._index += 1
        self._open = None


def _first(text: str, tags: list[str]) -> tuple[int, str]:
    """Where the first of the tags begins, and which; an empty one where there is none."""
    found = [(begin, tag) for tag in tags if (begin := text.find(tag)) >= 0]
    return min(found, default=(0, ""))


def _held_back(text: str, tags: list[str]) -> int:
    """Characters at the end that may be the beginning of a tag."""
    for tag in tags:
        for length in range(min(len(tag) - 1, len(text)), 0, -1):
            if text.endswith(tag[:length]):
                return length
    return 0


def _first_text(events: list[Event]) -> str:
    """The text that an answer begins with; empty where it begins with something else."""
    first = next((event for event in events if type(event) in STARTS), None)
    if type(first) is not TextStart:
        return ""
    return joined([event.text for event in events if type(event) is TextDelta and event.index == first.index])


def _text(literal: bytes) -> str:
    try:
        return literal_str(literal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return joined([literal])
