"""The output items of an answer, told as blocks: reasoning, messages and function calls.

Each item is told by events of its own: that it begins, its pieces, its whole. Not every backend tells all of it, so an
item remembers how it has been told so far, and what comes again is passed over.

Items are known by `output_index`, which is stable even where ids are not (GitHub Copilot gives each event of an item
another `item_id`: github.com/vercel/ai/pull/18548), or else by `item_id` (llama-server gives no index:
github.com/ggml-org/llama.cpp/issues/20607).
"""

from msgspec import Struct

from ccr.dialects.blocks import BlockSequencer
from ccr.dialects.openai_responses.events import (
    Literal,
    OutputItem,
    StreamEvent,
    arguments_of,
    text_of,
    texts_of,
)
from ccr.dialects.openai_responses.reasoning import Kept
from ccr.messages.events import EMPTY, Event

PARAGRAPH = rb'"\n\n"'
"""Between the parts of a summary."""


class Item(Struct):
    """One item of the output, while it is told."""

    kind: str
    """message, reasoning, function_call; others hold nothing that the client could be shown."""
    number: int
    id: str = ""
    call_id: str = ""
    part: int | None = None
    """The part of its content that the last piece belonged to."""
    told_by: str = ""
    """`delta` or `done`: the kind of event that told its text first, and alone tells it on. Empty: none yet."""
    voice: str = ""
    """Of a reasoning item: whether its `summary` is told or its `text`. Never both: it is one thought."""
    field: str = ""
    """Of a reasoning item: what the signature says."""


class Output:
    """Items in, block events out (by way of `blocks`)."""

    def __init__(self, blocks: BlockSequencer, origin: str) -> None:
        """`origin`: the provider and model, for signatures."""
        self._blocks = blocks
        self._origin = origin
        self._items: list[Item] = []
        self._by_index: dict[int | None, Item] = {}
        self._by_id: dict[str, Item] = {}
        self._current: Item | None = None
        """The item that the last text or thought belonged to; None after a call."""

    def added(self, given: OutputItem, index: int | None, out: list[Event]) -> None:
        item = self._new(given.type, index, given.id, given.call_id)
        if given.type == "function_call":
            self._blocks.call(item.number, given.call_id, given.name, EMPTY, out)

    def done(self, given: OutputItem, index: int | None, out: list[Event]) -> None:
        """The item as a whole: told where nothing of it has been told before."""
        item = self._find(given.type, index, given.id, given.call_id)
        if item is None:
            item = self._new(given.type, index, given.id, given.call_id)
        if given.type == "function_call":
            arguments = EMPTY if item.told_by else arguments_of(given.arguments)
            item.told_by = item.told_by or "done"
            self._blocks.call(item.number, given.call_id, given.name, arguments, out)
        elif given.type == "message" and not item.told_by:
            self._whole(item, texts_of(given.content), out)
        elif given.type == "reasoning":
            self._reasoned(item, given, out)

    def rest(self, items: list[OutputItem], out: list[Event]) -> None:
        """The whole output, from the end of a stream: what has begun and not been told, or all where nothing has.

        Calls also where no call has: vLLM streamed only the reasoning before them
        (github.com/vllm-project/vllm/issues/24076).
        """
        told = any(item.told_by for item in self._items)
        called = any(item.kind == "function_call" for item in self._items)
        for index, given in enumerate(items):
            item = self._find(given.type, index, given.id, given.call_id)
            is_new = not told or (given.type == "function_call" and not called)
            if is_new if item is None else not item.told_by:
                self.done(given, index, out)

    def text(self, event: StreamEvent, literal: Literal, by: str, out: list[Event]) -> None:
        item = self._item("message", event)
        if item.told_by in ("", by):
            self._say(item, event.content_index, text_of(literal), by, out)

    def thought(self, voice: str, event: StreamEvent, literal: Literal, by: str, out: list[Event]) -> None:
        item = self._item("reasoning", event)
        item.voice = item.voice or voice
        if item.voice == voice and item.told_by in ("", by):
            part = event.summary_index if voice == "summary" else event.content_index
            self._say(item, part, text_of(literal), by, out)

    def arguments(self, event: StreamEvent, literal: Literal, by: str, out: list[Event]) -> None:
        item = self._item("function_call", event)
        arguments = arguments_of(literal)
        if item.told_by in ("", by) and arguments != EMPTY:
            item.told_by = by
            self._blocks.call(item.number, "", "", arguments, out)

    def _item(self, kind: str, event: StreamEvent) -> Item:
        item = self._by_index.get(event.output_index)
        if item is not None and item.kind == kind:
            return item  # the plain case: this runs for every piece
        item = self._find(kind, event.output_index, event.item_id)
        return item or self._new(kind, event.output_index, event.item_id or "")

    def _find(self, kind: str, index: int | None, item_id: str | None, call_id: str = "") -> Item | None:
        """By index, else by id. Some gateways number wrongly, so the kind must fit, and the id of a call."""
        for item in (self._by_index.get(index), self._by_id.get(item_id or "")):
            if item is not None and item.kind == kind and not (call_id and item.call_id and call_id != item.call_id):
                return item
        return None

    def _new(self, kind: str, index: int | None, item_id: str, call_id: str = "") -> Item:
        item = Item(kind, len(self._items), item_id, call_id)
        self._items.append(item)
        if index is not None:
            self._by_index[index] = item
        if item_id:
            self._by_id[item_id] = item
        if kind == "function_call":
            self._current = None
        return item

    def _reasoned(self, item: Item, given: OutputItem, out: list[Event]) -> None:
        was_told = bool(item.told_by)
        if not was_told:
            item.voice = "summary" if given.summary else "text"
            self._whole(item, texts_of(given.summary or given.content), out)
        if not given.encrypted_content or (was_told and item is not self._current):
            # Late, its block has been closed: llama-server tells at the end that it is done, but encrypts nothing.
            return
        self._turn_to(item, None, out)
        item.told_by = item.told_by or "done"
        # Also where there is no text: an empty block, whose signature the client brings back.
        kept = Kept(self._origin, given.id or item.id, given.encrypted_content, item.voice == "summary")
        self._blocks.seal(kept.field(), out)

    def _whole(self, item: Item, texts: list[bytes], out: list[Event]) -> None:
        for part, text in enumerate(texts):
            self._say(item, part, text, "done", out)

    def _say(self, item: Item, part: int | None, text: bytes, by: str, out: list[Event]) -> None:
        if text == EMPTY:
            return
        item.told_by = by
        if item is not self._current or part != item.part:
            self._turn_to(item, part, out)
        if item.kind == "message":
            self._blocks.text(text, out)
        else:
            self._blocks.thinking(text, item.field, out)

    def _turn_to(self, item: Item, part: int | None, out: list[Event]) -> None:
        """What follows belongs to another item, or to another part of this one."""
        if item is not self._current or item.kind == "message":
            self._blocks.part(out)
        elif part is not None:
            self._blocks.thinking(PARAGRAPH, item.field, out)
        if item.kind == "reasoning" and not item.field:
            item.field = Kept(self._origin, item.id, is_summary=item.voice == "summary").field()
        self._current, item.part = item, part
