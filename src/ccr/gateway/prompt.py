"""Changes to the prompt that the user asks for, made on the body's bytes so that every dialect sees them."""

import re

import msgspec
from msgspec import Raw

from ccr.messages.body import replace_fields
from ccr.routing.facts import FIRST_MESSAGES

_TAG = re.compile(
    rb"(?:<|\\u003c)CCR-SUBAGENT-MODEL(?:>|\\u003e)"
    rb'(?:[^"\\]|\\.)*?'  # never beyond the string it began in
    rb"(?:<|\\u003c)\\?/CCR-SUBAGENT-MODEL(?:>|\\u003e)(?:\\[nrt]|\s)*"
)
"""The tag in JSON text: some encoders escape the angles, some the slash."""


def without_subagent_tag(body: bytes) -> bytes:
    """The body without the tag that names a subagent's model: it is for the router, not for the model."""
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    changed: dict[str, bytes] = {}
    if "system" in fields:
        changed["system"] = _TAG.sub(b"", bytes(fields["system"]))
    messages = msgspec.json.decode(fields["messages"], type=list[Raw])
    first = [_TAG.sub(b"", bytes(message)) for message in messages[:FIRST_MESSAGES]]
    changed["messages"] = b"[%b]" % b",".join([*first, *map(bytes, messages[FIRST_MESSAGES:])])
    return replace_fields(body, fields, changed)


def with_system_prompt(body: bytes, prompt: str) -> bytes:
    """The body with the system prompt replaced by `prompt`, its environment section kept (REWRITE_SYSTEM_PROMPT).

    The block that holds `<env>` becomes the prompt and all from its last `<env>` on; without one nothing changes.
    """
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    system = fields.get("system")
    if system is None or b"<env>" not in bytes(system) or not bytes(system).startswith(b"["):
        return body
    blocks = msgspec.json.decode(system, type=list[dict[str, Raw]])
    for block in blocks:
        text = msgspec.json.decode(block["text"], type=str) if "text" in block else ""
        if "<env>" in text:
            rewritten = f"{prompt}<env>{text.rpartition('<env>')[2]}"
            block["text"] = Raw(msgspec.json.encode(rewritten))
            break
    return replace_fields(body, fields, {"system": msgspec.json.encode(blocks)})
