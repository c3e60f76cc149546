"""`forcereasoning`: a model without reasoning of its own is told to think in tags; what it thinks becomes thinking.

Each message of the user's carries the instruction (results of tools do not), and each thought goes back in its tags, so
that the model sees how it is done. Both look the same in every later turn: the npm tool, which moved the instruction to
the last message, changed the prefix with every turn, and swallowed answers without the tags.
"""

import msgspec
from msgspec import Raw

from ccr.transformers.body import Body
from ccr.transformers.filter import Filter
from ccr.transformers.think_tags import ThinkTags
from ccr.transformers.transformer import Asked, Transformer

OPEN, CLOSE = "<reasoning_content>", "</reasoning_content>"
INSTRUCTION = (
    f"<system-reminder>Think before you act. Begin every reply with your thoughts in {OPEN} and {CLOSE}: what is "
    "known, what is missing, which step comes next and why. After the closing tag follow the answer or the tool call. "
    "The user does not see the thoughts.</system-reminder>"
)


class ForceReasoning(Transformer, frozen=True):
    """Asks for thoughts in tags, and makes thinking of them."""

    name = "forcereasoning"

    def on_request(self, body: Body, asked: Asked) -> None:
        # Thinking of the backend's own would come on top, and Anthropic then wants the history as it was.
        body.remove("thinking")
        body.set("messages", [_message(message) for message in body.items("messages")])

    def filter(self, asked: Asked) -> Filter | None:
        return ThinkTags(asked.signature, {OPEN: CLOSE}, anywhere=True)


def _message(message: dict[str, Raw]) -> dict[str, object]:
    role = msgspec.json.decode(message.get("role", b'""'))
    content = bytes(message.get("content", b""))
    text = {"type": "text", "text": INSTRUCTION}
    if role == "user" and content.startswith(b'"'):
        return {**message, "content": [{"type": "text", "text": Raw(content)}, text]}
    if not content.startswith(b"["):
        return {**message}
    blocks = msgspec.json.decode(content, type=list[dict[str, Raw]])
    if role == "assistant":
        return {**message, "content": [_with_tags(block) for block in blocks]}
    kinds = {_kind(block) for block in blocks}
    if role == "user" and "text" in kinds and "tool_result" not in kinds and INSTRUCTION.encode() not in content:
        return {**message, "content": [*blocks, text]}
    return {**message}


def _with_tags(block: dict[str, Raw]) -> dict[str, object]:
    """A thought as the model wrote it."""
    if _kind(block) != "thinking":
        return {**block}
    thinking = msgspec.json.decode(block.get("thinking", b'""'), type=str)
    return {"type": "text", "text": f"{OPEN}\n{thinking.strip()}\n{CLOSE}"}


def _kind(block: dict[str, Raw]) -> str:
    return msgspec.json.decode(block.get("type", b'""'), type=str)
