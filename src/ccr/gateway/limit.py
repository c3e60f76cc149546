"""A time limit that is set and lifted with every request, while the loop's timer is touched only now and then."""

import asyncio
from collections.abc import Callable
from math import inf


class Limit:
    """Calls `passed` once the limit is over. Lifted or set later, it leaves the timer as it is: that looks again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = inf

    def set(self, seconds: float) -> None:
        """From now on; replaces what was set before."""
        self._due = self._loop.time() + seconds
        if self._due < self._timer_due:
            self._arm()

    def lift(self) -> None:
        self._due = inf

    def stop(self) -> None:
        """For good: nothing of it stays with the loop, or with who made it."""
        self._due = self._timer_due = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._passed = _nothing

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = self._due
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer, self._timer_due = None, inf
        # uvloop's clock has milliseconds and its timers may come one early.
        if self._due - self._loop.time() <= 0.001:
            self._passed()
        elif self._due < inf:
            self._arm()


def _nothing() -> None:
    pass
