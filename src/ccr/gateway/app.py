"""Which request is which."""

import os
import time
from datetime import UTC, datetime

import msgspec

from ccr import __version__
from ccr.config import Snapshot
from ccr.errors import ClientError
from ccr.gateway.access import check_access
from ccr.gateway.count_tokens import TokenCounts, count_tokens
from ccr.gateway.handle import handle_messages, new_id, not_unicode, receive_request
from ccr.gateway.listing import list_models, show_model
from ccr.gateway.log import RequestLog
from ccr.gateway.reply import Reply
from ccr.gateway.request import ClientLeft, Request
from ccr.gateway.runtime import Runtime


class App:
    """Serves one configuration."""

    def __init__(self, snapshot: Snapshot, runtime: Runtime, log: RequestLog, port: int) -> None:
        """`port`: where it listens, which may be another than the configured one."""
        self._snapshot = snapshot
        self._runtime = runtime
        self._log = log
        self._port = port
        self._counts = TokenCounts()

    async def __call__(self, request: Request, reply: Reply) -> None:
        reply.name(new_id("req"))
        try:
            check_access(request.headers, request.path, self._snapshot.api_key, self._port)
            if request.path == "/v1/messages" and request.method == "POST":
                await handle_messages(request, reply, self._snapshot, self._runtime, self._log)
            else:
                await self._other(request, reply)
        except ClientLeft:
            return
        except ClientError as error:
            reply.error(error)
        except UnicodeDecodeError:
            reply.error(not_unicode())

    async def _other(self, request: Request, reply: Reply) -> None:
        match request.method, request.path:
            case "POST", "/v1/messages/count_tokens":
                inbound = await receive_request(request, self._snapshot)
                count = await count_tokens(inbound, self._snapshot, self._runtime, self._counts)
                reply.whole(200, msgspec.json.encode({"input_tokens": count}))
            case "GET" | "HEAD", "/v1/models":
                reply.whole(200, list_models(self._snapshot))
            case "GET", path if path.startswith("/v1/models/"):
                reply.whole(200, show_model(path.removeprefix("/v1/models/"), self._snapshot))
            case "GET" | "HEAD", "/":
                reply.whole(200, msgspec.json.encode({"message": "claude-code-router", "version": __version__}))
            case "GET" | "HEAD", "/health":
                reply.whole(200, self._health())
            case "GET" | "HEAD", "/api/hello":
                reply.whole(200, b'{"message":"hello"}')
            case method, path if path in ALLOWED:
                message = f"{path} does not answer to {method}."
                raise ClientError("invalid_request_error", message, status=405, headers={"allow": ALLOWED[path]})
            case method, path:
                raise ClientError("not_found_error", f"There is no {method} {path[:100]} here.")

    def _health(self) -> bytes:
        return msgspec.json.encode(
            {
                "status": "ok",
                "timestamp": datetime.now(UTC).isoformat(),
                "service": "claude-code-router",
                "version": __version__,
                "pid": os.getpid(),
                "home": self._runtime.home,
                "uptime": round(time.time() - self._runtime.started, 1),
                "requests": self._runtime.counters.requests,
            }
        )


ALLOWED = {
    "/v1/messages": "POST",
    "/v1/messages/count_tokens": "POST",
    "/v1/models": "GET, HEAD",
    "/": "GET, HEAD",
    "/health": "GET, HEAD",
    "/api/hello": "GET, HEAD",
}
"""Path -> the methods it answers to."""
