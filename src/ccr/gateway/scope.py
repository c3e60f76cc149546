"""The ASGI contract, as far as it is used here (asgi.readthedocs.io, "HTTP connection scope")."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ON_DISCONNECT = "ccr.on_disconnect"
"""Key of the scope: `f(callback)` has the server call back at the moment when the client's connection is lost."""

WRITE_CHUNK = "ccr.write_chunk"
"""Key of the scope: `f(bytes) -> bool` writes a chunk of a body under way at once; False: the client reads slowly."""

Headers = dict[str, str]
"""Lower-case names; of a repeated header the last value."""


def headers_of(scope: Scope) -> Headers:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
