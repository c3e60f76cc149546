"""How many tokens a request has, without a tokenizer: O(bytes), no download, never an error.

Four bytes of text make one token (English prose and code, measured for the tokenizers of GPT-4, Qwen and Claude: 3.3 to
4.5); text of many short words makes about one token a word. Real usage corrects the estimate per model (`Correction`).
"""

from collections.abc import Iterable

from msgspec import Struct

from ccr.messages.blocks import (
    Base64Source,
    Block,
    Document,
    Image,
    RedactedThinking,
    Text,
    TextSource,
    Thinking,
    ToolResult,
    ToolUse,
    Unknown,
)
from ccr.messages.request import MessagesRequest

BYTES_PER_TOKEN = 4.0
IMAGE_TOKENS = 1_600
"""An image of the largest size that is not scaled down (docs.anthropic.com, "Vision": width x height / 750)."""
PDF_BYTES_PER_TOKEN = 30
"""A page of text in a PDF: about 1,500 to 3,000 tokens (docs.anthropic.com, "PDF support") and 50 to 100 kB."""
MESSAGE_TOKENS = 4
"""The markers of a turn in a chat template."""
_SAMPLE = 4_096  # characters
_OPAQUE = frozenset({Image, Document, Thinking, RedactedThinking})
"""Blocks whose JSON holds more than a model reads: base64 data, signatures."""


def estimate(request: MessagesRequest, body: bytes) -> int:
    """Input tokens of a request: system, tools, messages, images and documents. At least 1.

    Text alone is measured by the body's size: its JSON is about what a chat template makes of it. Only where the
    body holds what a model does not read as text (images, files, signatures) are the blocks measured one by one.
    """
    if _is_text(request):
        middle = len(body) // 2
        sample = body[max(0, middle - _SAMPLE // 2) : middle + _SAMPLE // 2]
        words_per_byte = len(sample.split()) / len(sample)
        return max(1, round(len(body) * max(1 / BYTES_PER_TOKEN, words_per_byte)))
    return max(1, walk(request))


def _is_text(request: MessagesRequest) -> bool:
    # By the blocks' types: a search in the body's bytes is as dear as decoding them (measured).
    for message in request.messages:
        if type(message.content) is str:
            continue
        for block in message.content:
            kind = type(block)  # not isinstance: a miss against a Struct costs eight times as much (measured)
            if kind in _OPAQUE or (kind is ToolResult and _shows_media(block)):  # type: ignore[arg-type]
                return False
    return True


def _shows_media(result: ToolResult) -> bool:
    return type(result.content) is list and any(type(block) in _OPAQUE for block in result.content)


def walk(request: MessagesRequest) -> int:
    """The same block by block."""
    sizes = Sizes()
    for text in request.system_texts:
        sizes.text(text)
    for tool in request.tools or []:
        sizes.text(tool.name)
        sizes.text(tool.description or "")
        sizes.bytes += len(tool.input_schema) if tool.input_schema else 0
    for message in request.messages:
        sizes.tokens += MESSAGE_TOKENS
        if isinstance(message.content, str):
            sizes.text(message.content)
        else:
            sizes.blocks(message.content)
    return sizes.total


def _utf8_length(text: str) -> int:
    """Bytes of a text that is not ASCII, by a sample: encoding all of it would cost as much as the rest."""
    sample = text[:512]
    return len(text) * len(sample.encode("utf-8", "replace")) // len(sample)


class Sizes(Struct):
    """Sums while walking through a request."""

    bytes: int = 0
    tokens: float = 0
    longest: str = ""

    @property
    def total(self) -> int:
        return round(self.tokens + self.bytes / BYTES_PER_TOKEN + self._surplus_of_short_words())

    def _surplus_of_short_words(self) -> float:
        # One sample of the longest text (numbers, tables, dumps) costs nothing; counting words everywhere would
        # cost ten times the rest of the request.
        sample = self.longest[:_SAMPLE]
        if not sample:
            return 0
        words = len(sample.split()) * len(self.longest) / len(sample)
        return max(0, words - len(self.longest) / BYTES_PER_TOKEN)

    def text(self, text: str) -> None:
        if len(text) > len(self.longest):
            self.longest = text
        self.bytes += len(text) if text.isascii() else _utf8_length(text)

    def blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            match block:
                case Text():
                    self.text(block.text)
                case ToolUse():
                    self.bytes += len(block.name) + len(block.input)
                case ToolResult():
                    if isinstance(block.content, str):
                        self.text(block.content)
                    elif block.content:
                        self.blocks(block.content)
                case Thinking():
                    self.text(block.thinking)
                case Image():
                    self.tokens += IMAGE_TOKENS
                case Document():
                    self.document(block)
                case Unknown():
                    self.bytes += len(block.raw)
                case _:
                    pass

    def document(self, document: Document) -> None:
        match document.source:
            case Base64Source(data=data):
                self.tokens += max(1, len(data) / PDF_BYTES_PER_TOKEN)
            case TextSource(data=data):
                self.text(data)
            case _:
                self.tokens += IMAGE_TOKENS


class Correction:
    """How far estimates of one model are off: a running mean of reported over estimated tokens.

    A backend that reports nonsense (a constant, say) must not bend the routing: only requests of some size count, and
    only ratios that some tokenizer could have.
    """

    WEIGHT = 0.3
    LEAST_TOKENS = 1_000
    PLAUSIBLE = (0.5, 4.0)

    def __init__(self) -> None:
        self.factor = 1.0
        self._seen = False

    def learn(self, estimated: int, reported: int) -> None:
        """Take over what a backend reported for a request estimated (uncorrected) at `estimated`."""
        if estimated < self.LEAST_TOKENS:
            return
        ratio = reported / estimated
        if self.PLAUSIBLE[0] <= ratio <= self.PLAUSIBLE[1]:
            self.factor += (self.WEIGHT if self._seen else 1.0) * (ratio - self.factor)
            self._seen = True

    def trust(self, estimated: int, counted: int) -> None:
        """A count that the backend named in a refusal: the next try, which follows at once, must fit."""
        self.factor = min(max(counted / max(1, estimated), 0.25), 8.0)
        self._seen = True

    def apply(self, estimated: int) -> int:
        return max(1, round(estimated * self.factor))
