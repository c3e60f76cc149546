"""Kimi K2.

    <|tool_calls_section_begin|><|tool_call_begin|>functions.Bash:0<|tool_call_argument_begin|>{"command": "ls"}
    <|tool_call_end|><|tool_calls_section_end|>

Facts: moonshotai/Kimi-K2-Instruct, docs/tool_call_guidance.md; SGLang's kimik2_detector.py (`functions.` may be
missing).
"""

import re

from ccr.transformers.coercion import read_json
from ccr.transformers.text_calls.call import NAME, Format, Found, Names, closed, found
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE, Step

_HEAD = re.compile(
    r"(?:<\|tool_calls_section_begin\|>\s*)?<\|tool_call_begin\|>\s*"
    rf"(?:functions\.)?{NAME}:[0-9]+\s*<\|tool_call_argument_begin\|>\s*"
)
_END = re.compile(r"\s*<\|tool_call_end\|>(?:\s*<\|tool_calls_section_end\|>)?")


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _HEAD.match(text, start)
    if head is None:
        return None
    arguments, end = read_json(text, head.end())
    over = closed(text, end, _END, is_end)
    return None if over is None else found(head["name"], arguments, over, names)


_SECTION: tuple[Step, ...] = ("<|tool_calls_section_begin|>", SPACE)
_CALL: tuple[Step, ...] = ("<|tool_call_begin|>", SPACE)
_NAMES: tuple[tuple[Step, ...], ...] = (("functions.", A_NAME, ":"), (A_NAME, ":"))
KIMI = Format(
    tuple((*section, *_CALL, *name) for section in (_SECTION, ()) for name in _NAMES),
    read,
)
