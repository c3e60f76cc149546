"""A request as it arrives: its head at once, its body when asked for, within a limit."""

import asyncio
import zlib
from collections.abc import Callable

from ccr.errors import ClientError

Headers = dict[str, str]
"""Lower-case names; the values of a repeated header are joined by commas."""

UNASKED = 1024 * 1024
"""Bytes of a body that may come before anybody has asked for it."""


class ClientLeft(Exception):
    """The client closed its connection: nobody waits for an answer."""


class Request:
    """One request of a client. Its connection fills it, one reader takes the body."""

    __slots__ = (
        "_waiter",
        "awaits_100",
        "headers",
        "is_complete",
        "is_old",
        "is_spoiled",
        "keep_alive",
        "left",
        "method",
        "more",
        "most",
        "path",
        "pieces",
        "query",
        "size",
    )

    def __init__(
        self, method: str, path: str, query: str, headers: Headers, *, keep_alive: bool, is_old: bool = False
    ) -> None:
        self.method = method
        self.path = path
        """Percent-decoded."""
        self.query = query
        self.headers = headers
        self.keep_alive = keep_alive
        """The connection may serve another request after this one."""
        self.is_old = is_old
        """It speaks HTTP/1.0."""
        # the body
        self.pieces: list[bytes] = []
        self.size = 0
        self.most = UNASKED
        """Bytes after which the reader is woken: what it will take, once it has asked."""
        self.is_complete = False
        self.is_spoiled = False
        """The rest of the body is no HTTP."""
        self.left = False
        """The client has closed its connection."""
        self.awaits_100 = False
        """The client sends its body once it is told to (RFC 9110, 10.1.1)."""
        self.more: Callable[[], None] | None = None
        """Lets more of the body come; called when the reader has taken what was there."""
        self._waiter: asyncio.Future[None] | None = None

    async def body(self, limit: int) -> bytes:
        """The whole body, unpacked. Raises ClientError (413, 415, 400, 501) and ClientLeft."""
        transfer = self.headers.get("transfer-encoding")
        if transfer is not None and transfer.lower() != "chunked":  # RFC 9112, 6.1
            message = f"transfer-encoding {transfer[:40]!r} is not supported: only chunked is."
            raise ClientError("invalid_request_error", message, status=501)
        encoding = self.headers.get("content-encoding")
        if encoding is None or (encoding := encoding.strip().lower()) in ("identity", ""):
            return await self._read(limit)
        if encoding not in ("gzip", "x-gzip"):
            message = f"content-encoding {encoding[:40]!r} is not supported: send the body plain or as gzip."
            raise ClientError("invalid_request_error", message, status=415)
        return _unpack(await self._read(limit), limit)

    async def _read(self, limit: int) -> bytes:
        if not self.is_complete:
            declared = self.headers.get("content-length", "")
            if declared.isdigit() and int(declared) > limit:
                raise _too_large(limit)
        self.most = limit
        while not self.is_complete and self.size <= limit:
            if self.left:
                raise ClientLeft
            if self.is_spoiled:
                raise ClientError("invalid_request_error", "The body of this HTTP request is broken.")
            if self.more is not None:
                self.more()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self.size > limit:
            raise _too_large(limit)
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    def leave(self) -> None:
        """Its client has closed the connection."""
        self.left = True
        self.more = None
        self.wake()

    def spoil(self) -> None:
        """The rest of its body cannot be read."""
        self.is_spoiled = True
        self.wake()

    def wake(self) -> None:
        """The body is complete, too long to go on without its reader, or will never be complete."""
        if self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(None)
            self._waiter = None


def _unpack(body: bytes, limit: int) -> bytes:
    members: list[bytes] = []  # RFC 1952, 2.2: a file is one member after another
    size = 0
    while body or not members:
        machine = zlib.decompressobj(wbits=31)
        try:
            members.append(machine.decompress(body, limit + 1 - size))
        except zlib.error:
            raise ClientError("invalid_request_error", "The request body is not valid gzip.") from None
        size += len(members[-1])
        if size > limit:
            raise _too_large(limit)
        if not machine.eof:
            raise ClientError("invalid_request_error", "The gzip request body is cut short.")
        body = machine.unused_data
    return b"".join(members)


def _too_large(limit: int) -> ClientError:
    message = f"The request is larger than {limit} bytes (BODY_LIMIT in config.json)."
    return ClientError("request_too_large", message, headers={"connection": "close"})
