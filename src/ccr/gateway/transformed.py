"""A dialect's call with transformers around it: the body that goes out is theirs, and the answer runs through filters.

Errors stay the dialect's own matter, lessons included. Filters that have nothing to do any more are left out: past the
start of most answers a delta goes as it would without any.
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw

from ccr.dialects import Answer, Call, Decoder, Outbound
from ccr.errors import UpstreamError
from ccr.messages.events import Event, Failed, MessageDelta, MessageStart, StopReason, Usage, Verbatim, WireEvent
from ccr.messages.message import fold
from ccr.messages.sse import is_stream
from ccr.transformers.filter import Filter, concerns, is_idle
from ccr.transformers.frames import Frames

Filters = Callable[[], list[Filter]]
"""Makes those of one answer, the first to see it first."""


class TransformedCall:
    def __init__(self, call: Call, outbound: Outbound, filters: Filters, is_native: bool) -> None:
        """`is_native`: the backend's frames are of the Messages API, and pass untranslated."""
        self._call = call
        self.outbound = outbound
        self._filters = filters
        self._is_native = is_native

    def answer(self, body: bytes) -> Answer:
        answer = self._call.answer(body)
        filters = [one for one in self._filters() if concerns(one, answer.body)]
        if not filters:
            return answer
        if self._is_native:
            return _native(answer, filters)
        told = answer.tell()
        events = through(filters, [*told])
        if events == told:
            return answer
        message = fold(events)
        return Answer(message.encode(), lambda: _wire(events), message.usage, message.stop_reason)

    def decoder(self) -> Decoder:
        filters = self._filters()
        if not filters:
            return self._call.decoder()
        return FilteredDecoder(self._call.decoder(), filters, Frames() if self._is_native else None)

    def error(self, status: int, headers: dict[str, str], body: bytes) -> UpstreamError:
        return self._call.error(status, headers, body)

    def passes_header(self, name: str) -> bool:
        return self._call.passes_header(name)


def through(filters: list[Filter], events: list[Event]) -> list[Event]:
    for one in filters:
        events = one.feed(events)
    return events


def _wire(events: list[Event]) -> list[WireEvent]:
    return events  # type: ignore[return-value]  # a whole answer has no Failed


def _native(answer: Answer, filters: list[Filter]) -> Answer:
    """An answer of the Messages API; its own bytes where no filter changes anything."""
    frames = Frames()
    before = frames.read([*answer.tell()])
    events = through(filters, before)
    if events == before:
        return answer
    end = next((event for event in events if type(event) is MessageDelta), None)
    stop_reason = end.stop_reason if end is not None else answer.stop_reason
    body = answer.body if is_stream(answer.body) else _changed(answer.body, frames, events, end)
    out = frames.write(events)
    return Answer(body, lambda: _wire(out), answer.usage, stop_reason)


def _changed(body: bytes, frames: Frames, events: list[Event], end: MessageDelta | None) -> bytes:
    message = msgspec.json.decode(body, type=dict[str, Raw])
    blocks = msgspec.json.decode(message["content"], type=list[Raw])
    ending = {} if end is None else {"stop_reason": end.stop_reason, "stop_sequence": end.stop_sequence}
    return msgspec.json.encode({**message, "content": frames.content(events, blocks), **ending})


class FilteredDecoder:
    """A dialect's decoder and the filters behind it. What it says of the answer is true of what has left."""

    def __init__(self, decoder: Decoder, filters: list[Filter], frames: Frames | None) -> None:
        self._decoder = decoder
        self._filters = filters
        self._frames = frames
        self._feed = decoder.feed
        self._is_idle = False
        """Content has begun, and no filter is left: what the dialect says is true as it is."""
        self._content_begun = False
        self._stop_reason: StopReason | None = None

    @property
    def content_begun(self) -> bool:
        return self._content_begun

    @property
    def finished(self) -> bool:
        return self._decoder.finished

    @property
    def ended(self) -> bool:
        return self._decoder.ended

    @property
    def usage(self) -> Usage:
        return self._decoder.usage

    @property
    def stop_reason(self) -> StopReason | None:
        return self._decoder.stop_reason if self._is_idle else self._stop_reason

    def feed(self, data: bytes) -> list[Event]:
        events = self._feed(data)
        return events if self._is_idle else self._through(events)

    def finish(self) -> list[Event]:
        events = self._decoder.finish()
        return events if self._is_idle else self._through(events)

    def _through(self, events: list[Event]) -> list[Event]:
        if self._frames is not None:
            events = self._frames.read(events)
        for one in self._filters:
            events = one.feed(events)
        self._note(events)
        if self._frames is not None:
            return self._frames.write(events)
        self._filters = [one for one in self._filters if not is_idle(one)]
        self._is_idle = self._content_begun and not self._filters
        return events

    def _note(self, events: list[Event]) -> None:
        if not self._content_begun:
            self._content_begun = any(_is_content(event) for event in events)
        if self._decoder.stop_reason is not None:
            for event in events:
                if type(event) is MessageDelta:
                    self._stop_reason = event.stop_reason


def _is_content(event: Event) -> bool:
    """A block, or a legal end without one."""
    if type(event) is Verbatim:
        return b"content_block_start" in event.data
    return type(event) is not MessageStart and type(event) is not Failed
