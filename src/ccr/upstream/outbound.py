"""A request as plain values."""

from msgspec import Struct


class Outbound(Struct, frozen=True):
    """One HTTP request. `content-length` is always ours; `host`, `accept-encoding: identity` and
    `connection: keep-alive` are added unless given."""

    method: str
    url: str
    """Absolute, `http://` or `https://`; path and query are sent verbatim; no user name or password."""
    headers: tuple[tuple[str, str], ...]
    """In order; values are latin-1 without CR, LF and NUL."""
    body: bytes
