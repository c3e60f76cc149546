"""Puts the pieces of an answer in order: one block after another, each complete, whatever the backend interleaves.

Text, thinking and tool calls arrive as fragments. The block that is open streams through. A fragment of another item
closes it, unless it is a tool call whose arguments are not complete yet: then the newcomer waits (`_waiting`) until the
end. So parallel calls may come interleaved in any way and still leave as whole blocks with indices 0, 1, 2 …
"""

import re
from collections.abc import Callable, Iterable

import msgspec
from msgspec import Raw, Struct

from ccr.dialects.signature import Item as ReasoningItem
from ccr.dialects.signature import add_items, sign
from ccr.messages.blocks import ToolUse
from ccr.messages.events import (
    EMPTY,
    BlockStop,
    Event,
    InputJsonDelta,
    SignatureDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
)
from ccr.messages.message import joined
from ccr.messages.request import MessagesRequest

_BLANK = re.compile(rb'"(?:\\[nrt]| )*"')
"""A literal of white space only. It opens no block: the Messages API refuses blank text blocks in the history."""


class Text(Struct):
    pieces: list[bytes] = []
    """Literals that have not left yet."""
    whole: bool = False
    """What comes next is a block of its own, also when it is text again."""


class Thinking(Struct):
    field: str
    """What the signature says: the backend's name for it, or what else must come back with it."""
    pieces: list[bytes] = []
    items: list[ReasoningItem] = []
    """What must go back besides the text."""
    whole: bool = False
    sealed: bool = False
    """Its signature matters by itself: it is a block even without text."""


class ToolCall(Struct):
    key: int
    """The backend's `index`, or one of ours where it gave none."""
    id: str = ""
    name: str = ""
    pieces: list[bytes] = []
    """Literals of the arguments that have not left yet."""
    seen: list[bytes] = []
    """All literals of the arguments."""
    placed: bool = False
    """It is the open item, waits, or has been closed."""
    closed: bool = False

    @property
    def is_complete(self) -> bool:
        """Its arguments are a whole, non-empty JSON object."""
        if not self.seen or not self.seen[-1].rstrip(b'" \\nrt').endswith(b"}"):
            return False  # the plain case, without joining all of them
        try:
            return bool(msgspec.json.decode(joined(self.seen), type=dict[str, Raw]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False


Item = Text | Thinking | ToolCall


class BlockSequencer:
    """Fragments in, block events out. `close` ends the answer."""

    def __init__(self, make_id: "IdMaker") -> None:
        self._make_id = make_id
        self._index = 0
        self._open: Item | None = None
        self._started = False
        """The open item's start event has left."""
        self._waiting: list[Item] = []
        self._calls: dict[int, ToolCall] = {}
        self.tool_calls = 0
        """Tool blocks started so far."""
        self.blocks = 0
        """Blocks started so far."""
        self.nameless = False
        """A call ended without ever having had a name."""

    @property
    def is_plain(self) -> bool:
        """A further delta of the open block is its text and nothing else."""
        return not (type(self._open) is Thinking and self._open.items)

    @property
    def arguments(self) -> list[bytes] | None:
        """The pieces so far of the call that is open; None when none is."""
        return self._open.seen if type(self._open) is ToolCall else None

    def text(self, literal: bytes, out: list[Event]) -> None:
        if type(self._open) is Text:
            if self._started:
                out.append(TextDelta(self._index, literal))
            else:
                self._open.pieces.append(literal)
                self._release(out)
        else:
            self._fragment(Text([]), literal, out)

    def thinking(self, literal: bytes, field: str, out: list[Event]) -> None:
        if type(self._open) is Thinking:
            if self._started:
                out.append(ThinkingDelta(self._index, literal))
            else:
                self._open.pieces.append(literal)
                self._release(out)
        else:
            self._fragment(Thinking(field, []), literal, out)

    def thinking_items(self, literal: bytes, field: str, items: list[ReasoningItem], out: list[Event]) -> None:
        """Thinking whose form must survive: the text, which may be empty, and the items that hold it."""
        item = self._open
        if type(item) is not Thinking:
            item = self._waiting[-1] if self._waiting else None
            if type(item) is not Thinking:
                item = Thinking(field, [], [])
                self._enter(item, out)
        item.field = field
        add_items(item.items, items)
        if item is self._open and self._started and literal != EMPTY:
            out.append(ThinkingDelta(self._index, literal))
            return
        item.pieces += [literal] if literal != EMPTY else []
        if item is self._open:
            self._release(out)

    def call(self, index: int | None, call_id: str, name: str, arguments: bytes, out: list[Event]) -> None:
        """A fragment of a tool call: any of its parts may be empty."""
        call = self._find(index, call_id, name, arguments)
        if not call.name or (call is not self._open or not self._started):
            call.name = call.name if name in ("", call.name) else call.name + name
        call.id = call.id or call_id
        if call.closed:
            return  # complete and closed: what still comes is white space or an echo
        if arguments != EMPTY:
            call.pieces.append(arguments)
            call.seen.append(arguments)
        if not call.placed:
            call.placed = True
            self._enter(call, out)
        if self._open is call:
            self._release(out)

    def part(self, out: list[Event]) -> None:
        """The text or thinking under way is whole: more of the same kind is a block of its own."""
        last = self._waiting[-1] if self._waiting else self._open
        if isinstance(last, Text | Thinking):
            last.whole = True
            if last is self._open:
                self._close_open(out)

    def seal(self, field: str, out: list[Event]) -> None:
        """The thinking under way ends, and goes back as `field` says; without any, a block without text says it."""
        last = self._waiting[-1] if self._waiting else self._open
        if not isinstance(last, Thinking) or last.whole:
            last = Thinking(field, [])
            self._enter(last, out)
        last.field, last.sealed = field, True
        if last is self._open:
            self._release(out)
        self.part(out)

    def close(self, out: list[Event]) -> None:
        """The answer is complete: everything that waits leaves, in the order in which it began."""
        self._close_open(out)
        for item in self._waiting:
            self._open, self._started = item, False
            self._release(out)
            self._close_open(out)
        self._waiting = []

    def _fragment(self, item: Text | Thinking, literal: bytes, out: list[Event]) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Text | Thinking) and type(last) is type(item) and not last.whole:
            last.pieces.append(literal)
            return
        item.pieces.append(literal)
        self._enter(item, out)
        if self._open is item:
            self._release(out)

    def _enter(self, item: Item, out: list[Event]) -> None:
        """A new item: it opens, unless the open one is a call that is not complete yet."""
        if self._waiting or (type(self._open) is ToolCall and not self._open.is_complete):
            self._waiting.append(item)
            return
        self._close_open(out)
        self._open, self._started = item, False

    def _find(self, index: int | None, call_id: str, name: str, arguments: bytes) -> ToolCall:
        """The call a fragment belongs to. The same index with another id is another call (seen at several gateways)."""
        if index is None:
            # Backends without an index send whole calls, or fragments that carry the id.
            known = [c for c in self._calls.values() if call_id and c.id == call_id]
            last = max(self._calls, default=-1)
            if known:
                return known[0]
            if not call_id and not name and last >= 0:
                return self._calls[last]
            return self._new(last + 1)
        call = self._calls.get(index)
        if call is None:
            return self._new(index)
        if call_id and call.id and call_id != call.id:
            known = [c for c in self._calls.values() if c.id == call_id]
            if known:
                return known[0]
            # vLLM before 0.9 made a new id for every fragment; a new call has a name.
            return self._replace(index) if name or call.is_complete else call
        if (
            name
            and not (call_id and call.id)
            and call.seen
            and call.is_complete
            and arguments.lstrip(b'" ')[:1] == b"{"
        ):
            # No ids to tell by: after whole arguments a name with new ones is the next call (Gemini behind gateways).
            return call if arguments in call.seen else self._replace(index)
        return call

    def _new(self, key: int) -> ToolCall:
        call = ToolCall(key, "", "", [], [])
        self._calls[key] = call
        return call

    def _replace(self, index: int) -> ToolCall:
        """A second call under an index that is in use: the first keeps its place under a key of its own."""
        first = self._calls.pop(index)
        first.key = -1 - len(self._calls)
        self._calls[first.key] = first
        return self._new(index)

    def _release(self, out: list[Event]) -> None:
        """Let the pieces of the open item out, starting its block once there is something to start it with."""
        item = self._open
        if item is None:
            return
        # Not `match`: a class pattern that misses costs eight times as much for a Struct (measured).
        if type(item) is ToolCall:
            if not item.name or (not self._started and not item.pieces):
                return  # the name may still come, or grow
            self._start_call(item, out)
            out.extend([InputJsonDelta(self._index, piece) for piece in item.pieces])
        elif not self._started and _says_nothing(item):
            return
        elif type(item) is Text:
            self._start(TextStart(self._index), out)
            out.extend([TextDelta(self._index, piece) for piece in item.pieces])
        else:
            self._start(ThinkingStart(self._index), out)
            out.extend([ThinkingDelta(self._index, piece) for piece in item.pieces])
        item.pieces = []

    def _start(self, event: Event, out: list[Event]) -> None:
        if not self._started:
            self._started = True
            self.blocks += 1
            out.append(event)

    def _start_call(self, call: ToolCall, out: list[Event]) -> None:
        if self._started:
            return
        self.tool_calls += 1
        self._start(ToolUseStart(self._index, self._make_id.unique(call.id), self._make_id.restore(call.name)), out)

    def _close_open(self, out: list[Event]) -> None:
        item = self._open
        if type(item) is ToolCall:
            item.closed = True
            if not item.name:
                self.nameless = self.nameless or bool(item.pieces)
            elif not self._started:
                self._start_call(item, out)
        if self._started:
            if type(item) is Thinking:
                out.append(SignatureDelta(self._index, sign(item.field, item.items)))
            out.append(BlockStop(self._index))
            self._index += 1
        self._open, self._started = None, False


def _says_nothing(item: Item) -> bool:
    if type(item) is Thinking and (item.items or item.sealed):
        return False
    return all(is_blank(piece) for piece in item.pieces)


def is_blank(literal: bytes) -> bool:
    """It opens no block."""
    return _BLANK.fullmatch(literal) is not None


class IdMaker:
    """Tool call ids that are unique in the whole conversation (a reused one makes the client loop), and the
    tools' own names back from shortened ones."""

    def __init__(self, message_id: str, used: Callable[[], Iterable[str]], shortened: dict[str, str]) -> None:
        """`used` gives the ids of the request; it is asked only when there is a call to name."""
        self._prefix = "toolu_" + message_id.removeprefix("msg_")
        self._ids_of_request = used
        self._used: set[str] | None = None
        self._shortened = shortened
        self._made = 0

    def unique(self, wanted: str) -> str:
        if self._used is None:
            self._used = set(self._ids_of_request())
        if not wanted or wanted in self._used:
            self._made += 1
            wanted = f"{self._prefix}_{self._made}"
        self._used.add(wanted)
        return wanted

    def restore(self, name: str) -> str:
        return self._shortened.get(name, name)


def call_ids(request: MessagesRequest) -> list[str]:
    """Ids of the calls that the conversation holds already."""
    return [
        block.id
        for message in request.messages
        if message.role == "assistant" and not isinstance(message.content, str)
        for block in message.content
        if type(block) is ToolUse
    ]
