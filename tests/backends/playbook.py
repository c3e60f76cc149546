"""What a scripted backend can do: an answer is a head and a list of steps."""

import json
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Pause:
    """Nothing happens for a while."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Nothing happens any more: only the client can end it."""


@dataclass(frozen=True)
class Close:
    """FIN here, however incomplete the message is."""


@dataclass(frozen=True)
class Reset:
    """RST here."""


Step = bytes | Pause | Hold | Close | Reset


@dataclass(frozen=True)
class Answer:
    """One scripted answer."""

    steps: tuple[Step, ...] = ()
    status: int | None = 200
    """None: not even a head is sent."""
    headers: tuple[tuple[str, str], ...] = ()
    framing: Literal["length", "chunked", "close"] = "chunked"
    """How the end of the body is told: content-length, last chunk, or end of the connection."""
    delay: float = 0.0
    """Seconds before the head."""

    def head(self) -> bytes:
        if self.status is None:
            return b""
        lines = [f"HTTP/1.1 {self.status} Scripted", *(f"{name}: {value}" for name, value in self.headers)]
        match self.framing:
            case "chunked":
                lines.append("transfer-encoding: chunked")
            case "close":
                lines.append("connection: close")
            case "length":
                lines.append(f"content-length: {sum(len(step) for step in self.steps if isinstance(step, bytes))}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def frame(self, piece: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self.framing == "chunked" and piece else piece

    def end(self) -> bytes:
        return b"0\r\n\r\n" if self.framing == "chunked" and self.status is not None else b""


def status(code: int, body: Any, headers: dict[str, str] | None = None, *, delay: float = 0.0) -> Answer:
    """A whole answer: JSON, or a text as it stands."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    return Answer((text.encode(),), code, (("content-type", kind), *(headers or {}).items()), "length", delay)


def stream(*steps: Step, delay: float = 0.0, headers: dict[str, str] | None = None) -> Answer:
    """A streamed answer: server-sent events, or what becomes of them."""
    return Answer(steps, 200, (("content-type", "text/event-stream"), *(headers or {}).items()), "chunked", delay)


def dropped(how: Close | Reset, *, delay: float = 0.0) -> Answer:
    """The connection dies before any head."""
    return Answer((how,), None, delay=delay)
