"""Does a target do the work at all? Whole answers, and one event for every delta. Else its figures mean nothing."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from bodies import Api
from running import Running

BEGINNING = "The quick brown fox"
DELTAS = 200
TEXT = "".join(f" word{i:04d}" for i in range(DELTAS))
ARGUMENTS = '{"path":"w0000' + "".join(f" w{i:04d}" for i in range(1, DELTAS - 1)) + ' end"}'
"""What c/answers.c says: as JSON, as streamed text, as the arguments of a streamed tool call."""


class Faulty(Exception):
    """What is wrong with an answer."""


def faults(running: Running) -> list[str]:
    """One sentence per kind of answer that is not whole."""
    found = []
    for check in (_check_message, _check_text, _check_tool_call):
        try:
            check(running)
        except (Faulty, msgspec.DecodeError, OSError) as fault:
            found.append(f"{check.__name__.removeprefix('_check_')}: {fault}")
    return found


def _check_message(running: Running) -> None:
    status, body = running.ask("bench-json", "big", stream=False)
    _expect_good(status, body)
    text = _anthropic_text(body) if running.target.api == "anthropic" else _openai_text(body)
    if not text.startswith(BEGINNING):
        raise Faulty(f"the text is {text[:40]!r}")


def _check_text(running: Running) -> None:
    status, body = running.ask("bench-s200", "small", stream=True)
    _expect_good(status, body)
    _expect_deltas(_deltas(running.target.api, body), TEXT)


def _check_tool_call(running: Running) -> None:
    status, body = running.ask("bench-t200", "small", stream=True)
    _expect_good(status, body)
    _expect_deltas(_deltas(running.target.api, body), ARGUMENTS)


def _expect_good(status: int, body: bytes) -> None:
    if status != 200:
        raise Faulty(f"status {status}: {body[:150]!r}")


def _expect_deltas(deltas: list[str], whole: str) -> None:
    if (found := "".join(deltas)) != whole:
        raise Faulty(f"{len(found)} characters instead of {len(whole)}, or other ones")
    if len(deltas) != DELTAS:
        raise Faulty(f"{len(deltas)} deltas instead of {DELTAS}")


def _deltas(api: Api, body: bytes) -> list[str]:
    """The text of every delta, empty ones left out."""
    lines = body.splitlines()
    events = [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]
    read = _anthropic_deltas if api == "anthropic" else _openai_deltas
    return [text for text in read(events) if text]


# ------------------------------------------------------------------------------------------ Anthropic


class Block(Struct, frozen=True):
    type: str
    text: str = ""


class AnthropicMessage(Struct, frozen=True):
    content: list[Block]


class BlockDelta(Struct, frozen=True):
    text: str = ""
    partial_json: str = ""


class Event(Struct, frozen=True):
    type: str
    delta: BlockDelta = BlockDelta()


def _anthropic_text(body: bytes) -> str:
    message = msgspec.json.decode(body, type=AnthropicMessage)
    return "".join(block.text for block in message.content if block.type == "text")


def _anthropic_deltas(events: Iterable[bytes]) -> Iterator[str]:
    ended = False
    for data in events:
        event = msgspec.json.decode(data, type=Event)
        yield event.delta.text + event.delta.partial_json
        ended = ended or event.type == "message_stop"
    if not ended:
        raise Faulty("no message_stop")


# ------------------------------------------------------------------------------------------ OpenAI chat


class Function(Struct, frozen=True):
    arguments: str = ""


class Call(Struct, frozen=True):
    function: Function = Function()


class ChatDelta(Struct, frozen=True):
    content: str | None = None
    tool_calls: list[Call] | None = None


class Choice(Struct, frozen=True):
    message: ChatDelta = ChatDelta()
    delta: ChatDelta = ChatDelta()
    finish_reason: str | None = None


class Chunk(Struct, frozen=True):
    choices: list[Choice]


def _openai_text(body: bytes) -> str:
    return "".join(choice.message.content or "" for choice in msgspec.json.decode(body, type=Chunk).choices)


def _openai_deltas(events: Iterable[bytes]) -> Iterator[str]:
    ended = False
    for data in events:
        if data == b"[DONE]":
            continue
        for choice in msgspec.json.decode(data, type=Chunk).choices:
            yield (choice.delta.content or "") + "".join(c.function.arguments for c in choice.delta.tool_calls or [])
            ended = ended or choice.finish_reason is not None
    if not ended:
        raise Faulty("no finish_reason")
