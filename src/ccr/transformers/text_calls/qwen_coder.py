"""Qwen3-Coder, Qwen 3.5, Nemotron 3, Step 3.5.

    <tool_call>
    <function=Bash>
    <parameter=command>
    ls
    </parameter>
    </function>
    </tool_call>

Facts: the chat template of Qwen/Qwen3-Coder-30B-A3B-Instruct, vllm/tool_parsers/qwen3coder_tool_parser.py. One line
break on either side of a value belongs to the template. The outer tags say nothing, and models forget them.
"""

import re

from ccr.transformers.text_calls.call import NAME, Format, Found, Names, found, is_torn, read_parameters
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE, Step

_HEAD = re.compile(rf"(?:<tool_call>\s*)?<function={NAME}>")
_PARAMETER = re.compile(
    r"\s*<parameter=(?P<key>[^>\n]+)>\n?(?P<value>.*?)\n?</parameter>(?=\s*(?:<parameter=|</function>|\Z))", re.DOTALL
)
_END = re.compile(r"\s*</function>(?:\s*</tool_call>)?")


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _HEAD.match(text, start)
    if head is None:
        return None
    read = read_parameters(text, head.end(), _PARAMETER, _END, is_end)
    if read is None or is_torn(text, read[1], "<parameter=", "</parameter>"):
        return None
    arguments = {match["key"]: match["value"] for match in read[0]}
    return found(head["name"], arguments, read[1], names) if len(arguments) == len(read[0]) else None


_NAMED: tuple[Step, ...] = ("<function=", A_NAME, ">", SPACE)
_BODIES = ("<parameter=", "</function>")
QWEN_CODER = Format(
    tuple((*outer, *_NAMED, body) for outer in ((), ("<tool_call>", SPACE)) for body in _BODIES),
    read,
)
