"""The blocks of an answer that came in one piece: the same words as `BlockSequencer`, with nothing to wait for."""

from ccr.dialects.blocks import IdMaker, is_blank
from ccr.dialects.signature import Item, add_items, sign
from ccr.messages.events import EMPTY, Event
from ccr.messages.message import AnswerBlock, TextBlock, ThinkingBlock, ToolUseBlock, arguments, joined


class WholeBlocks:
    """Each call of a method is a whole text, thinking or tool call; neighbours of one kind become one block."""

    def __init__(self, make_id: IdMaker) -> None:
        self._make_id = make_id
        self._field = ""
        self._items: list[Item] = []
        self.content: list[AnswerBlock] = []
        self.tool_calls = 0
        self.nameless = False
        """A call has no name."""

    is_plain = False
    arguments = None

    @property
    def blocks(self) -> int:
        return len(self.content)

    def text(self, literal: bytes, out: list[Event]) -> None:
        last = self.content[-1] if self.content else None
        if type(last) is TextBlock:
            last.text += joined((literal,))
        elif not is_blank(literal):
            self._sign()
            self.content.append(TextBlock(joined((literal,))))

    def thinking(self, literal: bytes, field: str, out: list[Event]) -> None:
        last = self.content[-1] if self.content else None
        if type(last) is ThinkingBlock:
            last.thinking += joined((literal,))
        elif not is_blank(literal):
            self._field, self._items = field, []
            self.content.append(ThinkingBlock(joined((literal,))))

    def thinking_items(self, literal: bytes, field: str, items: list[Item], out: list[Event]) -> None:
        """Thinking whose form must survive: the text, which may be empty, and the items that hold it."""
        last = self.content[-1] if self.content else None
        if type(last) is not ThinkingBlock:
            self._items = []
            last = ThinkingBlock()
            self.content.append(last)
        self._field = field
        add_items(self._items, items)
        if literal != EMPTY:
            last.thinking += joined((literal,))

    def call(self, index: int | None, call_id: str, name: str, literal: bytes, out: list[Event]) -> None:
        if not name:
            self.nameless = self.nameless or literal != EMPTY
            return
        self._sign()
        self.tool_calls += 1
        own = self._make_id.restore(name)
        self.content.append(ToolUseBlock(self._make_id.unique(call_id), own, arguments(joined((literal,)))))

    def close(self, out: list[Event]) -> None:
        self._sign()

    def _sign(self) -> None:
        last = self.content[-1] if self.content else None
        if type(last) is ThinkingBlock and not last.signature:
            last.signature = sign(self._field, self._items)
