"""The `contents` of a request: turns of `user` and `model`, each a list of parts.

The same history gives the same parts: `cache_control` and list-or-string forms, which move from turn to turn, leave no
trace; a growing conversation only appends.
"""

from typing import Any

from msgspec import Raw, Struct

from ccr.dialects.content import Accepts, unknown_text
from ccr.dialects.gemini.marks import UNSIGNED, read_mark
from ccr.dialects.gemini.turn import Called, Part, UserTurn
from ccr.dialects.tool_names import ToolNames
from ccr.messages.blocks import Text, Thinking, ToolUse, Unknown
from ccr.messages.events import str_literal
from ccr.messages.request import Message, MessagesRequest


def convert(
    request: MessagesRequest, names: ToolNames, accepts: Accepts, *, wants_signatures: bool
) -> list[dict[str, Any]]:
    """All turns. `wants_signatures`: the model refuses calls without."""
    out: list[dict[str, Any]] = []
    turn = UserTurn(accepts)
    calls: list[Called] = []
    for message in request.messages:
        if message.role != "assistant":
            turn.add(message)
            continue
        said = _said(message, names, wants_signatures)
        if not said.parts:
            continue  # nothing said: the user's turns around it are one
        _append(out, "user", turn.close(calls))
        _append(out, "model", said.parts)
        turn, calls = UserTurn(accepts), said.calls
    _append(out, "user", turn.close(calls))
    return out


def _append(out: list[dict[str, Any]], role: str, parts: list[Part]) -> None:
    if not parts:
        return
    if out and out[-1]["role"] == role:
        out[-1]["parts"] += parts
    else:
        out.append({"role": role, "parts": parts})


class Said(Struct):
    parts: list[Part]
    calls: list[Called]


def _said(message: Message, names: ToolNames, wants_signatures: bool) -> Said:
    """What the model said; thinking of other models is left out."""
    said = Said([], [])
    blocks = [Text(message.content)] if isinstance(message.content, str) else message.content
    signature = ""
    for block in blocks:
        # Not `match`: a class pattern that misses costs eight times as much for a Struct (measured).
        if type(block) is ToolUse:
            name = names.outward(block.name)
            if not signature and not said.calls and wants_signatures:
                signature = UNSIGNED  # of parallel calls only the first one is signed
            call: Part = {"functionCall": {"id": block.id, "name": name, "args": _arguments(block)}}
            said.parts.append(_signed(call, signature))
            said.calls.append(Called(block.id, name))
            signature = ""
        elif type(block) is Thinking:
            mark = read_mark(block.signature)
            if mark is None:
                continue
            if block.thinking or mark.own:
                said.parts.append(_signed({"text": block.thinking, "thought": True}, mark.own))
            signature = mark.next or signature
        else:
            text = block.text if type(block) is Text else unknown_text(block) if type(block) is Unknown else ""
            if text:
                said.parts.append(_signed({"text": text}, signature))
                signature = ""
    return said


def _signed(part: Part, signature: str) -> Part:
    if signature:
        part["thoughtSignature"] = signature
    return part


def _arguments(block: ToolUse) -> Raw:
    """`args` is an object (google.protobuf.Struct): anything else is wrapped."""
    return block.input if bytes(block.input)[:1] == b"{" else Raw(str_literal({"input": block.input}))
