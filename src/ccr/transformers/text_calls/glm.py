"""GLM 4.5 to 5.

    <tool_call>Bash
    <arg_key>command</arg_key>
    <arg_value>ls</arg_value>
    </tool_call>

Facts: the chat template of zai-org/GLM-4.5 (strings stand bare, other values as JSON), SGLang's glm4_moe_detector.py
and glm47_moe_detector.py: since 4.7 without line breaks.
"""

import re

from ccr.transformers.text_calls.call import NAME, Format, Found, Names, found, is_torn, read_parameters
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE

_HEAD = re.compile(rf"<tool_call>\s*{NAME}(?=\s*<)")
_ARGUMENT = re.compile(
    r"\s*<arg_key>(?P<key>[^<]+)</arg_key>\s*<arg_value>(?P<value>.*?)</arg_value>(?=\s*(?:<arg_key>|</tool_call>|\Z))",
    re.DOTALL,
)
_END = re.compile(r"\s*</tool_call>")


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _HEAD.match(text, start)
    if head is None:
        return None
    read = read_parameters(text, head.end(), _ARGUMENT, _END, is_end)
    if read is None or is_torn(text, read[1], "<arg_value>", "</arg_value>"):
        return None
    arguments = {match["key"].strip(): match["value"] for match in read[0]}
    return found(head["name"], arguments, read[1], names) if len(arguments) == len(read[0]) else None


GLM = Format(
    tuple(("<tool_call>", SPACE, A_NAME, SPACE, body) for body in ("<arg_key>", "</tool_call>")),
    read,
)
