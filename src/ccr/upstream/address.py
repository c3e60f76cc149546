"""URLs of endpoints and proxies, taken apart. Parsed once per URL: a backend has one and is asked a million times."""

import base64
import re
from functools import lru_cache
from typing import Literal, cast
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from ccr.upstream.failure import Failure

Scheme = Literal["http", "https"]
_DEFAULT_PORTS: dict[str, int] = {"http": 80, "https": 443}
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class Address(Struct, frozen=True):
    """Where a request goes."""

    scheme: Scheme
    host: str
    """A name (ASCII) or an IP address, IPv6 without brackets."""
    port: int
    authority: str
    """As in the `host` header: IPv6 in brackets, the port unless it is the scheme's own."""
    target: str
    """Path and query, verbatim; at least "/"."""


class Proxy(Struct, frozen=True):
    """An HTTP proxy."""

    host: str
    port: int
    authorization: str
    """Value of the `proxy-authorization` header; empty: none is sent."""


@lru_cache(maxsize=256)
def parse_url(url: str) -> Address:
    """Raises Failure(phase="send") for what is not an absolute http(s) URL."""
    parts = _split(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise Failure("send", "the URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise Failure("send", "the URL holds a user name or password; use the api_key or a header")
    host, port = _host_and_port(parts)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise Failure("send", "the path of the URL holds characters outside ASCII; they must be percent-encoded")
    scheme = cast(Scheme, parts.scheme)
    authority = bracketed(host) if port == _DEFAULT_PORTS[scheme] else f"{bracketed(host)}:{port}"
    return Address(scheme, host, port, authority, target)


@lru_cache(maxsize=16)
def parse_proxy(url: str) -> Proxy:
    """From `http://[user:password@]host[:port]`; raises Failure(phase="send")."""
    parts = _split(url)
    if parts.scheme != "http":
        raise Failure("send", "the proxy URL must have the form http://host:port")
    host, port = _host_and_port(parts)
    if parts.username is None:
        return Proxy(host, port, "")
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(host, port, "Basic " + base64.b64encode(pair.encode()).decode())


def bracketed(host: str) -> str:
    """An IPv6 address in brackets, anything else as it is."""
    return f"[{host}]" if ":" in host else host


def _split(url: str) -> SplitResult:
    # urlsplit silently drops tabs and line breaks, so they are looked for first.
    if _BLANK_OR_CONTROL.search(url):
        raise Failure("send", "the URL holds a blank or a control character")
    try:
        return urlsplit(url)
    except ValueError:
        raise Failure("send", "the URL is malformed") from None


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        host = (parts.hostname or "").encode("ascii" if ":" in (parts.hostname or "") else "idna").decode()
        port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:  # a port out of range; UnicodeError, a label IDNA does not know, is one as well
        raise Failure("send", "the URL has an impossible host or port") from None
    if not host or not port:
        raise Failure("send", "the URL has no host" if not host else "the URL has port 0")
    return host, port
