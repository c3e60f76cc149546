"""DeepSeek V3, R1 and V3.1 (later versions: `invoke.py`).

    <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Bash      V3, R1
    ```json
    {"command": "ls"}
    ```<｜tool▁call▁end｜><｜tool▁calls▁end｜>

    <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>Bash<｜tool▁sep｜>{"command": "ls"}      V3.1
    <｜tool▁call▁end｜><｜tool▁calls▁end｜>

Facts: the chat templates of deepseek-ai/DeepSeek-V3-0324 and DeepSeek-V3.1, SGLang's deepseekv3_detector.py and
deepseekv31_detector.py.
"""

import re

from ccr.transformers.coercion import read_json
from ccr.transformers.text_calls.call import NAME, Format, Found, Names, closed, found
from ccr.transformers.text_calls.head import NAME as A_NAME
from ccr.transformers.text_calls.head import SPACE, Step

_BEGIN = r"(?:<｜tool▁calls▁begin｜>\s*)?<｜tool▁call▁begin｜>"
_HEAD = re.compile(
    rf"{_BEGIN}(?:function<｜tool▁sep｜>(?P<fenced>[A-Za-z0-9_-]+)\s*```json\s*|{NAME}<｜tool▁sep｜>\s*)"
)
_FENCE_END = re.compile(r"\s*```")
_END = re.compile(
    r"\s*(?:<｜tool▁call▁end｜>(?:\s*<｜tool▁calls▁end｜>)?|<｜tool▁calls▁end｜>)(?:<｜end▁of▁sentence｜>)?"
)


def read(text: str, start: int, names: Names, is_end: bool) -> Found | None:
    head = _HEAD.match(text, start)
    if head is None:
        return None
    arguments, end = read_json(text, head.end())
    if head["fenced"]:
        fence = _FENCE_END.match(text, end)
        if fence is None:
            return None
        end = fence.end()
    over = closed(text, end, _END, is_end)
    return None if over is None else found(head["fenced"] or head["name"], arguments, over, names)


_CALLS: tuple[Step, ...] = ("<｜tool▁calls▁begin｜>", SPACE)
_CALL: tuple[Step, ...] = ("<｜tool▁call▁begin｜>",)
_V3: tuple[Step, ...] = ("function<｜tool▁sep｜>", A_NAME, SPACE, "```json")
_V31: tuple[Step, ...] = (A_NAME, "<｜tool▁sep｜>", SPACE, "{")
DEEPSEEK = Format(
    tuple((*calls, *_CALL, *version) for calls in (_CALLS, ()) for version in (_V3, _V31)),
    read,
)
