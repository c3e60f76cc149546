"""One request under way: what has come of its answer, who waits for more, and until when.

The connection writes into it (`begin`, `pieces`, `complete`, `fail`), one reader takes out (`headed`, `arrived`), the
sweep asks whether it is `overdue`. It is over when the answer is complete or has failed, and stays so.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from ccr.errors import Phase
from ccr.upstream.deadline import Deadlines
from ccr.upstream.failure import Failure

UNREAD_LIMIT = 256 * 1024
"""Bytes that may wait for the reader before the socket is no longer read."""


class Line(Protocol):
    """What an exchange needs of its connection."""

    def abort(self, failure: Failure | None = None) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Exchange:
    """State of one request and its answer. One reader at a time."""

    __slots__ = (
        "_waiter",
        "content_started",
        "deadlines",
        "failure",
        "headers",
        "heard",
        "heard_at",
        "is_complete",
        "is_headed",
        "is_paused",
        "line",
        "loop",
        "method",
        "pieces",
        "sent_at",
        "status",
        "taker",
        "unread",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, line: Line, method: str, deadlines: Deadlines) -> None:
        # what it is
        self.loop = loop
        self.line = line
        self.method = method
        self.deadlines = deadlines
        # the answer
        self.is_headed = False
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.pieces: list[bytes] = []
        self.unread = 0
        self.is_complete = False
        self.failure: Failure | None = None
        # the reader
        self._waiter: asyncio.Future[None] | None = None
        self.taker: Callable[[bytes], bool] | None = None
        """Gets what arrives in the socket's own call; False: enough, wake the reader."""
        self.is_paused = False
        # the clock
        self.sent_at = self.heard_at = loop.time()
        self.heard = False
        self.content_started = False

    @property
    def is_over(self) -> bool:
        return self.is_complete or self.failure is not None

    @property
    def phase(self) -> Phase:
        return "body" if self.is_headed else "head"

    def begin(self, status: int, headers: list[tuple[str, str]]) -> None:
        """The head is here."""
        self.status = status
        self.headers = headers
        self.is_headed = True

    def wake(self) -> None:
        """Something has arrived: let the reader have all of it, and stop reading the socket when that is too much."""
        taker = self.taker
        if taker is not None and self.pieces and not self.is_complete and self.failure is None:
            if taker(self._all()):
                return
            self.taker = None
        if self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(None)
            self._waiter = None
        if self.unread > UNREAD_LIMIT and not self.is_paused and not self.is_over:
            self.is_paused = True
            self.line.pause_reading()

    def fail(self, failure: Failure) -> None:
        """What was read before stays readable; then this is raised."""
        if not self.is_over:
            self.failure = failure
            self.wake()

    async def headed(self) -> None:
        """Wait for the head. Raises Failure; cancelled, the connection is closed."""
        while not self.is_headed:
            if self.failure is not None:
                raise self.failure
            await self._arrival()

    async def arrived(self) -> bytes:
        """All body bytes since the last call, at least one; b"" at the end. Raises Failure."""
        while not self.pieces:
            if self.is_complete:
                return b""
            if self.failure is not None:
                raise self.failure
            await self._arrival()
        data = self._all()
        if self.is_paused:
            self._resume()
        return data

    async def peeked(self, least: int) -> bytes:
        """What has arrived of the body, `least` bytes unless it is shorter, without taking it. Raises Failure."""
        while self.unread < least and not self.is_complete:
            if self.failure is not None:
                raise self.failure
            await self._arrival()
        return b"".join(self.pieces)

    async def taken(self, taker: Callable[[bytes], bool]) -> None:
        """Let `taker` have each arrival at once, until it returns False or nothing more will come."""
        if self.pieces or self.is_over:
            return
        self.taker = taker
        try:
            while self.taker is not None and not self.is_over:
                await self._arrival()
        finally:
            self.taker = None

    def _all(self) -> bytes:
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.unread = 0
        return data

    def overdue(self, now: float) -> Failure | None:
        """The failure of a deadline that has passed. A reader that is slower than the server is no failure."""
        if self.is_paused:
            return None
        if not self.content_started:
            if now - self.sent_at < self.deadlines.first:
                return None
            what = "no content" if self.is_headed else "no answer"
            return Failure(self.phase, f"{what} within {self.deadlines.first:g} s", timeout=True)
        if self.unread or now - self.heard_at < self.deadlines.idle:
            return None
        return Failure(self.phase, f"nothing received for {self.deadlines.idle:g} s", timeout=True)

    async def _arrival(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("two readers of one answer")
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self._waiter = None
            if not self.is_over:  # else the connection may already serve another
                self.line.abort(Failure(self.phase, "cancelled"))
            raise

    def _resume(self) -> None:
        self.is_paused = False
        if not self.is_over:
            self.heard_at = self.loop.time()
            self.line.resume_reading()
