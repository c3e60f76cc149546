"""A streamed chat completion -> events of the Messages API.

The end mark is `finish_reason`. Before it, an end of the body is a failure, whatever the reason; after it the answer is
complete, and only its usage may still come (in a chunk of its own, or never). The closing events leave when the
usage has come, at `[DONE]`, or at the end of the body.
"""

import re
from collections.abc import Callable

import msgspec
from msgspec import UNSET, Raw

from ccr.dialects.blocks import BlockSequencer, IdMaker
from ccr.dialects.error_body import error_text
from ccr.dialects.openai_chat.chunks import Choice, Chunk, Delta, Literal, OpenAiUsage, ToolCallDelta, decode_chunk
from ccr.dialects.openai_chat.repeated import CARRIAGE_RETURN, LINE_FEED, Repeated, learn
from ccr.dialects.openai_chat.values import arguments_of, documents, read_items, read_parts, text_of
from ccr.dialects.signature import LIST_FIELDS, PLAIN_FIELDS
from ccr.dialects.whole import WholeBlocks
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
from ccr.messages.message import Message, TextBlock, fold, tell
from ccr.messages.sse import BOM, SseParser, is_stream

STOP_REASONS: dict[str, StopReason] = {
    "stop": "end_turn",
    "eos": "end_turn",
    "end_turn": "end_turn",
    "tool_calls": "end_turn",  # without any call: the answer is what there is
    "function_call": "end_turn",
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "content_filter": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
    "model_length": "model_context_window_exceeded",  # Mistral
}
"""Any other word (abort, error, insufficient_system_resource …) says that the answer is not a whole one."""

NO_ERROR = (b"null", b"{}", b"false", EMPTY)
_FLAT_ERROR = re.compile(rb'"object"\s*:\s*"error"|"(?:message|msg|detail|errors|base_resp)"\s*:')
"""An error without the `error` around it (older vLLM, Mistral, FastAPI, Z.AI, Cloudflare, MiniMax)."""


class ChatDecoder:
    def __init__(
        self,
        provider: str,
        start: MessageStart,
        ids: IdMaker,
        stop_sequences: list[str],
        explain: Callable[[bytes], UpstreamError],
    ) -> None:
        """`explain` reads an error object found inside the stream."""
        self._provider = provider
        self._start = start
        self._stop_sequences = stop_sequences
        self._explain = explain
        self._sse = SseParser()
        self._ids = ids
        self._blocks: BlockSequencer | WholeBlocks = BlockSequencer(ids)
        self._started = False
        self._repeated: Repeated | None = None
        self.ended = False
        self._finish_reason: str | None = None
        self._matched: str | None = None
        self._usage: OpenAiUsage | None = None
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
        if self._sse.is_between and CARRIAGE_RETURN not in data:
            data = data[self._plain(data, out) :]
        if data:
            self._repeated = None
            for event, payload in self._sse.feed(data):
                if event == b"error":
                    self._error_event(payload, out)
                else:
                    self._payload(payload, out)
        return out

    def _plain(self, data: bytes, out: list[Event]) -> int:
        """Frames that are whole and of one line, as nearly all are. Returns where they end."""
        position = 0
        while not self.ended:
            if self._repeated is not None:
                position = self._repeated.take(data, position, out)
            end = data.find(LINE_FEED, position)
            if end < 0 or not data.startswith(b"\n", end + 1) or not data.startswith(b"data: ", position):
                break
            payload = data[position + 6 : end]
            position = end + 2
            before = len(out)
            self._payload(payload, out)
            if len(out) == before + 1 and self._blocks.is_plain:
                self._repeated = learn(payload, out[-1], self._blocks.arguments)
            else:
                self._repeated = None
        return position

    def finish(self) -> list[Event]:
        out: list[Event] = []
        rest = self._sse.rest
        if not self._started and not self.ended and rest.removeprefix(BOM).lstrip()[:1] in (b"{", b"[", b"<"):
            return self._no_stream(rest)
        for _, payload in self._sse.finish():
            # Bytes without a closing blank line may be half an event: only a whole one counts.
            if payload.rstrip().endswith((b"}", b"[DONE]")):
                self._payload(payload, out, whole=False)
        if not self.ended:
            self._end(out)
        return out

    @property
    def estimate(self) -> int:
        """Input tokens, as the start of a stream says."""
        return self._start.input_tokens

    def whole(self, body: bytes) -> Message:
        """An answer that came in one piece: a document, several of them, or a stream that was not announced as one.

        Raises msgspec.DecodeError when it is none of these, and the UpstreamError of one that failed.
        """
        if is_stream(body):
            return fold([*self.feed(body), *self.finish()])
        out: list[Event] = []
        document, *others = documents(body)
        if others:
            for line in (document, *others):
                self._payload(line, out)
            return fold([*out, *self.finish()])
        self._blocks = blocks = WholeBlocks(self._ids)
        self._object(document, decode_chunk(document), out)
        if not self.ended:
            self._end(out)
        end = out[-1]
        if type(end) is Failed:
            raise end.error
        delta = out[-2]
        assert type(delta) is MessageDelta
        content = blocks.content or [TextBlock()]
        return Message(
            id=self._start.id,
            model=self._start.model,
            content=content,
            stop_reason=delta.stop_reason,
            stop_sequence=delta.stop_sequence,
            usage=delta.usage,
        )

    def _no_stream(self, body: bytes) -> list[Event]:
        """One document although a stream was announced."""
        out: list[Event] = []
        try:
            return [*tell(self.whole(body), self.estimate)]
        except UpstreamError as error:
            out.append(Failed(error))
        except msgspec.DecodeError:
            self._fail(f"did not answer with a stream: {error_text(body) or 'an empty answer'}", out, quotes=True)
        return out

    def _error_event(self, payload: bytes, out: list[Event]) -> None:
        """An event that is named `error`, whatever its data."""
        if self.ended:
            return
        try:
            error = bytes(decode_chunk(payload).error)  # type: ignore[arg-type]  # UNSET is no bytes: TypeError
        except (msgspec.DecodeError, TypeError):
            error = str_literal(error_text(payload) or "an error without words")
        self.ended = True
        out.append(Failed(self._explain(error)))

    def _payload(self, payload: bytes, out: list[Event], whole: bool = True) -> None:
        if self.ended:
            return
        if payload.startswith(b"[") and payload.strip() == b"[DONE]":
            self._end(out)
            return
        try:
            chunk = decode_chunk(payload)
        except msgspec.DecodeError:
            if whole and payload.strip():
                self._fail(f"sent a stream event that is not JSON: {_excerpt(payload)}", out, quotes=True)
            return
        self._object(payload, chunk, out)

    def _object(self, payload: bytes, chunk: Chunk, out: list[Event]) -> None:
        if not chunk.choices and chunk.error is UNSET and _FLAT_ERROR.search(payload) and error_text(payload):
            chunk.error = Raw(payload)
        self._chunk(chunk.choices, chunk.usage, chunk.error, out)

    def _chunk(self, choices: list[Choice] | None, usage: OpenAiUsage | None, error: Literal, out: list[Event]) -> None:
        if error is not UNSET and bytes(error) not in NO_ERROR:
            self.ended = True
            out.append(Failed(self._explain(bytes(error))))
            return
        if choices:
            if not self._started:
                self._started = True
                out.append(self._start)
            choice = choices[0]
            if choice.error is not UNSET and bytes(choice.error) not in NO_ERROR:
                self.ended = True
                out.append(Failed(self._explain(bytes(choice.error))))
                return
            delta = choice.delta or choice.message
            if delta is not None:
                self._delta(delta, out)
            if choice.finish_reason:
                self._finish_reason = choice.finish_reason
                if isinstance(choice.stop_reason, str) and choice.stop_reason in self._stop_sequences:
                    self._matched = choice.stop_reason
        if usage is not None and usage.says_something:
            self._usage = usage
            if self._finish_reason is not None and not self.ended:
                self._end(out)

    def _delta(self, delta: Delta, out: list[Event]) -> None:
        # Absent fields are asked for first: this runs for every delta.
        if (
            delta.reasoning_content is not UNSET
            or delta.reasoning is not UNSET
            or delta.reasoning_details is not UNSET
            or delta.thinking is not UNSET
            or delta.thinking_blocks is not UNSET
        ):
            self._reasoning(delta, out)
        if delta.content is not UNSET:
            literal = bytes(delta.content)
            if literal[:1] == b'"':
                if literal != EMPTY:
                    self._blocks.text(literal, out)
            elif literal[:1] in (b"[", b"{"):
                self._parts(delta.content, out)
        if delta.refusal is not UNSET:
            literal = text_of(delta.refusal)
            if literal != EMPTY:
                self._blocks.text(literal, out)
        if delta.tool_calls:
            for call in delta.tool_calls:
                self._call(call, out)
        elif delta.function_call is not None:
            self._call(ToolCallDelta(0, None, delta.function_call), out)

    def _reasoning(self, delta: Delta, out: list[Event]) -> None:
        """A backend that sends several names means the same text; a list of items says more than a plain one."""
        plain, field = EMPTY, ""
        for field in PLAIN_FIELDS:
            plain = text_of(getattr(delta, field))
            if plain != EMPTY:
                break
        if delta.reasoning_details is not UNSET or delta.thinking_blocks is not UNSET:
            for name in LIST_FIELDS:
                text, items = read_items(getattr(delta, name))
                if items:
                    self._blocks.thinking_items(str_literal(text) if text else plain, name, items, out)
                    return
        if plain != EMPTY:
            self._blocks.thinking(plain, field, out)

    def _parts(self, content: Raw, out: list[Event]) -> None:
        """Content in parts, of which some may be thinking (docs.mistral.ai/capabilities/reasoning)."""
        for thinking, text in read_parts(content):
            if thinking:
                self._blocks.thinking(str_literal(thinking), PLAIN_FIELDS[0], out)
            if text:
                self._blocks.text(str_literal(text), out)

    def _call(self, call: ToolCallDelta, out: list[Event]) -> None:
        function = call.function
        name = (function and function.name) or ""
        arguments = arguments_of(function.arguments) if function else EMPTY
        self._blocks.call(call.index, call.id or "", name, arguments, out)

    def _end(self, out: list[Event]) -> None:
        if self._finish_reason is None:
            self._fail("ended its answer before it was complete.", out)
            return
        stop_reason = STOP_REASONS.get(self._finish_reason.lower())
        if stop_reason is None:
            self._fail(f"broke off its answer: finish_reason {self._finish_reason[:40]!r}.", out)
            return
        self._blocks.close(out)
        if self._blocks.nameless:
            self._fail("sent a tool call without a name.", out)
            return
        if not self._blocks.blocks:
            # An answer needs a block; the client asks once more by itself when it is empty.
            out.extend((TextStart(0), BlockStop(0)))
        if self._matched is not None:
            stop_reason = "stop_sequence"
        if self._blocks.tool_calls:
            stop_reason = "tool_use"
        self.stop_reason = stop_reason
        matched = self._matched if stop_reason == "stop_sequence" else None
        out.extend((MessageDelta(stop_reason, matched, self.usage), MessageStop()))
        self.ended = True

    def _fail(self, what: str, out: list[Event], quotes: bool = False) -> None:
        self.ended = True
        message = f"provider {self._provider} {what}"
        out.append(Failed(UpstreamError(self._provider, "body", message, quotes=quotes)))


def _excerpt(payload: bytes) -> str:
    return repr(payload[:80].decode("utf-8", "replace"))
