"""Llama 3.1 to 3.3.

    <|python_tag|>{"name": "Bash", "parameters": {"command": "ls"}}

Facts: Meta's model card of Llama 3.1 ("JSON based tool calling"), SGLang's llama32_detector.py (several calls with `;`
between them). There is no closing mark but the end of the message.
"""

import re

from ccr.transformers.coercion import read_json
from ccr.transformers.text_calls.call import Call, Format, Found, Names, named_object
from ccr.transformers.text_calls.head import json_heads

_HEAD = re.compile(r"<\|python_tag\|>\s*(?=\{)")
_NEXT = re.compile(r"\s*;\s*(?=\{)")
_END = re.compile(r"(?:\s*(?:<\|eom_id\|>|<\|eot_id\|>))?")


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    calls: list[Call] = []
    end = start
    head = _HEAD.match(text, start)
    while head is not None:
        document, end = read_json(text, head.end())
        call = named_object(document, names)
        if call is None:
            return None
        calls.append(call)
        head = _NEXT.match(text, end)
    over = _END.match(text, end)
    return Found(calls, over.end() if over else end) if calls else None


LLAMA = Format(json_heads("<|python_tag|>"), read)
