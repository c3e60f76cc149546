"""Mistral.

    [TOOL_CALLS][{"name": "Bash", "arguments": {"command": "ls"}}]      tokenizers before v11
    [TOOL_CALLS]Bash[ARGS]{"command": "ls"}                             since; v11 with [CALL_ID]… before [ARGS]

Facts: mistralai/mistral-common (tokens/tokenizers/instruct.py), vllm/tool_parsers/mistral_tool_parser.py. [ARGS] is
missing where special tokens are skipped. There is no closing mark.
"""

import re

from ccr.transformers.coercion import read_json
from ccr.transformers.text_calls.call import NAME, Call, Format, Found, Names, found, named_object
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE, Step, json_heads

_LIST = re.compile(r"\[TOOL_CALLS\]\s*(?=\[)")
_NAMED = re.compile(rf"\[TOOL_CALLS\]\s*{NAME}(?:\[CALL_ID\][A-Za-z0-9]+)?(?:\[ARGS\])?\s*(?=\{{)")


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _NAMED.match(text, start)
    if head is None:
        return _read_list(text, start, names)
    arguments, end = read_json(text, head.end())
    return found(head["name"], arguments, end, names)


def _read_list(text: str, start: int, names: Names) -> Found | None:
    head = _LIST.match(text, start)
    document, end = read_json(text, head.end()) if head else (None, start)
    if not isinstance(document, list) or not document:
        return None
    calls = [call for call in (named_object(item, names) for item in document) if isinstance(call, Call)]
    return Found(calls, end) if len(calls) == len(document) else None


_OPENING: tuple[Step, ...] = ("[TOOL_CALLS]", SPACE)
MISTRAL = Format(
    (
        *((*_OPENING, A_NAME, after) for after in ("[ARGS]", "[CALL_ID]", "{")),
        *json_heads(*_OPENING, "["),
    ),
    read,
)
