"""JSON in tags of its own.

    <tool_call>{"name": "Bash", "arguments": {"command": "ls"}}</tool_call>     Hermes, Qwen 2.5 and 3
    <function=Bash>{"command": "ls"}</function>                                 Llama 3.1, custom tools

Facts: NousResearch/Hermes-Function-Calling (README), vllm/tool_parsers/hermes_tool_parser.py; Meta's model card of
Llama 3.1, "User-defined custom tool calling".
"""

import re

from ccr.transformers.coercion import read_json
from ccr.transformers.text_calls.call import NAME, Format, Found, Names, closed, found, named_object
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE, json_heads

_TOOL_CALL = re.compile(r"<tool_call>\s*(?=\{)")
_TOOL_CALL_END = re.compile(r"\s*</tool_call>")
_FUNCTION = re.compile(rf"<function={NAME}>\s*(?=\{{)")
_FUNCTION_END = re.compile(r"\s*</function>(?:<\|eom_id\|>|<\|eot_id\|>)?")


def read_hermes(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _TOOL_CALL.match(text, start)
    if head is None:
        return None
    document, end = read_json(text, head.end())
    call = named_object(document, names)
    over = closed(text, end, _TOOL_CALL_END, is_end)
    return None if call is None or over is None else Found([call], over)


def read_function(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _FUNCTION.match(text, start)
    if head is None:
        return None
    arguments, end = read_json(text, head.end())
    over = closed(text, end, _FUNCTION_END, is_end)
    return None if over is None else found(head["name"], arguments, over, names)


HERMES = Format(json_heads("<tool_call>"), read_hermes)
FUNCTION = Format((("<function=", A_NAME, ">", SPACE, "{"),), read_function)
