"""A backend that does exactly what the test's playbook says, down to the bytes and the way the socket dies.

It speaks HTTP/1.1 over raw streams, because a well-behaved server library cannot misbehave. It runs in a thread of its
own, keeps every request, and knows whether and when the client left.

    with FakeBackend() as backend:
        backend.plays(status(500, {"error": "busy"}), reply(text="Hello"))
        backend.when(is_title).always(reply(text='{"title": "A task"}'))
        ...
        assert backend.requests[0].body["model"] == "tiny"
"""

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.backends.playbook import Answer, Close, Hold, Pause, Reset, status

Responder = Callable[["Request"], Answer]
"""An answer that depends on what was asked."""


@dataclass(eq=False)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    """Without the query."""
    query: str
    headers: dict[str, str]
    """Lower-case names."""
    raw: bytes
    """The body."""
    at: float
    """`time.monotonic()` at the end of the body."""
    connection: int
    """Number of the connection, counted from 0: equal numbers mean a reused connection."""
    left_at: float | None = None
    """When the client closed the connection before the answer was complete; None: it did not."""
    done: threading.Event = field(default_factory=threading.Event)
    """Set once the answer has ended, in whatever way."""

    @property
    def body(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.raw)
        return decoded

    def left_within(self, seconds: float) -> bool:
        """Waits until the answer has ended; says whether the client ended it."""
        return self.done.wait(seconds) and self.left_at is not None


@dataclass
class Line:
    """One line of the playbook: which requests it is about, and the answers that are left."""

    about: Callable[[Request], bool]
    answers: deque[Answer | Responder] = field(default_factory=deque)
    last: Answer | Responder | None = None
    """Given whenever `answers` is empty; None: the line is then used up."""

    def plays(self, *answers: Answer | Responder) -> Self:
        self.answers.extend(answers)
        return self

    def always(self, answer: Answer | Responder) -> Self:
        self.last = answer
        return self

    def next(self) -> Answer | Responder | None:
        return self.answers.popleft() if self.answers else self.last


class FakeBackend:
    """Lines are tried in the order they were written; the first that fits and has an answer left gives it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """Every inference request (POST), in order of arrival."""
        self.unscripted: list[Request] = []
        """Those that no line was left for: they got a 500. The fixture asserts that there are none."""
        self.port = 0
        self._lines: list[Line] = []
        self._main = Line(lambda request: True)
        self._connections = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="fake backend")
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------------------- the playbook

    def when(self, about: Callable[[Request], bool]) -> Line:
        """A line for some requests only."""
        self._lines.append(Line(about))
        return self._lines[-1]

    def plays(self, *answers: Answer | Responder) -> Line:
        """The answers to all other requests, in order."""
        return self._main.plays(*answers)

    def always(self, answer: Answer | Responder) -> Line:
        return self._main.always(answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of(self, about: Callable[[Request], bool]) -> list[Request]:
        return [request for request in self.requests if about(request)]

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Request]:
        """The first `count` requests, once they have arrived."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise AssertionError(f"{len(self.requests)} of {count} requests arrived within {seconds} s")
            return self.requests[:count]

    # --------------------------------------------------------------------------------- the server

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 26)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number, self._connections = self._connections, self._connections + 1
        early: bytes | None = b""
        try:
            while early is not None and (request := await _read_request(reader, number, early)):
                early = await self._serve(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes | None:
        """Plays one answer while watching for the client to leave. None: the connection cannot be used again; else
        what the watch has taken of the next request, which may follow the answer before the watch ends."""
        answer = self._choose(request)
        play = asyncio.ensure_future(_play(answer, request, writer))
        watch = asyncio.ensure_future(_wait_for_leave(reader))
        try:
            await asyncio.wait({play, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and watch.result():
                await asyncio.wait({play})  # the next request is here already
            if not play.done():
                request.left_at = time.monotonic()
                return None
            if not play.result():
                return None
            watch.cancel()
            await asyncio.wait({watch})
            return b"" if watch.cancelled() else watch.result()
        except ConnectionError:
            request.left_at = time.monotonic()
            return None
        finally:
            play.cancel()
            watch.cancel()
            await asyncio.gather(play, watch, return_exceptions=True)
            request.done.set()

    def _choose(self, request: Request) -> Answer:
        if request.method != "POST":
            return status(200, {"data": []})
        for line in [*self._lines, self._main]:
            if line.about(request) and (answer := line.next()) is not None:
                break
        else:
            self.unscripted.append(request)
            answer = status(500, {"error": {"message": "the playbook has no line for this request"}})
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return answer if isinstance(answer, Answer) else answer(request)


async def _wait_for_leave(reader: asyncio.StreamReader) -> bytes:
    """Empty: it has left."""
    with contextlib.suppress(ConnectionError):
        return await reader.read(1)
    return b""


async def _read_request(reader: asyncio.StreamReader, connection: int, early: bytes) -> Request | None:
    """None: the client closed the idle connection."""
    try:
        head = early + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if not end.partial:
            return None
        raise
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    path, _, query = target.partition("?")
    body = await _read_body(reader, headers)
    return Request(method, path, query, headers, body, time.monotonic(), connection)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


async def _play(answer: Answer, request: Request, writer: asyncio.StreamWriter) -> bool:
    """True: the answer is complete and the connection may be used again."""
    await asyncio.sleep(answer.delay)
    writer.write(answer.head())
    for step in answer.steps:
        match step:
            case bytes():
                writer.write(b"" if request.method == "HEAD" else answer.frame(step))
                await writer.drain()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hold():
                await asyncio.Event().wait()
            case Close():
                return False
            case Reset():
                await _reset(writer)
                return False
    writer.write(answer.end())
    await writer.drain()
    return answer.framing != "close"


async def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN: a socket that lingers for zero seconds."""
    await asyncio.sleep(0.05)  # what was written before must leave first: RST discards the send buffer
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
