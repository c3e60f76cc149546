"""Telling a provider which requests are one conversation, so that they meet the server that has its prompt cached."""

import hashlib
import re

from ccr.dialects.dialect import Inbound
from ccr.dialects.openai_chat.flags import Flags

_PLAIN = re.compile(r"[A-Za-z0-9_:.-]{1,64}")
"""What every field and header takes: OpenAI allows 64 characters for `prompt_cache_key`, OpenRouter 256."""


def conversation_key(inbound: Inbound) -> str:
    """Session and agent, as the client names them; each has a prompt of its own. Empty where it names none."""
    session = inbound.headers.get("x-claude-code-session-id", "")
    agent = inbound.headers.get("x-claude-code-agent-id", "")
    key = f"{session}:{agent}" if session and agent else session
    if not key or _PLAIN.fullmatch(key):
        return key
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def session_fields(inbound: Inbound, flags: Flags) -> dict[str, str]:
    """Fields of the body that name the conversation."""
    fields = [name for name in ("prompt_cache_key", "session_id") if getattr(flags, name)]
    return _named(inbound, fields)


def session_headers(inbound: Inbound, flags: Flags) -> dict[str, str]:
    """Request headers that name the conversation."""
    named = (
        (flags.session_header, "x-session-id"),
        (flags.affinity_header, "x-session-affinity"),
        (flags.grok_header, "x-grok-conv-id"),
    )
    return _named(inbound, [header for wanted, header in named if wanted])


def _named(inbound: Inbound, names: list[str]) -> dict[str, str]:
    key = conversation_key(inbound) if names else ""
    return dict.fromkeys(names, key) if key else {}
