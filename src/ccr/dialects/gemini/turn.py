"""Everything between two answers of the model: tool results, user texts, images, system reminders.

The results of all calls come first, in the order of the calls, one for each: their number must be that of the calls
("Please ensure that the number of function response parts is equal to the number of function call parts"). What else
the user says follows in the same turn.
"""

from typing import Any

from msgspec import Struct

from ccr.dialects.content import (
    IMAGE_FROM_TOOL,
    JOIN,
    NO_FILE,
    NO_IMAGE,
    NO_RESULT,
    SEE_ATTACHMENT,
    STORED_IMAGE,
    Accepts,
    loaded,
    orphan,
    reminder,
    titled,
    unknown_text,
)
from ccr.messages.blocks import (
    Base64Source,
    Block,
    ContentSource,
    Document,
    Image,
    Text,
    TextSource,
    ToolReference,
    ToolResult,
    Unknown,
    UrlSource,
)
from ccr.messages.request import Message

Part = dict[str, Any]

_IMAGES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
"""By the ending of an address. Not `mimetypes`: it reads the machine's files."""


class Called(Struct, frozen=True):
    """A call that the model made in its last turn."""

    id: str
    name: str


class Result(Struct):
    text: str
    is_error: bool
    media: list[Part]


class UserTurn:
    def __init__(self, accepts: Accepts) -> None:
        self._accepts = accepts
        self._results: dict[str, Result] = {}
        """By call id."""
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

    def close(self, calls: list[Called]) -> list[Part]:
        """The parts of this turn, after an answer that made these calls."""
        out: list[Part] = []
        media: list[Part] = []
        for call in calls:
            result = self._results.pop(call.id, Result(NO_RESULT, True, []))
            # "output" and "error" are the keys that the model is told of (ai.google.dev/api: FunctionResponse).
            response = {"error" if result.is_error else "output": result.text}
            out.append({"functionResponse": {"id": call.id, "name": call.name, "response": response}})
            media += result.media
        for result in self._results.values():
            out += [{"text": orphan(result.text)}, *result.media]
        parts = joined(out + media + self._parts)
        return parts if parts or self._empty else [{"text": ""}]

    def _block(self, block: Block) -> None:
        match block:
            case ToolResult():
                result = self._result(block)
                earlier = self._results.get(block.tool_use_id)
                if earlier is not None:
                    result = Result(f"{earlier.text}\n{result.text}", result.is_error, earlier.media + result.media)
                self._results[block.tool_use_id] = result
            case Text():
                self._text(block.text)
            case Image():
                self._parts.append(self._image(block))
            case Document():
                self._parts += self._document(block)
            case Unknown():
                self._text(unknown_text(block))
            case _:
                pass  # thinking and calls are the model's; in a user message they mean nothing

    def _text(self, text: str) -> None:
        if text:
            self._parts.append({"text": text})

    def _result(self, block: ToolResult) -> Result:
        texts: list[str] = []
        media: list[Part] = []
        content = [Text(block.content)] if isinstance(block.content, str) else block.content or []
        for inner in content:
            match inner:
                case Text(text=text):
                    texts.append(text)
                case ToolReference(tool_name=name):
                    texts.append(loaded(name))
                case Image() | Document():
                    for part in [self._image(inner)] if isinstance(inner, Image) else self._document(inner):
                        if "text" in part:
                            texts.append(part["text"])
                        else:
                            media.append(part)
                case Unknown():
                    texts.append(unknown_text(inner))
                case _:
                    pass
        if media:
            media.insert(0, {"text": IMAGE_FROM_TOOL})
            if not any(texts):
                texts = [SEE_ATTACHMENT]
        return Result("\n".join(texts), bool(block.is_error), media)

    def _image(self, image: Image) -> Part:
        if not self._accepts.images:
            return {"text": NO_IMAGE}
        match image.source:
            case Base64Source(data=data, media_type=media_type):
                return inline(data, media_type)
            case UrlSource(url=url):
                return linked(url)
            case _:
                return {"text": STORED_IMAGE}

    def _document(self, document: Document) -> list[Part]:
        match document.source:
            case TextSource(data=text):
                return [{"text": titled(document.title or "document", text)}]
            case ContentSource(content=content):
                if isinstance(content, str):
                    return [{"text": content}]
                return [{"text": block.text} if isinstance(block, Text) else self._image(block) for block in content]
            case Base64Source(data=data, media_type=media_type) if self._accepts.files:
                return [inline(data, media_type)]
            case UrlSource(url=url) if self._accepts.files:
                return [linked(url, "application/pdf")]
            case _:
                return [{"text": NO_FILE}]


def inline(data: str, media_type: str) -> Part:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def linked(url: str, media_type: str = "") -> Part:
    media_type = media_type or _IMAGES.get(url.partition("?")[0].rpartition(".")[2].lower(), "")
    return {"fileData": {"mimeType": media_type, "fileUri": url} if media_type else {"fileUri": url}}


def joined(parts: list[Part]) -> list[Part]:
    """Neighbouring texts as one: nothing stands between the parts of a prompt."""
    out: list[Part] = []
    for part in parts:
        if "text" in part and out and "text" in out[-1]:
            out[-1] = {"text": out[-1]["text"] + JOIN + part["text"]}
        else:
            out.append(part)
    return out
