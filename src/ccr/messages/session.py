"""Which session of the client a request belongs to."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from ccr.messages.request import MessagesRequest


class _UserId(Struct):
    session_id: str = ""


def session_id(request: MessagesRequest, headers: Mapping[str, str]) -> str:
    """From the header; else from both forms of `metadata.user_id`: a JSON string, or `user_…_session_<id>`."""
    header = headers.get("x-claude-code-session-id", "")
    user_id = (request.metadata and request.metadata.user_id) or ""
    if header or not user_id:
        return header
    if user_id.startswith("{"):
        try:
            return msgspec.json.decode(user_id, type=_UserId).session_id
        except (msgspec.DecodeError, RecursionError):
            return ""
    return user_id.partition("_session_")[2]
