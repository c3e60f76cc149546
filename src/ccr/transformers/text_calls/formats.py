"""All forms in which models write calls, and the search for them."""

import re
from collections.abc import Collection

from ccr.transformers.text_calls.call import Format, Found
from ccr.transformers.text_calls.deepseek import DEEPSEEK
from ccr.transformers.text_calls.glm import GLM
from ccr.transformers.text_calls.harmony import HARMONY
from ccr.transformers.text_calls.head import Match, Step, match_head
from ccr.transformers.text_calls.invoke import INVOKE
from ccr.transformers.text_calls.kimi import KIMI
from ccr.transformers.text_calls.llama import LLAMA
from ccr.transformers.text_calls.mistral import MISTRAL
from ccr.transformers.text_calls.qwen_coder import QWEN_CODER
from ccr.transformers.text_calls.tagged_json import FUNCTION, HERMES

FORMATS: tuple[Format, ...] = (
    HERMES,
    QWEN_CODER,
    FUNCTION,
    GLM,
    *INVOKE,
    DEEPSEEK,
    KIMI,
    MISTRAL,
    LLAMA,
    HARMONY,
)


def _by_opening() -> dict[str, list[tuple[Step, ...]]]:
    heads: dict[str, list[tuple[Step, ...]]] = {}
    for head in (head for one in FORMATS for head in one.heads):
        assert type(head[0]) is str
        heads.setdefault(head[0], []).append(head)
    return heads


_HEADS = _by_opening()
_OPENINGS = tuple(_HEADS)
_LONGEST = max(map(len, _OPENINGS))
FIRST = re.compile("[" + re.escape("".join(sorted({opening[0] for opening in _OPENINGS}))) + "]")
"""What every opening begins with."""


def begins_call(text: str, start: int, names: Collection[str]) -> Match:
    """Whether a call of a declared tool begins at `start`, in a text that may still go on."""
    if not text.startswith(_OPENINGS, start):
        rest = text[start : start + _LONGEST]
        return Match.MAYBE if any(opening.startswith(rest) for opening in _OPENINGS) else Match.NO
    verdict = Match.NO
    for opening in _OPENINGS:
        if not text.startswith(opening, start):
            continue
        for head in _HEADS[opening]:
            match = match_head(text, start, head, names)
            if match is Match.YES:
                return match
            if match is Match.MAYBE:
                verdict = match
    return verdict


def read_call(text: str, start: int, names: Collection[str], is_end: bool) -> Found | None:
    """The whole calls of declared tools that begin at `start`."""
    if not text.startswith(_OPENINGS, start):
        return None
    for one in FORMATS:
        found = one.read(text, start, names, is_end)
        if found is not None:
            return found
    return None
