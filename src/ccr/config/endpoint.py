"""The wire language of a provider and the address to post to, from what the user wrote."""

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from ccr.config.findings import Findings, Where
from ccr.config.transformers import Use
from ccr.providers import DialectName

BY_TRANSFORMER: dict[str, DialectName] = {
    "Anthropic": "anthropic",
    "gemini": "gemini",
    "vertex-gemini": "gemini",
    "openai-responses": "openai-responses",
}
"""Transformers that choose the dialect."""

_BY_PATH: tuple[tuple[str, DialectName], ...] = (
    ("/v1/messages", "anthropic"),
    ("/anthropic", "anthropic"),
    ("/chat/completions", "openai-chat"),
    ("/responses", "openai-responses"),
)
"""How a path may end."""

_BY_HOST: dict[str, DialectName] = {
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gemini",
}
"""Hosts that tell where the path does not."""

_ENDPOINT: dict[DialectName, str] = {
    "anthropic": "/messages",
    "openai-chat": "/chat/completions",
    "openai-responses": "/responses",
    "gemini": "/models",
}
_VERSION: dict[DialectName, str] = {
    "anthropic": "/v1",
    "openai-chat": "/v1",
    "openai-responses": "/v1",
    "gemini": "/v1beta",
}
_VERSIONED = re.compile(r"/(v\d+(alpha|beta)?\d*|openai)$")
"""A base path to which only the endpoint is missing, such as /v1, /api/paas/v4, /v1beta/openai."""
_UNVERSIONED = re.compile(r"(^|/api|/anthropic)$")
"""A base path to which version and endpoint are missing."""

_OTHER_ENDPOINTS = ("/api/chat", "/api/generate", "/completions", "/embeddings", "/models")
"""Ends of paths that people copy from elsewhere: Ollama's own API, the old completions, lists."""

_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


def parse_url(text: str, where: Where, findings: Findings) -> SplitResult | None:
    """The address, or None after an error. No message shows it: it may hold a password."""
    hint = "write the whole address, for example http://localhost:11434/v1/chat/completions"
    try:
        url = urlsplit(text.strip())
        _ = url.port  # raises for a port that is none
    except ValueError:
        findings.error(where, "is not a valid address", hint)
        return None
    if url.scheme not in ("http", "https") or not url.hostname or _UNPRINTABLE.search(text.strip()):
        findings.error(where, "is not an http:// or https:// address", hint)
        return None
    return url


def dialect_of(url: SplitResult, uses: tuple[Use, ...]) -> DialectName:
    """The transformer decides, else the path's end, else the host.

    `anthropic` in lower case was offered by `ccr model` and ignored ever since: files that hold it work by their path,
    so only the exact name overrules what the path says.
    """
    path = url.path.rstrip("/")
    by_path = next((dialect for end, dialect in _BY_PATH if path.endswith(end)), None)
    for use in uses:
        if use.name in BY_TRANSFORMER and (use.is_exact or by_path is None):
            return BY_TRANSFORMER[use.name]
    if by_path is None and not path.endswith("/openai"):
        return _BY_HOST.get(url.hostname or "", "openai-chat")
    return by_path or "openai-chat"


def warn_of_other_endpoint(url: SplitResult, dialect: DialectName, where: Where, findings: Findings) -> None:
    """The path is that of another endpoint of the same server: no chat would come back."""
    path = url.path.rstrip("/")
    if dialect == "openai-chat" and path.endswith(_OTHER_ENDPOINTS) and not path.endswith("/chat/completions"):
        hint = "it usually ends with /v1/chat/completions"
        findings.warning(where, "the address does not look like that of OpenAI chat completions", hint)


def full_url(url: SplitResult, dialect: DialectName, is_base: bool) -> str:
    """The address with the endpoint of the dialect. `is_base`: it was given as a base, so a path is always added."""
    path = url.path.rstrip("/")
    if path.endswith(_ENDPOINT[dialect]):
        path = url.path
    elif _VERSIONED.search(path):
        path += _ENDPOINT[dialect]
    elif _UNVERSIONED.search(path) or (is_base and dialect == "anthropic"):
        path += _VERSION[dialect] + _ENDPOINT[dialect]
    elif is_base:
        path += _ENDPOINT[dialect]
    else:
        path = url.path
    return urlunsplit((url.scheme, url.netloc, path, url.query, ""))
