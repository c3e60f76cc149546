"""Who may talk to the router. Decided on the request's head, before anything of the body is read.

With an APIKEY: `Authorization: Bearer` or `x-api-key` must hold it. Without one the router serves this machine only,
and a web page must not reach it through the user's browser: a foreign Host (DNS rebinding) or Origin is refused.
"""

import hmac
import re
from functools import lru_cache

from ccr.config.proxy import is_loopback
from ccr.errors import ClientError
from ccr.gateway.request import Headers

OPEN_PATHS = ("/", "/health", "/api/hello")
"""Need no key: probes of the client and of orchestrators; they tell nothing."""

_PORTS = {"http": 80, "https": 443}
_PLACE = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::([0-9]{0,5}))?")
"""A host and perhaps a port (RFC 9110, 7.2), nothing else: who sends more wants to be read in two ways."""
_LONGEST = 300
"""Characters that are looked at, and remembered: what is longer is nobody's name."""


def check_access(headers: Headers, path: str, api_key: str, port: int) -> None:
    """Raises ClientError: 401 for a missing or wrong key, 403 for a foreign Host or Origin."""
    if not api_key:
        _check_local(headers, port)
    elif path not in OPEN_PATHS:
        _check_key(headers, api_key)


def _check_key(headers: Headers, api_key: str) -> None:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    given = [bearer.strip()] if scheme.lower() == "bearer" and bearer.strip() else []
    if headers.get("x-api-key"):
        given.append(headers["x-api-key"])
    # Header texts are decoded as latin-1: the bytes are compared.
    if any(hmac.compare_digest(key.encode("latin-1"), api_key.encode()) for key in given):
        return
    # Without the header the client would try ten times more (client reference, section 0, fact 9).
    sentence = "Invalid API key." if given else "APIKEY is missing: send it as a Bearer token or as x-api-key."
    raise ClientError("authentication_error", sentence, headers={"x-should-retry": "false"})


def _check_local(headers: Headers, port: int) -> None:
    host = headers.get("host", "")
    if host and not _is_here(host[:_LONGEST]):
        raise ClientError(
            "permission_error", f"Host {host[:80]!r} is not this machine: set an APIKEY to serve other names."
        )
    origin = headers.get("origin")
    if origin is not None and not _is_ours(origin[:_LONGEST], port):
        raise ClientError("permission_error", f"Requests from web pages of {origin[:80]!r} are not allowed.")


@lru_cache(maxsize=256)
def _is_here(host: str) -> bool:
    place = _PLACE.fullmatch(host.lower())
    return place is not None and is_loopback(place[1])


@lru_cache(maxsize=256)
def _is_ours(origin: str, port: int) -> bool:
    """Whether a page of this very server asks (RFC 6454, 6.2)."""
    scheme, _, rest = origin.lower().partition("://")
    place = _PLACE.fullmatch(rest)
    if place is None or scheme not in _PORTS:
        return False
    return is_loopback(place[1]) and int(place[2] or _PORTS[scheme]) == port
