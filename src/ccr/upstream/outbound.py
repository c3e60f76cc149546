"""A request as plain values."""

from typing import Protocol

from msgspec import Struct


class Sendable(Protocol):
    """What can be sent: an `Outbound`, or whatever has the same fields."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def body(self) -> bytes: ...


class Outbound(Struct, frozen=True):
    """One HTTP request. `content-length` is always ours; `host`, `accept-encoding: identity` and
    `connection: keep-alive` are added unless given."""

    method: str
    url: str
    """Absolute, `http://` or `https://`; path and query are sent verbatim; no user name or password."""
    headers: tuple[tuple[str, str], ...]
    """In order; values are latin-1 without CR, LF and NUL."""
    body: bytes
