"""One request and its answer, while under way; afterwards the line in the log."""

import time

from msgspec import Struct, field

from ccr.messages.events import StopReason, Usage
from ccr.routing.facts import Facts
from ccr.routing.plan import Plan
from ccr.routing.rules import Target


class Attempt(Struct):
    """One try at one target."""

    target: Target
    error: str = ""


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

    def record(self, status: int) -> dict[str, object]:
        """The log line: facts, decision, outcome. No prompt text."""
        now = time.monotonic()
        facts, plan = self.facts, self.plan
        attempts = [{"target": str(one.target), "error": one.error} for one in self.attempts]
        return {
            "request_id": self.request_id,
            "status": status,
            "route": plan.route if plan else None,
            "reason": plan.reason if plan else None,
            "target": str(self.attempts[-1].target) if self.attempts else None,
            "stream": self.stream,
            "stop_reason": self.stop_reason,
            "error": self.error or None,
            "usage": self.usage,
            "usage_estimated": self.usage.input_tokens is None,
            "first_content_ms": _ms(self.first_content - self.started) if self.first_content else None,
            "duration_ms": _ms(now - self.started),
            "attempts": attempts,
            "facts": facts,
            "warnings": self.warnings or None,
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
