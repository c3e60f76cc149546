"""Time limits, kept by one coarse timer: no timer per request or read is ever made."""

import asyncio
from collections.abc import Callable
from functools import cached_property

from msgspec import Struct

COARSEST = 1.0
"""Seconds between two sweeps at most; a deadline fires at most this late."""
FINEST = 0.01


class Deadlines(Struct, frozen=True, dict=True):
    """How long each phase of a request may take, in seconds."""

    connect: float
    """DNS, TCP, proxy and TLS together."""
    first: float
    """From the request's sending until `Response.content_started()` is called; neither the head nor bytes extend it."""
    idle: float
    """Between two arrivals of bytes after that. It rests while the reader is the slower one."""

    @cached_property
    def step(self) -> float:
        """Seconds between sweeps that are fine enough for these limits."""
        return max(FINEST, min(COARSEST, self.first / 4, self.idle / 4))


class Sweep:
    """Calls `tick(now)` again and again; `tick` returns the seconds until the next call, or None to rest."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: Callable[[float], float | None]) -> None:
        self._loop = loop
        self._tick = tick
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def within(self, step: float) -> None:
        """See to it that the next call comes in `step` seconds or sooner."""
        due = self._loop.time() + step
        if self._timer is not None and self._due <= due:
            return
        self.stop()
        self._due = due
        self._timer = self._loop.call_at(due, self._run)

    def stop(self) -> None:
        """No further calls until `within`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        step = self._tick(self._loop.time())
        if step is not None:
            self.within(step)
