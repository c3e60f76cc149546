"""A stream of an Anthropic endpoint: whole frames pass; what ends it, or breaks it, is noticed."""

import re
from collections.abc import Callable, Iterable

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccr.dialects.anthropic.whole import as_stream, read_message
from ccr.errors import UpstreamError
from ccr.messages.events import Event, Failed, StopReason, Usage, Verbatim


class _Delta(Struct):
    stop_reason: StopReason | str | None = None


class _StartedMessage(Struct):
    usage: Usage = Usage()


class _WireEvent(Struct):
    type: str = ""
    message: _StartedMessage | UnsetType = UNSET
    delta: _Delta | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


_EVENT = msgspec.json.Decoder(_WireEvent)


class PassDecoder:
    """Frames pass as they are, whole ones only: a cut inside one must not garble the error event that follows."""

    def __init__(self, provider: str, explain: Callable[[bytes], UpstreamError]) -> None:
        """`explain` reads an error that came inside the stream: the data of its event, or a whole body."""
        self._provider = provider
        self._explain = explain
        self._tail = b""
        self._passed = False
        self.ended = False
        self.content_begun = False
        self.finished = False
        self.usage = Usage()
        self.stop_reason: StopReason | None = None

    def feed(self, data: bytes) -> list[Event]:
        if self.ended:
            return []
        buffer = self._tail + data if self._tail else data
        end = _last_boundary(buffer)
        self._tail = buffer[end:]
        if end == 0:
            return []
        self._passed = True
        return self._frames(buffer[:end])

    def finish(self) -> list[Event]:
        if self.ended:
            return []
        tail = self._tail.strip()
        if not self._passed and tail[:1] in (b"{", b"<"):
            return self._no_stream(tail)
        # The last event may lack its closing blank line.
        events = self._frames(tail + b"\n\n") if tail.endswith(b"}") else []
        if self.ended:
            return events
        self.ended = True
        message = f"provider {self._provider} ended its answer before it was complete."
        return [*events, Failed(UpstreamError(self._provider, "body", message, quotes=False))]

    def _no_stream(self, body: bytes) -> list[Event]:
        """One document although a stream was announced."""
        self.ended = True
        message = read_message(body)
        if message is None:
            return [Failed(self._explain(body))]
        self.content_begun = self.finished = True
        self.usage, self.stop_reason = message.reported, message.stop_reason  # type: ignore[assignment]
        return [Verbatim(as_stream(body))]

    def _frames(self, data: bytes) -> list[Event]:
        # Deltas are the bulk: only reads with other events in them are looked at.
        for marker in _NOTABLE:
            if marker in data:
                break
        else:
            return [Verbatim(data)]
        passed = 0
        for start, end, name, payload in _payloads(data):
            failure = self._note(name, payload)
            if failure is not None:
                self.ended = True
                return [*([Verbatim(data[:start])] if start else []), Failed(failure)]
            passed = end
            if self.finished:
                self.ended = True
                break
        return [Verbatim(data[:passed] if self.ended else data)]

    def _note(self, name: bytes, payload: bytes) -> UpstreamError | None:
        try:
            event = _EVENT.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # The client would stumble over what is no JSON.
            said = payload.decode("utf-8", "replace")
            return self._explain(msgspec.json.encode({"error": said})) if name == b"error" else None
        match event.type:
            case "message_start" if event.message is not UNSET:
                self.usage = event.message.usage
            case "content_block_start":
                self.content_begun = True
            case "message_delta":
                self.content_begun = True
                if event.usage is not UNSET:
                    self.usage = _later(self.usage, event.usage)
                if event.delta is not UNSET and event.delta.stop_reason is not None:
                    self.stop_reason = event.delta.stop_reason  # type: ignore[assignment]
            case "message_stop":
                self.content_begun = self.finished = True
            case "error":
                return self._explain(payload)
            case "" if event.error is not UNSET or name == b"error":  # of another form
                return self._explain(payload)
            case _:
                pass
        return None


_NOTABLE = (b"message_", b"content_block_start", b"error")


def _last_boundary(buffer: bytes) -> int:
    """Where the last whole frame ends."""
    lf = buffer.rfind(b"\n\n")
    crlf = buffer.rfind(b"\r\n\r\n")
    return max(lf + 2 if lf >= 0 else 0, crlf + 4 if crlf >= 0 else 0)


def _payloads(data: bytes) -> Iterable[tuple[int, int, bytes, bytes]]:
    """(start of the frame, its end, its `event`, its `data`) of every frame."""
    position = 0
    for match in re.finditer(rb"\r?\n\r?\n", data):
        name, lines = b"", []
        for line in data[position : match.start()].splitlines():
            if line.startswith(b"data:"):
                lines.append(line[5:].strip())
            elif line.startswith(b"event:"):
                name = line[6:].strip()
        yield position, match.end(), name, b"\n".join(lines)
        position = match.end()


def _later(before: Usage, after: Usage) -> Usage:
    """Counts that the end reports replace those of the start."""
    known = {name: value for name in after.__struct_fields__ if (value := getattr(after, name)) is not None}
    return msgspec.structs.replace(before, **known)
