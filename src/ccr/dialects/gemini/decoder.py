"""A streamed answer of Gemini -> events of the Messages API.

Each event of the stream is a response of its own with the next parts; texts come in pieces, function calls whole. The
end mark is `finishReason`, but the answer ends with the body: older models repeat the mark in every event. Usage comes
with every event; the last one counts.
"""

from collections.abc import Callable

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ccr.dialects.blocks import BlockSequencer, IdMaker
from ccr.dialects.gemini.chunks import Candidate, FunctionCall, Part, Response, UsageMetadata, Web, decode_responses
from ccr.dialects.gemini.marks import THOUGHT, of_next, own
from ccr.errors import UpstreamError
from ccr.messages.events import (
    EMPTY,
    BlockStop,
    Event,
    Failed,
    MessageDelta,
    MessageStart,
    MessageStop,
    StopReason,
    TextStart,
    Usage,
    str_literal,
)
from ccr.messages.sse import SseParser

STOP_REASONS: dict[str, StopReason] = {
    "STOP": "end_turn",  # also at a stop sequence: Gemini does not say which
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "MODEL_ARMOR": "refusal",
}
"""Any other word (MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, OTHER …) says that the answer is not a whole one
(ai.google.dev/api/generate-content#FinishReason)."""


class GeminiDecoder:
    def __init__(
        self, provider: str, start: MessageStart, ids: IdMaker, explain: Callable[[bytes], UpstreamError]
    ) -> None:
        """`explain` reads an error object found inside the stream."""
        self._provider = provider
        self._start = start
        self._explain = explain
        self._sse = SseParser()
        self._blocks = BlockSequencer(ids)
        self._calls = 0
        self._started = False
        self._in_text = False
        """A text has begun, and nothing else since."""
        self.ended = False
        self._finish_reason: str | None = None
        self._finish_message = ""
        self._pages: list[Web] = []
        self._usage: UsageMetadata | None = None
        self.stop_reason: StopReason | None = None

    @property
    def content_begun(self) -> bool:
        # A legal end without a block counts; a failure without one leaves room for another target.
        return self._blocks.blocks > 0 or self.stop_reason is not None

    @property
    def finished(self) -> bool:
        return self._finish_reason is not None

    @property
    def usage(self) -> Usage:
        return self._usage.as_messages() if self._usage else Usage()

    def feed(self, data: bytes) -> list[Event]:
        out: list[Event] = []
        for _, payload in self._sse.feed(data):
            self._payload(payload, out)
        return out

    def finish(self) -> list[Event]:
        out: list[Event] = []
        for _, payload in self._sse.finish():
            # Bytes without a closing blank line may be half an event: only a whole one counts.
            if payload.rstrip().endswith(b"}"):
                self._payload(payload, out, whole=False)
        if not self.ended:
            self._end(out)
        return out

    def whole(self, body: bytes) -> list[Event]:
        """All events of an answer that came as one JSON document. Raises msgspec.DecodeError when it is none."""
        out: list[Event] = []
        for response in decode_responses(body):
            self._response(response, out)
        if not self.ended:
            self._end(out)
        return out

    def _payload(self, payload: bytes, out: list[Event], whole: bool = True) -> None:
        try:
            responses = decode_responses(payload)
        except msgspec.DecodeError:
            if whole and payload.strip() not in (b"", b"[DONE]") and not self.ended:
                excerpt = repr(payload[:80].decode("utf-8", "replace"))
                self._fail(f"{self._provider} sent a stream event that is not Gemini's: {excerpt}", out, quotes=True)
            return
        for response in responses:
            self._response(response, out)

    def _response(self, response: Response, out: list[Event]) -> None:
        if self.ended:
            return
        if response.error is not UNSET and bytes(response.error) != b"null":
            self.ended = True
            out.append(Failed(self._explain(bytes(response.error))))
            return
        if response.usage_metadata is not None:
            self._usage = response.usage_metadata
        if response.candidates:
            self._begin(out)
            self._candidate(response.candidates[0], out)
        elif response.prompt_feedback is not None and response.prompt_feedback.block_reason:
            self._begin(out)
            self._finish_reason = "SAFETY"  # the prompt was blocked: there is no candidate to say so

    def _begin(self, out: list[Event]) -> None:
        if not self._started:
            self._started = True
            out.append(self._start)

    def _candidate(self, candidate: Candidate, out: list[Event]) -> None:
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                self._part(part, out)
        if candidate.grounding_metadata is not None:
            self._pages = candidate.grounding_metadata.pages or self._pages
        if candidate.finish_reason:
            self._finish_reason = candidate.finish_reason
            self._finish_message = candidate.finish_message or ""

    def _part(self, part: Part, out: list[Event]) -> None:
        literal = _text(part.text)
        if part.thought:
            self._in_text = False
            if literal != EMPTY:
                self._blocks.thinking(literal, THOUGHT, out)
            if part.thought_signature:
                self._blocks.seal(own(part.thought_signature), out)
        elif part.function_call is not None:
            self._in_text = False
            if part.thought_signature:
                self._blocks.seal(of_next(part.thought_signature), out)
            self._call(part.function_call, out)
        elif literal != EMPTY:
            if part.thought_signature and not self._in_text:
                self._blocks.seal(of_next(part.thought_signature), out)
            self._in_text = True
            self._blocks.text(literal, out)

    def _call(self, call: FunctionCall, out: list[Event]) -> None:
        given = b"" if call.args is UNSET else bytes(call.args)
        arguments = str_literal(given.decode()) if given[:1] == b"{" else EMPTY  # absent or null
        self._blocks.call(self._calls, call.id or "", call.name, arguments, out)
        self._calls += 1
        self._blocks.close(out)  # it is whole

    def _end(self, out: list[Event]) -> None:
        if self._finish_reason is None:
            self._fail(f"{self._provider} ended its answer before it was complete.", out)
            return
        stop_reason = STOP_REASONS.get(self._finish_reason)
        if stop_reason is None:
            why = f"{self._finish_reason[:40]}: {self._finish_message[:200]}" if self._finish_message else ""
            self._fail(
                f"{self._provider} broke off its answer: {why or self._finish_reason[:40]}.", out, quotes=bool(why)
            )
            return
        if self._pages:
            self._blocks.text(sources(self._pages), out)
        self._blocks.close(out)
        if self._blocks.nameless:
            self._fail(f"{self._provider} sent a tool call without a name.", out)
            return
        if not self._blocks.blocks:
            # An answer needs a block; the client asks once more by itself when it is empty.
            out.extend((TextStart(0), BlockStop(0)))
        if self._blocks.tool_calls:
            stop_reason = "tool_use"
        self.stop_reason = stop_reason
        out.extend((MessageDelta(stop_reason, None, self.usage), MessageStop()))
        self.ended = True

    def _fail(self, message: str, out: list[Event], quotes: bool = False) -> None:
        self.ended = True
        out.append(Failed(UpstreamError(self._provider, "body", message, quotes=quotes)))


def _text(value: Raw | UnsetType) -> bytes:
    literal = EMPTY if value is UNSET else bytes(value)
    return literal if literal[:1] == b'"' else EMPTY


def sources(pages: list[Web]) -> bytes:
    """The pages that an answer of Google's search rests on, as the end of its text."""
    lines = [f"- [{page.title or page.uri}]({page.uri})" for page in pages]
    return str_literal("\n\nSources:\n" + "\n".join(lines))
