"""The input items of a response out of the messages of the Messages API.

The rules of the chat dialect hold here too (`openai_chat/conversation.py`): same history, same bytes; system text in
mid-conversation stays in its place; results follow their calls, one for each. What differs: an assistant's reasoning,
texts and calls are items of their own and keep their order, and a result may hold images and files.
"""

import hashlib
from typing import Any

from ccr.dialects.content import JOIN, Accepts, unknown_text
from ccr.dialects.openai_chat.conversation import Part, UserTurn, arguments, content_of, joined
from ccr.dialects.openai_responses.reasoning import reasoning_item
from ccr.dialects.tool_names import ToolNames
from ccr.messages.blocks import Text, Thinking, ToolUse, Unknown
from ccr.messages.request import Message, MessagesRequest

Item = dict[str, Any]

LONGEST_ID = 64
"""Characters of a `call_id` that OpenAI takes; other providers' in the same conversation may be longer."""


def convert(request: MessagesRequest, names: ToolNames, accepts: Accepts, of: str) -> list[Item]:
    """All messages but the system prompt. Reasoning goes back only to `of`, the provider and model that it is from."""
    out: list[Item] = []
    turn, calls = InputTurn(accepts), list[str]()
    messages = request.messages
    for position, message in enumerate(messages):
        if message.role != "assistant":
            turn.add(message)
            continue
        if position and messages[position - 1].role == "assistant":
            continue  # a part of its neighbour
        said = _assistant(joined(messages, position), names, of)
        if not said:
            continue  # nothing said: the user's turns around it are one
        out.extend(turn.close(calls))
        out.extend(item for item, _ in said)
        turn, calls = InputTurn(accepts), [call for _, call in said if call]
    out.extend(turn.close(calls))
    return out


def _assistant(message: Message, names: ToolNames, of: str) -> list[tuple[Item, str]]:
    """The items, each with the client's id of its call (empty: it is none)."""
    blocks = [Text(message.content)] if isinstance(message.content, str) else message.content
    out: list[tuple[Item, str]] = []
    for block in blocks:
        if type(block) is Text:
            _say(block.text, out)
        elif type(block) is ToolUse:
            name, call_id = names.outward(block.name), _call_id(block.id)
            call = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments(block)}
            out.append((call, block.id))
        elif type(block) is Thinking and (item := reasoning_item(block, of)):
            out.append((item, ""))
        elif type(block) is Unknown:
            _say(unknown_text(block), out)
    # Reasoning that led to nothing is refused: "provided without its required following item".
    while out and out[-1][0]["type"] == "reasoning":
        out.pop()
    return out


def _say(text: str, out: list[tuple[Item, str]]) -> None:
    if not text:
        return
    last = out[-1][0] if out else None
    if last and last["type"] == "message":
        last["content"] += JOIN + text
    else:
        # A string, not a list of `output_text`: for that the documented schema asks for ids, which we don't have.
        # `type` may be absent by the schema, but llama-server b11669 insists.
        out.append(({"type": "message", "role": "assistant", "content": text}, ""))


def _call_id(client_id: str) -> str:
    if len(client_id) <= LONGEST_ID:
        return client_id
    return "call_" + hashlib.sha256(client_id.encode()).hexdigest()[:32]


class InputTurn(UserTurn):
    """Everything between two assistant messages, as items."""

    def close(self, calls: list[str]) -> list[Item]:
        out: list[Item] = []
        for position, call in enumerate(calls):
            text, media = self._answer(call, is_last=call not in calls[position + 1 :])
            out.append({"type": "function_call_output", "call_id": _call_id(call), "output": _output(text, media)})
        parts = self._orphans() + self._parts
        if parts:
            content = content_of(parts)
            said = content if isinstance(content, str) else [_input(part) for part in content]
            out.append({"type": "message", "role": "user", "content": said})
        elif not calls and not self._empty:
            out.append({"type": "message", "role": "user", "content": ""})
        return out

    def _captioned(self, texts: list[str], media: list[Part]) -> tuple[list[str], list[Part]]:
        return texts, media  # they stand in the result itself


def _output(text: str, media: list[Part]) -> str | list[Part]:
    if not media:
        return text
    texts = [{"type": "input_text", "text": text}] if text else []
    return [*texts, *map(_input, media)]


def _input(part: Part) -> Part:
    """A content part of a chat completion as one of a response."""
    if part["type"] == "image_url":
        return {"type": "input_image", "image_url": part["image_url"]["url"]}
    if part["type"] == "file":
        return {"type": "input_file", **part["file"]}
    return {"type": "input_text", "text": part["text"]}
