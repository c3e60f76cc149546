"""Who may talk to the router. Decided on the request's head, before anything of the body is read.

With an APIKEY: `Authorization: Bearer` or `x-api-key` must hold it. Without one the router serves this machine only,
and a web page must not reach it through the user's browser: a foreign Host (DNS rebinding) or Origin is refused.
"""

import hmac
from functools import lru_cache
from urllib.parse import urlsplit

from ccr.config.proxy import is_loopback
from ccr.errors import ClientError
from ccr.gateway.request import Headers

OPEN_PATHS = ("/", "/health", "/api/hello")
"""Need no key: probes of the client and of orchestrators; they tell nothing."""


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
    if host and not _is_here(host):
        raise ClientError(
            "permission_error", f"Host {host[:80]!r} is not this machine: set an APIKEY to serve other names."
        )
    origin = headers.get("origin")
    if origin is None:
        return
    name, origin_port = _split(origin)
    if origin_port != port or not is_loopback(name):
        raise ClientError("permission_error", f"Requests from web pages of {origin[:80]!r} are not allowed.")


@lru_cache(maxsize=256)
def _is_here(host: str) -> bool:
    return is_loopback(_split(f"//{host}")[0])


@lru_cache(maxsize=256)
def _split(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        return (parts.hostname or "").lower().rstrip("."), parts.port or default
    except ValueError:
        return "", None
