"""The HTTP/1.1 client: one request out, one answer in, as it arrives.

No redirects, no cookies, no environment proxies, and one kind of retry: when the server had already closed a kept
connection as the request reached it, the request goes out on a new one, once. Runs on uvloop and the standard loop.
"""

import asyncio
from collections.abc import Callable

from ccr.upstream.address import Address, Proxy, parse_proxy, parse_url
from ccr.upstream.connection import Connection, Key
from ccr.upstream.deadline import COARSEST, Deadlines, Sweep
from ccr.upstream.dial import dial
from ccr.upstream.exchange import Exchange
from ccr.upstream.failure import Failure, Unanswered
from ccr.upstream.inflate import Inflate
from ccr.upstream.outbound import Outbound, Sendable
from ccr.upstream.pool import IDLE_LIMIT, Pool
from ccr.upstream.request import head_of

__all__ = ["Client", "Deadlines", "Failure", "Outbound", "Response"]


class Response:
    """An answer whose head is here and whose body is on its way. Whoever has it reads to the end or closes it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.status: int = exchange.status
        self.headers: list[tuple[str, str]] = exchange.headers
        """In the order of their coming, names in lower case."""
        self._inflate = self._unpacker()

    def header(self, name: str) -> str:
        """The first value under this lower-case name; "" when there is none."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""

    async def read(self) -> bytes:
        """All that has arrived since the last call, at least one byte; b"" when the answer is complete.

        Raises Failure(phase="body"): cut, reset, overdue, broken; what came before it is returned first.
        Cancelling the waiting task closes the connection.
        """
        if self._inflate is None:
            return await self._exchange.arrived()
        return await self._unpacked(self._inflate)

    async def peek(self, least: int) -> bytes:
        """The body's beginning, which stays to be read: `least` bytes unless it is shorter; b"" of a compressed one.

        Raises Failure(phase="body").
        """
        return await self._exchange.peeked(least) if self._inflate is None else b""

    async def read_all(self, limit: int) -> bytes:
        """The rest of the body, at most `limit` bytes. Raises Failure(phase="body"), also when it is longer."""
        pieces: list[bytes] = []
        size = 0
        while data := await self.read():
            pieces.append(data)
            size += len(data)
            if size > limit:
                self.close()
                raise Failure("body", f"the answer is longer than {limit} bytes")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def each(self, taker: Callable[[bytes], bool]) -> None:
        """Hand every arrival to `taker` in the very call of the socket: no task is woken for it.

        Ends when `taker` returns False (what it was given is taken), and when `read` has to go on: at once if bytes
        wait already, at the end of the answer with its last bytes, at a failure, for a compressed answer.
        """
        if self._inflate is None:
            await self._exchange.taken(taker)

    @property
    def is_complete(self) -> bool:
        """All of it has arrived."""
        return self._exchange.is_complete

    def content_started(self) -> None:
        """From now on the idle deadline counts instead of the one for the first content."""
        self._exchange.content_started = True

    def close(self) -> None:
        """Close the connection at once, unless the answer is complete (then it has gone back to the pool by itself).

        Idempotent. A read that waits fails.
        """
        if not self._exchange.is_over and not self._exchange.loop.is_closed():
            self._exchange.line.abort(Failure("body", "closed on our side"))

    def _unpacker(self) -> Inflate | None:
        coding = self.header("content-encoding").strip().lower()
        if coding in ("", "identity"):
            return None
        if coding not in ("gzip", "x-gzip", "deflate"):
            self.close()
            raise Failure("head", "the answer has a content-encoding that was not asked for")
        # They describe what was sent, not what read() gives.
        self.headers = [one for one in self.headers if one[0] not in ("content-encoding", "content-length")]
        return Inflate(coding)

    def __del__(self) -> None:
        # A net, not a way: the owner closes.
        self.close()

    async def _unpacked(self, inflate: Inflate) -> bytes:
        while True:
            if inflate.has_more:
                data = inflate.more()
            elif arrived := await self._exchange.arrived():
                data = inflate.feed(arrived)
            else:
                inflate.finish()
                return b""
            if data:
                return data


class Client:
    """Connections to all backends. Belongs to one event loop: the given one, or the one it is made in."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._pool = Pool(self._loop.time)
        self._sweep = Sweep(self._loop, self._tick)
        self._closed = False

    async def send(self, outbound: Sendable, deadlines: Deadlines, proxy: str = "") -> Response:
        """Send and return at the head of the answer, whatever its status. `proxy`: `http://[user:password@]host:port`.

        Raises Failure of any phase. Cancelling the task closes the connection, also while it is being made.
        """
        address = parse_url(outbound.url)
        via = parse_proxy(proxy) if proxy else None
        # Inside a tunnel the proxy is not seen.
        head = head_of(outbound, address, via.authorization if via and address.scheme == "http" else None)
        key = (address.scheme, address.host, address.port, proxy)
        connection = self._pool.take(key)
        if connection is not None:
            try:
                return await self._ask(connection, head, outbound, deadlines)
            except Unanswered:
                pass  # it was stale
        connection = await self._dial(address, via, key, deadlines.connect)
        return await self._ask(connection, head, outbound, deadlines)

    def close(self) -> None:
        """Abort all connections, idle and busy; requests under way fail, and so do new ones."""
        self._closed = True
        self._sweep.stop()
        self._pool.close()

    async def _dial(self, address: Address, proxy: Proxy | None, key: Key, limit: float) -> Connection:
        def make() -> Connection:
            return Connection(self._loop, key, self._pool.release, self._pool.forget)

        try:
            async with asyncio.timeout(limit):
                connection = await dial(self._loop, address, proxy, make)
        except TimeoutError:
            raise Failure("connect", f"no connection within {limit:g} s", timeout=True) from None
        self._pool.busy.add(connection)
        return connection

    async def _ask(self, connection: Connection, head: bytes, outbound: Sendable, deadlines: Deadlines) -> Response:
        exchange = Exchange(self._loop, connection, outbound.method, deadlines)
        if self._closed:
            connection.abort()
            raise Failure("connect", "the client is closed")
        connection.start(exchange, head, outbound.body)
        self._sweep.within(deadlines.step)
        await exchange.headed()
        return Response(exchange)

    def _tick(self, now: float) -> float | None:
        """Fail what is overdue, close what has been idle for too long."""
        step = COARSEST
        for connection in list(self._pool.busy):
            exchange = connection.exchange
            if exchange is None:
                continue
            step = min(step, exchange.deadlines.step)
            failure = exchange.overdue(now)
            if failure is not None:
                connection.abort(failure)
        idle_remain = self._pool.expire(now - IDLE_LIMIT)
        return step if idle_remain or self._pool.busy else None
