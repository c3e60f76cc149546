"""One request and its answer, while under way; afterwards the line in the log."""

import time

from msgspec import Struct, field

from ccr.messages.events import StopReason, Usage
from ccr.routing.facts import Facts
from ccr.routing.plan import Plan


class Attempt(Struct):
    """One try at one target."""

    target: str
    error: str = ""


class Record(Struct):
    """The log line of an exchange: facts, decision, outcome. No prompt text."""

    time: float
    """Seconds since the epoch, when it ended."""
    level: str
    request_id: str
    status: int
    """What the client was told; 0: nothing."""
    route: str | None
    reason: str | None
    target: str | None
    """The last one asked."""
    stream: bool
    stop_reason: StopReason | None
    error: str | None
    usage: Usage
    usage_estimated: bool
    first_content_ms: float | None
    duration_ms: float
    attempts: list[Attempt]
    facts: Facts | None
    warnings: list[str] | None


class Exchange(Struct):
    request_id: str
    started: float = field(default_factory=time.monotonic)
    facts: Facts | None = None
    plan: Plan | None = None
    stream: bool = False
    attempts: list[Attempt] = []
    first_content: float | None = None
    """When the first content went out, on the clock of `started`."""
    usage: Usage = Usage()
    stop_reason: StopReason | None = None
    error: str = ""
    """Why it failed; empty for a good answer."""
    warnings: list[str] = []

    def record(self, status: int) -> Record:
        plan, started, first = self.plan, self.started, self.first_content
        return Record(
            round(time.time(), 3),
            "warn" if self.error else "info",
            self.request_id,
            status,
            plan.route if plan else None,
            plan.reason if plan else None,
            self.attempts[-1].target if self.attempts else None,
            self.stream,
            self.stop_reason,
            self.error or None,
            self.usage,
            self.usage.input_tokens is None,
            None if first is None else round((first - started) * 1000, 1),
            round((time.monotonic() - started) * 1000, 1),
            self.attempts,
            self.facts,
            self.warnings or None,
        )
