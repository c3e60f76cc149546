"""`<invoke name="…">` with parameters: Anthropic's own form, and those made after it.

    <function_calls>
    <invoke name="Bash">
    <parameter name="command">ls</parameter>
    </invoke>
    </function_calls>

MiniMax says `minimax:tool_call` outside. DeepSeek since V3.2 puts ｜DSML｜ before the name of every tag, says
`function_calls` or (V4) `tool_calls` outside, and `string="false"` of a parameter whose value is JSON.

Facts: Anthropic's "Legacy tool use", the chat template of MiniMaxAI/MiniMax-M2, SGLang's deepseekv32_detector.py.
Claude itself leaks the inner part, its outer tags lost or halved (github.com/anthropics/claude-code/issues/77061): they
are optional on both sides.
"""

import re

from ccr.transformers.coercion import Json, read_json
from ccr.transformers.text_calls.call import NAME, Format, Found, Names, found, is_torn, read_parameters
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE, Step

_PREFIXES = ("", "antml:", "｜DSML｜")
_OUTER = {
    "": ("function_calls", "minimax:tool_call"),
    "antml:": ("antml:function_calls",),
    "｜DSML｜": ("｜DSML｜function_calls", "｜DSML｜tool_calls"),
}


def _format(prefix: str) -> Format:
    outer = "|".join(_OUTER[prefix])
    opening, closing = f"<{prefix}parameter", f"</{prefix}parameter>"
    head = re.compile(rf'(?:<(?:{outer})>\s*)?<{prefix}invoke\s+name="{NAME}"\s*>')
    parameter = re.compile(
        rf'\s*{opening}\s+name="(?P<key>[^"]+)"(?:\s+string="(?P<string>true|false)")?\s*>(?P<value>.*?){closing}'
        rf"(?=\s*(?:{opening}\s|</{prefix}invoke>|\Z))",
        re.DOTALL,
    )
    end_mark = re.compile(rf"\s*</{prefix}invoke>(?:\s*</(?:{outer})>)?")

    def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
        begun = head.match(text, start)
        if begun is None:
            return None
        read = read_parameters(text, begun.end(), parameter, end_mark, is_end)
        if read is None or is_torn(text, read[1], opening, closing):
            return None
        arguments = {match["key"]: _value(match) for match in read[0]}
        return found(begun["name"], arguments, read[1], names) if len(arguments) == len(read[0]) else None

    named: tuple[Step, ...] = (f"<{prefix}invoke", SPACE, 'name="', A_NAME, '"', SPACE, ">", SPACE)
    wrappers: tuple[tuple[Step, ...], ...] = ((), *((f"<{tag}>", SPACE) for tag in _OUTER[prefix]))
    bodies = (opening, f"</{prefix}invoke>")
    return Format(tuple((*wrapper, *named, body) for wrapper in wrappers for body in bodies), read)


def _value(match: re.Match[str]) -> Json:
    value = match["value"]
    if match["string"] == "false":
        document, end = read_json(value.strip(), 0)
        if end == len(value.strip()) and end:
            return document
    # A value on lines of its own; a single break at its end may be the last byte of a file.
    return value[1:-1] if len(value) > 1 and value.startswith("\n") and value.endswith("\n") else value


INVOKE = tuple(_format(prefix) for prefix in _PREFIXES)
