"""Reading a request's body, within its limit."""

import zlib

from ccr.errors import ClientError
from ccr.gateway.scope import Headers, Receive


class ClientLeft(Exception):
    """The client closed its connection: nobody waits for an answer."""


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The body, unpacked. Raises ClientError (413, 415, 400) and ClientLeft."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        message = f"content-encoding {encoding[:40]!r} is not supported: send the body plain or as gzip."
        raise ClientError("invalid_request_error", message, status=415)
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        await _drain(receive, limit)
        raise _too_large(limit)
    body = await _read(receive, limit)
    return _unpack(body, limit) if "gzip" in encoding else body


async def _read(receive: Receive, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            if message.get("more_body"):
                await _drain(receive, limit)
            raise _too_large(limit)
        pieces.append(piece)
        if not message.get("more_body"):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _drain(receive: Receive, limit: int) -> None:
    """Let a client that is still sending come to its end, so that it reads the answer instead of a reset."""
    size = 0
    while size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            return


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
