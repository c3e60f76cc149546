"""The messages of a chat completion out of those of the Messages API.

Rules that keep a backend's prompt cache warm and its chat template content:

- The same history gives the same bytes: `cache_control` and list-or-string forms, which move from turn to turn, leave
  no trace; a growing conversation only appends.
- System text goes first as one string. A system message in mid-conversation stays in its place as a `<system-reminder>`
  user turn: hoisted to the front it would invalidate the whole prefix, and strict templates refuse it elsewhere.
- Turns alternate: neighbouring turns of one role are merged.
- Tool results follow their call at once, in the order of the calls, one for each; what else the user says comes after.
"""

from typing import Any

import msgspec

from ccr.dialects.content import (
    IMAGE_FROM_TOOL,
    JOIN,
    NO_FILE,
    NO_IMAGE,
    NO_IMAGE_URL,
    NO_RESULT,
    SEE_ATTACHMENT,
    STORED_IMAGE,
    Accepts,
    failed_result,
    loaded,
    orphan,
    reminder,
    system_text,
    titled,
    unknown_text,
)
from ccr.dialects.signature import Item, recall
from ccr.dialects.tool_names import ToolNames
from ccr.messages.blocks import (
    Base64Source,
    Block,
    ContentSource,
    Document,
    FileSource,
    Image,
    Text,
    TextSource,
    Thinking,
    ToolReference,
    ToolResult,
    ToolUse,
    Unknown,
    UrlSource,
)
from ccr.messages.request import Message, MessagesRequest

Part = dict[str, Any]
"""A content part of a user message: text, image_url or file."""


def convert(request: MessagesRequest, names: ToolNames, accepts: Accepts) -> list[dict[str, Any]]:
    """All messages, the system prompt first."""
    out: list[dict[str, Any]] = []
    system = system_text(request.system_texts)
    if system:
        out.append({"role": "system", "content": system})
    turn = UserTurn(accepts)
    calls: list[str] = []
    messages = request.messages
    for position, message in enumerate(messages):
        if message.role != "assistant":
            turn.add(message)
            continue
        if position and messages[position - 1].role == "assistant":
            continue  # a part of its neighbour
        said, next_calls = _assistant(joined(messages, position), names)
        if said is None:
            continue  # nothing said: the user's turns around it are one
        out.extend(turn.close(calls))
        turn, calls = UserTurn(accepts), next_calls
        out.append(said)
    out.extend(turn.close(calls))
    return out


def joined(messages: list[Message], position: int) -> Message:
    """Neighbouring assistant messages are one turn, as in the Messages API: the results of all their calls follow."""
    end = position + 1
    while end < len(messages) and messages[end].role == "assistant":
        end += 1
    if end == position + 1:
        return messages[position]
    blocks: list[Block] = []
    for message in messages[position:end]:
        blocks += [Text(message.content)] if isinstance(message.content, str) else message.content
    return Message("assistant", blocks)


def _assistant(message: Message, names: ToolNames) -> tuple[dict[str, Any] | None, list[str]]:
    if isinstance(message.content, str):
        return ({"role": "assistant", "content": message.content}, []) if message.content else (None, [])
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    reasoning: dict[str, str | list[Item]] = {}
    for block in message.content:
        # Not `match`: a class pattern that misses costs eight times as much for a Struct (measured).
        if type(block) is Text:
            texts += [block.text] if block.text else []
        elif type(block) is ToolUse:
            function = {"name": names.outward(block.name), "arguments": arguments(block)}
            calls.append({"id": block.id, "type": "function", "function": function})
        elif type(block) is Thinking:
            _recall(block, reasoning)
        elif type(block) is Unknown:
            texts += [text] if (text := unknown_text(block)) else []
    if not texts and not calls and not reasoning:
        return None, []
    said: dict[str, Any] = {"role": "assistant", "content": JOIN.join(texts) if texts or not calls else None}
    said.update(reasoning)
    if calls:
        said["tool_calls"] = calls
    return said, [call["id"] for call in calls]


def _recall(block: Thinking, reasoning: dict[str, str | list[Item]]) -> None:
    """Add thinking under the fields that it came in."""
    for name, said in recall(block.signature, block.thinking).items():
        before = reasoning.get(name)
        if isinstance(said, list):
            reasoning[name] = before + said if isinstance(before, list) else said
        elif said:
            reasoning[name] = before + JOIN + said if isinstance(before, str) else said


def arguments(block: ToolUse) -> str:
    # Templates of open models walk through the arguments as an object: anything else is wrapped.
    text = str(block.input, "utf-8")
    return text if text.startswith("{") else msgspec.json.encode({"input": block.input}).decode()


class UserTurn:
    """Everything between two assistant messages: tool results, user texts, images, system reminders."""

    def __init__(self, accepts: Accepts) -> None:
        self._accepts = accepts
        self._results: dict[str, list[tuple[str, list[Part]]]] = {}
        """By call id: the texts of the results and their images."""
        self._parts: list[Part] = []
        self._empty = True

    def add(self, message: Message) -> None:
        if message.role == "system":
            self._text(reminder(message))
            return
        self._empty = False
        if isinstance(message.content, str):
            self._text(message.content)
        else:
            for block in message.content:
                self._block(block)

    def close(self, calls: list[str]) -> list[dict[str, Any]]:
        """The messages of this turn, after an assistant message that made these calls."""
        out: list[dict[str, Any]] = []
        images: list[Part] = []
        for position, call in enumerate(calls):
            text, pictures = self._answer(call, is_last=call not in calls[position + 1 :])
            out.append({"role": "tool", "tool_call_id": call, "content": text})
            images += pictures
        # An image must not stand between two tool messages: the pictures of all results follow them.
        parts = self._orphans() + images + self._parts
        if parts:
            out.append({"role": "user", "content": content_of(parts)})
        elif not calls and not self._empty:
            out.append({"role": "user", "content": ""})
        return out

    def _answer(self, call: str, is_last: bool) -> tuple[str, list[Part]]:
        """What the results of a call say, and their media. `is_last`: no later call has the same id."""
        results = self._take(call, is_last)
        if len(results) == 1:
            return results[0]
        text = "\n".join([text for text, _ in results]) if results else NO_RESULT
        return text, [part for _, parts in results for part in parts]

    def _orphans(self) -> list[Part]:
        """What the results say that no call has taken."""
        return [
            part
            for results in self._results.values()
            for text, parts in results
            for part in ({"type": "text", "text": orphan(text)}, *parts)
        ]

    def _take(self, call: str, is_last: bool) -> list[tuple[str, list[Part]]]:
        """The results of a call: all that bear its id, but one each where several calls share the id."""
        results = self._results.get(call, [])
        taken = results if is_last else results[:1]
        self._results[call] = results[len(taken) :]
        return taken

    def _block(self, block: Block) -> None:
        # Thinking and calls are the assistant's; in a user message they mean nothing.
        if type(block) is ToolResult:
            self._results.setdefault(block.tool_use_id, []).append(self._result(block))
        elif type(block) is Text:
            self._text(block.text)
        elif type(block) is Image:
            self._parts.append(self._image(block))
        elif type(block) is Document:
            self._parts.extend(self._document(block))
        elif type(block) is Unknown:
            self._text(unknown_text(block))

    def _text(self, text: str) -> None:
        if text:
            self._parts.append({"type": "text", "text": text})

    def _result(self, block: ToolResult) -> tuple[str, list[Part]]:
        if type(block.content) is str:
            return (failed_result(block.content) if block.is_error else block.content), []
        texts: list[str] = []
        media: list[Part] = []
        for inner in block.content or ():
            if type(inner) is Text:
                texts.append(inner.text)
            elif type(inner) is ToolReference:
                texts.append(loaded(inner.tool_name))
            elif type(inner) is Image or type(inner) is Document:
                for part in [self._image(inner)] if type(inner) is Image else self._document(inner):  # type: ignore[arg-type]
                    if part["type"] == "text":
                        texts.append(part["text"])
                    else:
                        media.append(part)
            elif type(inner) is Unknown:
                texts.append(unknown_text(inner))
        texts, media = self._captioned(texts, media)
        text = "\n".join(texts)
        return (failed_result(text) if block.is_error else text), media

    def _captioned(self, texts: list[str], media: list[Part]) -> tuple[list[str], list[Part]]:
        """The texts and media of a result, in words that say that the media stand elsewhere."""
        if not media:
            return texts, media
        return texts if any(texts) else [SEE_ATTACHMENT], [{"type": "text", "text": IMAGE_FROM_TOOL}, *media]

    def _image(self, image: Image) -> Part:
        if not self._accepts.images:
            return {"type": "text", "text": NO_IMAGE}
        match image.source:
            case Base64Source(data=data, media_type=media_type):
                url = f"data:{media_type};base64,{data}"
            case UrlSource(url=url) if self._accepts.image_urls:
                pass
            case UrlSource():
                return {"type": "text", "text": NO_IMAGE_URL}
            case FileSource():
                return {"type": "text", "text": STORED_IMAGE}
        return {"type": "image_url", "image_url": {"url": url}}

    def _document(self, document: Document) -> list[Part]:
        title = document.title or "document"
        match document.source:
            case TextSource(data=text):
                return [{"type": "text", "text": titled(title, text)}]
            case ContentSource(content=content):
                if isinstance(content, str):
                    return [{"type": "text", "text": content}]
                return [
                    {"type": "text", "text": block.text} if isinstance(block, Text) else self._image(block)
                    for block in content
                ]
            case Base64Source(data=data, media_type=media_type) if self._accepts.files:
                name = title if title.endswith(".pdf") else f"{title}.pdf"
                return [{"type": "file", "file": {"filename": name, "file_data": f"data:{media_type};base64,{data}"}}]
            case _:
                return [{"type": "text", "text": NO_FILE}]


def content_of(parts: list[Part]) -> str | list[Part]:
    """One string where there is only text (every template takes it), else parts with neighbouring texts joined."""
    if len(parts) == 1:
        return parts[0]["text"] if parts[0]["type"] == "text" else parts
    merged: list[Part] = []
    for part in parts:
        if part["type"] == "text" and merged and merged[-1]["type"] == "text":
            merged[-1] = {"type": "text", "text": merged[-1]["text"] + JOIN + part["text"]}
        else:
            merged.append(part)
    if len(merged) == 1 and merged[0]["type"] == "text":
        return str(merged[0]["text"])
    return merged
