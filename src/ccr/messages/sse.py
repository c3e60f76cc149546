"""Server-sent events out of bytes (WHATWG HTML, section 9.2), however the bytes are cut.

Only what backends of language models use: the `event` and `data` fields. Comments, ids and retry times are passed over.
"""

BOM = b"\xef\xbb\xbf"
"""May stand at the very beginning."""


class SseParser:
    """`feed` gives the (event, data) pairs that are complete; `finish` what stood at the end without a blank line."""

    def __init__(self) -> None:
        self._tail = b""

    @property
    def is_between(self) -> bool:
        """Nothing of an event is waiting for its rest."""
        return not self._tail

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        buffer = self._tail + data if self._tail else data
        if b"\r" in buffer:
            # A CR at the very end may be half of a CRLF: it waits.
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        *frames, self._tail = buffer.split(b"\n\n")
        events: list[tuple[bytes, bytes]] = []
        for frame in frames:
            if frame.startswith(b"data: ") and b"\n" not in frame:
                events.append((b"", frame[6:]))
            else:
                events.extend(_fields(frame))
        return events

    @property
    def rest(self) -> bytes:
        """What has come after the last blank line."""
        return self._tail

    def finish(self) -> list[tuple[bytes, bytes]]:
        frame, self._tail = self._tail, b""
        return _fields(frame.rstrip(b"\r"))


def is_stream(body: bytes) -> bool:
    """Whether a body is made of server-sent events, whatever its content type says."""
    return body.removeprefix(BOM).lstrip().startswith((b"data:", b"event:", b"id:", b"retry:", b":"))


def _fields(frame: bytes) -> list[tuple[bytes, bytes]]:
    event, lines = b"", []
    for line in frame.removeprefix(BOM).split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.strip()
    if not lines:
        return []
    # Some servers forget the blank line between events: several lines that are each a whole object are several events.
    if len(lines) > 1 and all((line[:1] == b"{" and line.rstrip()[-1:] == b"}") or line == b"[DONE]" for line in lines):
        return [(event, line) for line in lines]
    return [(event, b"\n".join(lines))]
