"""What the scripted model says. Pure: a chat completions request in, an answer out.

It follows the protocol of tools: asked to write a file, it calls the client's Write tool, and once the result of a tool
is there it says what the tool said.
"""

import json
import re

from msgspec import Struct

TASK = re.compile(r'write the file (?:"([^"\n]+)"|(/\S*[^\s.,;!?]))', re.IGNORECASE)
"""The order that makes it call a tool; the path is absolute, as the client's tool demands."""

FILE_CONTENT = "Written by Claude Code, on the word of a scripted model, through ccr.\n"


class Part(Struct, frozen=True):
    type: str = ""
    text: str = ""


class ChatMessage(Struct, frozen=True):
    role: str
    content: str | list[Part] | None = None

    @property
    def parts(self) -> list[Part]:
        return [Part("text", self.content)] if isinstance(self.content, str) else self.content or []

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.parts if part.type == "text")


class Function(Struct, frozen=True):
    name: str = ""


class Tool(Struct, frozen=True):
    function: Function = Function()


class Schema(Struct, frozen=True):
    properties: dict[str, object] = {}


class JsonSchema(Struct, frozen=True):
    schema: Schema = Schema()


class ResponseFormat(Struct, frozen=True):
    json_schema: JsonSchema = JsonSchema()


class StreamOptions(Struct, frozen=True):
    include_usage: bool = False


class ChatRequest(Struct, frozen=True):
    """The part of a chat completions request that the script looks at."""

    model: str
    messages: list[ChatMessage]
    tools: list[Tool] = []
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    response_format: ResponseFormat | None = None


class Call(Struct, frozen=True):
    """A tool call of the model."""

    name: str
    arguments: str
    """JSON."""


class Speech(Struct, frozen=True):
    """One answer of the model."""

    text: str = ""
    thinking: str = ""
    call: Call | None = None


def speak(request: ChatRequest) -> Speech:
    """The answer to a request."""
    if request.response_format is not None:
        keys = request.response_format.json_schema.schema.properties
        return Speech(json.dumps(dict.fromkeys(keys, f"A word from {request.model}")))
    turn = newest_turn(request.messages)
    results = [message.text for message in turn if message.role == "tool"]
    if results:
        return Speech(f"{request.model}: the tool answered: {results[-1].strip() or 'nothing'}")
    path = wanted_file(turn)
    if path and any(tool.function.name == "Write" for tool in request.tools):
        call = Call("Write", json.dumps({"file_path": path, "content": FILE_CONTENT}))
        return Speech(f"{request.model}: I write it.", "A file is wanted, and there is a tool for that.", call)
    return small_talk(request)


def newest_turn(messages: list[ChatMessage]) -> list[ChatMessage]:
    """What has come since the model spoke last: tool results, or a person's words."""
    spoken = [index for index, message in enumerate(messages) if message.role == "assistant"]
    return messages[spoken[-1] + 1 :] if spoken else messages


def wanted_file(turn: list[ChatMessage]) -> str:
    """The path that a person names in the newest order; empty: none."""
    orders = [match for message in turn if message.role == "user" for match in TASK.finditer(message.text)]
    return orders[-1][1] or orders[-1][2] if orders else ""


def small_talk(request: ChatRequest) -> Speech:
    """Says something that only the model which really got the request can say."""
    name = request.model
    match name:
        case "thinker":
            return Speech(f"{name}: forty-two.", "Six times nine? No: six times seven. I should say so.")
        case "long":
            return Speech(f"{name}: I have read {sum(len(message.text) for message in request.messages):,} letters.")
        case "eyes":
            pictures = sum(part.type == "image_url" for message in request.messages for part in message.parts)
            return Speech(f"{name}: I see {pictures} picture{'' if pictures == 1 else 's'}.")
        case "search":
            return Speech(f"{name}: I would have searched the web for that.")
        case "worker":
            return Speech(f"{name}: the sub-task is done.")
        case _:
            return Speech(f"{name}: I am a script. Say: Write the file /tmp/hello.txt, and I call a tool.")
