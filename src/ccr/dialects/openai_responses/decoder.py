"""A streamed response -> events of the Messages API.

The end mark is `response.completed` (or `incomplete`), which holds the usage and the whole answer once more. Without it
the answer has broken off, whatever came before.
"""

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from ccr.dialects.blocks import BlockSequencer, IdMaker
from ccr.dialects.error_body import error_text
from ccr.dialects.openai_responses.events import (
    Literal,
    Response,
    StreamEvent,
    decode_event,
    decode_item,
    decode_response,
)
from ccr.dialects.openai_responses.output import Output
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
from ccr.messages.sse import BOM, SseParser, is_stream

INCOMPLETE: dict[str, StopReason] = {"max_output_tokens": "max_tokens", "content_filter": "refusal"}
"""Any other reason says that the answer is not a whole one."""
NO_ERROR = (b"null", b"{}", b"false", EMPTY)
ENDS = ("response.completed", "response.incomplete", "response.failed")


class ResponsesDecoder:
    def __init__(
        self,
        provider: str,
        start: MessageStart,
        ids: IdMaker,
        origin: str,
        limit: int | None,
        explain: Callable[[bytes], UpstreamError],
    ) -> None:
        """`limit`: the `max_output_tokens` sent. `explain` reads an error object found inside the stream."""
        self._provider = provider
        self._start = start
        self._limit = limit
        self._explain = explain
        self._sse = SseParser()
        self._blocks = BlockSequencer(ids)
        self._output = Output(self._blocks, origin)
        self._started = False
        self.finished = False
        self.ended = False
        self.usage = Usage()
        self.stop_reason: StopReason | None = None

    @property
    def content_begun(self) -> bool:
        # A legal end without a block counts; a failure without one leaves room for another target.
        return self._blocks.blocks > 0 or self.stop_reason is not None

    def feed(self, data: bytes) -> list[Event]:
        out: list[Event] = []
        for name, payload in self._sse.feed(data):
            self._payload(name, payload, out)
        return out

    def finish(self) -> list[Event]:
        out: list[Event] = []
        rest = self._sse.rest
        if not self._started and not self.ended and rest.removeprefix(BOM).lstrip()[:1] in (b"{", b"<"):
            return self._no_stream(rest)
        for name, payload in self._sse.finish():
            # Bytes without a closing blank line may be half an event: only a whole one counts.
            if payload.rstrip().endswith(b"}"):
                self._payload(name, payload, out, whole=False)
        if not self.ended:
            self._fail(f"{self._provider} ended its answer before it was complete.", out)
        return out

    def whole(self, body: bytes) -> list[Event]:
        """All events of an answer that came in one piece: a document, or a stream that was not announced as one.

        Raises msgspec.DecodeError when it is neither.
        """
        if is_stream(body):
            return [*self.feed(body), *self.finish()]
        out: list[Event] = []
        response = decode_response(body.removeprefix(BOM))
        if response.output is None and not _is_error(response.error):
            raise msgspec.ValidationError("not a response")
        self._begin(out)
        self._end(response, response.status or "failed", out)
        return out

    def _no_stream(self, body: bytes) -> list[Event]:
        """One document although a stream was announced."""
        try:
            return self.whole(body)
        except msgspec.DecodeError:
            out: list[Event] = []
            text = error_text(body) or "an empty answer"
            self._fail(f"{self._provider} did not answer with a stream: {text}", out, quotes=True)
            return out

    def _payload(self, name: bytes, payload: bytes, out: list[Event], whole: bool = True) -> None:
        if self.ended:
            return
        try:
            event = decode_event(payload)
        except msgspec.DecodeError:
            if name == b"error":
                self._refused(str_literal(error_text(payload) or "an error without words"), out)
            elif whole and payload.strip() not in (b"", b"[DONE]"):
                excerpt = repr(payload[:80].decode("utf-8", "replace"))
                self._fail(f"{self._provider} sent a stream event that is not JSON: {excerpt}", out, quotes=True)
            return
        kind = event.type or name.decode("latin-1")
        if _is_error(event.error) or kind == "error":
            # OpenAI's reference has the error's fields in the event itself; other backends have them in `error`.
            self._refused(bytes(event.error) if _is_error(event.error) else payload, out)  # type: ignore[arg-type]
            return
        self._begin(out)
        if kind in ENDS:
            self._last(event, kind.removeprefix("response."), out)
        else:
            self._event(event, kind, out)

    def _event(self, event: StreamEvent, kind: str, out: list[Event]) -> None:
        output = self._output
        # The frequent ones first: this runs for every piece.
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            output.text(event, event.delta, "delta", out)
        elif kind == "response.function_call_arguments.delta":
            output.arguments(event, event.delta, "delta", out)
        elif kind == "response.reasoning_summary_text.delta":
            output.thought("summary", event, event.delta, "delta", out)
        elif kind == "response.reasoning_text.delta":
            output.thought("text", event, event.delta, "delta", out)
        elif kind == "response.output_item.added":
            output.added(decode_item(event.item), event.output_index, out)
        elif kind == "response.output_item.done":
            output.done(decode_item(event.item), event.output_index, out)
        elif kind == "response.output_text.done":
            output.text(event, event.text, "done", out)
        elif kind == "response.refusal.done":
            output.text(event, event.refusal, "done", out)
        elif kind == "response.function_call_arguments.done":
            output.arguments(event, event.arguments, "done", out)
        elif kind == "response.reasoning_summary_text.done":
            output.thought("summary", event, event.text, "done", out)
        elif kind == "response.reasoning_text.done":
            output.thought("text", event, event.text, "done", out)

    def _begin(self, out: list[Event]) -> None:
        if not self._started:
            self._started = True
            out.append(self._start)

    def _last(self, event: StreamEvent, status: str, out: list[Event]) -> None:
        try:
            response = decode_response(event.response)
        except msgspec.DecodeError:
            response = Response()
        # vLLM says `response.completed` of an incomplete one.
        self._end(response, response.status if response.status in ("incomplete", "failed") else status, out)

    def _end(self, response: Response, status: str, out: list[Event]) -> None:
        self.usage = response.counted
        stop_reason = self._full_stop() if status == "completed" else INCOMPLETE.get(response.reason)
        if status in ("completed", "incomplete") and stop_reason is not None:
            self._output.rest([decode_item(raw) for raw in response.output or []], out)
            self._close(stop_reason, out)
        elif _is_error(response.error):
            self._refused(bytes(response.error), out)  # type: ignore[arg-type]
        else:
            self._fail(f"{self._provider} broke off its answer: {f'{status} {response.reason[:40]}'.strip()}.", out)

    def _full_stop(self) -> StopReason:
        """llama-server (b11669) says `completed` of an answer that was cut at its limit too: only the count tells."""
        is_cut = self._limit is not None and (self.usage.output_tokens or 0) >= self._limit
        return "max_tokens" if is_cut else "end_turn"

    def _close(self, stop_reason: StopReason, out: list[Event]) -> None:
        self.finished = True
        self._blocks.close(out)
        if self._blocks.nameless:
            self._fail(f"{self._provider} sent a tool call without a name.", out)
            return
        if not self._blocks.blocks:
            # An answer needs a block; the client asks once more by itself when it is empty.
            out.extend((TextStart(0), BlockStop(0)))
        self.stop_reason = "tool_use" if self._blocks.tool_calls else stop_reason
        out.extend((MessageDelta(self.stop_reason, None, self.usage), MessageStop()))
        self.ended = True

    def _refused(self, error: bytes, out: list[Event]) -> None:
        self.ended = True
        out.append(Failed(self._explain(error)))

    def _fail(self, message: str, out: list[Event], quotes: bool = False) -> None:
        self.ended = True
        out.append(Failed(UpstreamError(self._provider, "body", message, quotes=quotes)))


def _is_error(value: Literal) -> bool:
    return value is not UNSET and bytes(value) not in NO_ERROR
