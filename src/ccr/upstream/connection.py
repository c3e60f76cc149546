"""One connection: bytes in, the current exchange's state out. One exchange at a time, then back to the pool.

The rules that make reuse safe (RFC 9112, 9.3):
  1. It is given back only when the message ended by its own framing, both sides keep it alive, and all of the request
     has left us.
  2. Bytes nobody asked for end it: after the message's end in the same read, or while it lies idle.
  3. Before it is taken out again, the socket is asked whether anything lies there unread (bytes, or the end).

llhttp (httptools) does the parsing. Traps: `should_keep_alive()` is right only inside `on_message_complete`; it
cannot be told of the end of file, so a body that ends with the connection is ended here; nothing in it is bounded.
"""

import asyncio
import select
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import cast

import httptools

from ccr.upstream.exchange import Exchange
from ccr.upstream.failure import Failure, Unanswered, words_of

HEAD_LIMIT = 64 * 1024
"""Bytes of a head (interim answers and trailers included), and of chunk extensions between two pieces of body."""
HEADERS_LIMIT = 200
"""Headers of an answer; as many trailers."""
_JOIN_LIMIT = 16 * 1024  # up to here head and body as one buffer are cheaper than as two (measured)

Key = tuple[str, str, int, str]
"""Connections with the same key are interchangeable: scheme, host, port, proxy URL."""


class Connection(asyncio.Protocol):
    """`released(self)`: free for the next exchange. `lost(self)`: gone, forget it. At most one of them per exchange."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        key: Key,
        released: Callable[["Connection"], None],
        lost: Callable[["Connection"], None],
    ) -> None:
        # the connection
        self.key = key
        self.idle_since = 0.0
        self._now = loop.time
        self._released = released
        self._lost = lost
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        # the current exchange
        self.exchange: Exchange | None = None
        self._answer: Exchange  # the same, for the parser's callbacks
        self._headers: list[tuple[str, str]] = []
        self._head_size = 0
        self._bare = 0
        self._keep_alive = False

    def start(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Send a request; its answer goes into `exchange`."""
        self.exchange = self._answer = exchange
        self._headers = []
        self._head_size = self._bare = 0
        self._keep_alive = False
        if self._transport.is_closing():  # it ended between its making and now: no callback will come
            self._ended(None)
        elif len(body) > _JOIN_LIMIT:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head + body)

    def abort(self, failure: Failure | None = None) -> None:
        """Close at once, both directions. The exchange, if one is under way, fails with `failure`."""
        exchange, self.exchange = self.exchange, None
        self._lost(self)
        self._transport.abort()
        if exchange is not None:
            del self._answer  # it holds us: a cycle
            exchange.fail(failure or Failure(exchange.phase, "closed on our side"))

    def is_fresh(self) -> bool:
        """Whether it may be used again: open, and nothing lies there unread."""
        return not self._transport.is_closing() and not self._has_news()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # -- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._has_news = _news_of(transport.get_extra_info("socket").fileno())

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            self.abort()
            return
        exchange.heard = True
        exchange.heard_at = self._now()
        unread, was_headed = exchange.unread, exchange.is_headed
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._spoiled(exchange, error)
            return
        if exchange.is_complete:
            self._finish(exchange, self._keep_alive)
        elif exchange.unread > unread:
            self._bare = 0
            exchange.wake()
        else:
            self._bare += len(data)
            if self._bare > HEAD_LIMIT:
                self.abort(_endless(exchange))
            elif not was_headed and exchange.is_headed:
                exchange.wake()

    def eof_received(self) -> None:
        self._ended(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._ended(error)
        del self._parser  # it holds our methods: a cycle

    # -- called by the parser

    def on_message_begin(self) -> None:
        if self._answer.is_complete:
            raise Failure("body", "bytes after the end of the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self._headers
        self._head_size += len(name) + len(value) + 4
        if len(headers) == HEADERS_LIMIT or self._head_size > HEAD_LIMIT:
            raise _endless(self._answer)
        headers.append((_lowered(name), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if status == 101:
            raise Failure("head", "the server switched to another protocol unasked")
        if 100 <= status < 200:
            return
        if not _is_known_transfer(headers):
            raise Failure("head", "the answer has a transfer-encoding other than chunked")
        self._answer.begin(status, headers)
        if self._answer.method == "HEAD":
            # llhttp cannot be told that no body follows: stop it, and with it the connection
            self._answer.is_complete = True
            raise Failure("body", "the answer to HEAD ends with its head")

    def on_body(self, data: bytes) -> None:
        answer = self._answer
        answer.pieces.append(data)
        answer.unread += len(data)

    def on_message_complete(self) -> None:
        if self._answer.is_headed:  # else it was an interim answer: 100, 103
            self._keep_alive = self._parser.should_keep_alive()
            self._answer.is_complete = True

    # -- ends

    def _finish(self, exchange: Exchange, reusable: bool) -> None:
        self.exchange = None
        del self._answer  # an idle connection keeps no bytes alive
        if reusable and not self._transport.get_write_buffer_size():
            self._released(self)
        else:  # complete before all of the request was sent (a 413, say), or the server wants no more
            self._lost(self)
            self._transport.abort()
        exchange.wake()

    def _spoiled(self, exchange: Exchange, error: httptools.HttpParserError) -> None:
        if exchange.is_complete:
            self._finish(exchange, reusable=False)
            return
        if isinstance(error.__context__, Failure):
            self.abort(error.__context__)
            return
        what = "is broken HTTP" if exchange.is_headed else "is not HTTP"
        self.abort(Failure(exchange.phase, f"the answer {what} ({error})"))

    def _ended(self, error: Exception | None) -> None:
        exchange = self.exchange
        if exchange is None:
            self._lost(self)
            self._transport.abort()
        elif error is None and exchange.is_headed and _ends_with_connection(exchange.headers):
            exchange.is_complete = True
            self._finish(exchange, reusable=False)
        elif exchange.heard:
            reason = "connection closed" if error is None else words_of(error)
            self.abort(Failure(exchange.phase, f"{reason} before the answer was complete"))
        else:
            reason = "connection closed" if error is None else words_of(error)
            self.abort(Unanswered("head", f"{reason} before any answer"))


def _news_of(descriptor: int) -> Callable[[], bool]:
    """Tells whether bytes or an end wait to be read."""
    if sys.platform == "win32":
        return lambda: bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()  # there select() is limited to descriptors below 1024
    poll.register(descriptor, select.POLLIN)
    return lambda: bool(poll.poll(0))


@lru_cache(maxsize=256)
def _lowered(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _endless(exchange: Exchange) -> Failure:
    if exchange.is_headed:
        return Failure("body", "endless chunk extensions or trailers in the answer")
    return Failure("head", f"the head of the answer is longer than {HEAD_LIMIT // 1024} KiB or {HEADERS_LIMIT} headers")


def _is_known_transfer(headers: list[tuple[str, str]]) -> bool:
    return all(value.lower() in ("chunked", "identity") for name, value in headers if name == "transfer-encoding")


def _ends_with_connection(headers: list[tuple[str, str]]) -> bool:
    """RFC 9112, 6.3: neither chunked nor with a length."""
    return not any(
        name == "content-length" or (name == "transfer-encoding" and value.lower() == "chunked")
        for name, value in headers
    )
