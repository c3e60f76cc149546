"""One request over HTTP, and what came back: where it went, how soon, how much."""

import http.client
import time
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from ccr.demo.kinds import Kind
from ccr.messages.sse import SseParser

PATIENCE = 30.0
"""Seconds without a byte after which a request has failed."""


class Answer(Struct):
    """What the router answered."""

    route: str = ""
    target: str = ""
    """`provider,model`"""
    reason: str = ""
    text: str = ""
    input_tokens: int | None = None
    """None: not reported."""
    output_tokens: int | None = None
    first_content: float | None = None
    """Seconds from sending to the first piece of content. None: there was none."""
    complete: bool = False
    """The stream came to its `message_stop`."""
    error: str = ""


class Delta(Struct, frozen=True):
    text: str = ""


class Usage(Struct, frozen=True):
    input_tokens: int | None = None
    output_tokens: int | None = None


class Trouble(Struct, frozen=True):
    message: str = ""


class Frame(Struct, frozen=True):
    """The part of a stream event, or of an error object, that is looked at."""

    type: str = ""
    delta: Delta = Delta()
    usage: Usage = Usage()
    error: Trouble = Trouble()


def ask(host: str, port: int, kind: Kind) -> Answer:
    """Send a request as Claude Code would. A failure is in the answer's `error`."""
    answer = Answer()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    started = time.monotonic()
    try:
        connection.request("POST", "/v1/messages?beta=true", msgspec.json.encode(kind.body), kind.headers)
        response = connection.getresponse()
        answer.route = response.getheader("x-ccr-route", "")
        answer.target = response.getheader("x-ccr-target", "")
        answer.reason = response.getheader("x-ccr-reason", "")
        if response.status != 200:
            answer.error = f"status {response.status}: {decode(response.read()).error.message}"
            return answer
        for frame in frames(response):
            take(frame, answer, started)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        answer.error = str(error) or type(error).__name__
    finally:
        connection.close()
    return answer


def frames(response: http.client.HTTPResponse) -> Iterator[Frame]:
    parser = SseParser()
    while data := response.read1(65_536):
        yield from (decode(event) for _, event in parser.feed(data))


def take(frame: Frame, answer: Answer, started: float) -> None:
    match frame.type:
        case "content_block_delta":
            if answer.first_content is None:
                answer.first_content = time.monotonic() - started
            answer.text += frame.delta.text
        case "message_delta":
            answer.input_tokens = frame.usage.input_tokens
            answer.output_tokens = frame.usage.output_tokens
        case "message_stop":
            answer.complete = True
        case "error":
            answer.error = frame.error.message


def fault(kind: Kind, answer: Answer) -> str:
    """Why the answer is not the one that this kind of request ought to get; empty: it is."""
    if answer.error:
        return answer.error
    if answer.route != kind.route:
        return f"it took the route {answer.route or 'without a name'}, not {kind.route}"
    if answer.target != kind.target:
        return f"it went to {answer.target}, not to {kind.target}"
    if not answer.complete:
        return "the stream broke off before its end"
    model = kind.target.partition(",")[2]
    if model not in answer.text:
        return f"the answer is not that of {model}: {answer.text[:80]!r}"
    return ""


decode = msgspec.json.Decoder(Frame).decode
