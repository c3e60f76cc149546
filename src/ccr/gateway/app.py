"""The ASGI app: which request is which."""

import os
import time
from datetime import UTC, datetime

import msgspec

from ccr import __version__
from ccr.config import Snapshot
from ccr.errors import ClientError
from ccr.gateway.access import check_access
from ccr.gateway.body import ClientLeft
from ccr.gateway.count_tokens import TokenCounts, count_tokens
from ccr.gateway.handle import handle_messages, new_id, not_unicode, receive_request
from ccr.gateway.listing import list_models, show_model
from ccr.gateway.log import RequestLog
from ccr.gateway.reply import Reply
from ccr.gateway.runtime import Runtime
from ccr.gateway.scope import Headers, Receive, Scope, Send, headers_of


class App:
    """Serves one configuration."""

    def __init__(self, snapshot: Snapshot, runtime: Runtime, log: RequestLog) -> None:
        self._snapshot = snapshot
        self._runtime = runtime
        self._log = log
        self._counts = TokenCounts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = headers_of(scope)
        path: str = scope["path"]
        try:
            check_access(headers, path, self._snapshot.api_key, scope["server"][1])
            if path == "/v1/messages" and scope["method"] == "POST":
                await handle_messages(scope, receive, send, headers, self._snapshot, self._runtime, self._log)
                return
            await self._other(scope, receive, send, headers, path)
        except ClientLeft:
            return
        except ClientError as error:
            await Reply(send, new_id("req")).error(error)
        except UnicodeDecodeError:
            await Reply(send, new_id("req")).error(not_unicode())

    async def _other(self, scope: Scope, receive: Receive, send: Send, headers: Headers, path: str) -> None:
        reply = Reply(send, new_id("req"))
        match scope["method"], path:
            case "POST", "/v1/messages/count_tokens":
                inbound = await receive_request(scope, receive, headers, self._snapshot)
                count = await count_tokens(inbound, self._snapshot, self._runtime, self._counts)
                await reply.whole(200, msgspec.json.encode({"input_tokens": count}))
            case "GET" | "HEAD", "/v1/models":
                await reply.whole(200, list_models(self._snapshot))
            case "GET", path if path.startswith("/v1/models/"):
                await reply.whole(200, show_model(path.removeprefix("/v1/models/"), self._snapshot))
            case "GET" | "HEAD", "/":
                await reply.whole(200, msgspec.json.encode({"message": "claude-code-router", "version": __version__}))
            case "GET" | "HEAD", "/health":
                await reply.whole(200, self._health())
            case "GET" | "HEAD", "/api/hello":
                await reply.whole(200, b'{"message":"hello"}')
            case method, "/v1/messages" | "/v1/messages/count_tokens" | "/v1/models" | "/" | "/health":
                message = f"{path} does not answer to {method}."
                raise ClientError("invalid_request_error", message, status=405)
            case method, _:
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
