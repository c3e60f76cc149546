"""gpt-oss.

    <|channel|>commentary to=functions.Bash <|constrain|>json<|message|>{"command": "ls"}<|call|>
    <|start|>assistant to=functions.Bash<|channel|>commentary json<|message|>{"command": "ls"}<|call|>

Facts: openai/harmony, docs/format.md ("Function calling": the recipient stands in the role or in the channel).
`<|call|>` is a stop token, which servers strip.
"""

import re

from ccr.transformers.coercion import read_json
from ccr.transformers.text_calls.call import NAME, Format, Found, Names, closed, found
from ccr.transformers.text_calls.head import NAME as A_NAME

_CHANNEL = r"<\|channel\|>(?:commentary|analysis)"
_HEAD = re.compile(
    rf"(?:<\|start\|>assistant)?(?:{_CHANNEL})?\s*to=functions\.{NAME}(?:{_CHANNEL})?"
    r"\s*(?:<\|constrain\|>)?(?:json)?\s*<\|message\|>\s*"
)
_END = re.compile(r"\s*<\|call\|>")


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _HEAD.match(text, start)
    if head is None:
        return None
    arguments, end = read_json(text, head.end())
    over = closed(text, end, _END, is_end)
    return None if over is None else found(head["name"], arguments, over, names)


_OPENINGS = (
    "<|start|>assistant to=functions.",
    "<|start|>assistant<|channel|>commentary to=functions.",
    "<|channel|>commentary to=functions.",
    "<|start|>assistant<|channel|>analysis to=functions.",
    "<|channel|>analysis to=functions.",
)
HARMONY = Format(tuple((opening, A_NAME, after) for opening in _OPENINGS for after in (" ", "<|")), read)
