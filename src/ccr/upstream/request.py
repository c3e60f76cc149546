"""The head of a request as bytes. Nothing a header value holds can begin a second header or request."""

import re
from functools import lru_cache

from ccr.upstream.address import Address
from ccr.upstream.failure import Failure
from ccr.upstream.outbound import Sendable

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_FORBIDDEN = re.compile(r"[\r\n\x00]")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


def head_of(outbound: Sendable, address: Address, proxy_authorization: str | None) -> bytes:
    """The request line and headers, up to and with the empty line.

    `proxy_authorization` None: the server itself is spoken to; else a proxy is, in absolute form (RFC 9112, 3.2.2).
    Raises Failure(phase="send").
    """
    head = _head_but_length(outbound.method, outbound.headers, address, proxy_authorization)
    if outbound.body or outbound.method not in _WITHOUT_BODY:
        return head + b"content-length: %d\r\n\r\n" % len(outbound.body)
    return head + b"\r\n"


@lru_cache(maxsize=256)
def _head_but_length(
    method: str, headers: tuple[tuple[str, str], ...], address: Address, proxy_authorization: str | None
) -> bytes:
    """What is the same in every request to one model. Remembered: building it is a tenth of a small request's work."""
    if not _is_token(method):
        raise Failure("send", "the request method is malformed")
    lines = [_request_line(method, address, absolute=proxy_authorization is not None)]
    given = set()
    for name, value in headers:
        lowered = _checked_name(name)
        given.add(lowered)
        if lowered == "content-length":
            continue
        if _FORBIDDEN.search(value):
            raise Failure("send", f"the header {name} holds a line break or NUL")
        lines.append(f"{name}: {value}")
    lines += _own_headers(address, given)
    if proxy_authorization:
        lines.append(f"proxy-authorization: {proxy_authorization}")
    try:
        return ("\r\n".join(lines) + "\r\n").encode("latin-1")
    except UnicodeEncodeError:
        raise Failure("send", f"the header {_not_latin(headers)} holds characters outside latin-1") from None


def _request_line(method: str, address: Address, *, absolute: bool) -> str:
    if absolute:
        return f"{method} {address.scheme}://{address.authority}{address.target} HTTP/1.1"
    return f"{method} {address.target} HTTP/1.1"


def _own_headers(address: Address, given: set[str]) -> list[str]:
    lines = []
    if "host" not in given:
        lines.append(f"host: {address.authority}")
    if "accept-encoding" not in given:
        lines.append("accept-encoding: identity")
    if "connection" not in given:
        lines.append("connection: keep-alive")
    return lines


@lru_cache(maxsize=1024)
def _checked_name(name: str) -> str:
    lowered = name.lower()
    if not _is_token(name):
        raise Failure("send", "a header name holds characters that are not allowed there")
    if lowered in ("transfer-encoding", "upgrade", "expect"):
        raise Failure("send", f"the header {lowered} cannot be set")
    return lowered


def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def _not_latin(headers: tuple[tuple[str, str], ...]) -> str:
    return next(name for name, value in headers if any(character > "\xff" for character in value))
