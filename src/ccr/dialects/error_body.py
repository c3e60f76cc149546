"""What stands in an error answer, whatever its form: an OpenAI object, a string, FastAPI's `detail`, HTML, text."""

import re

import msgspec
from msgspec import Raw, Struct


class Refusal(Struct, frozen=True):
    """An error answer, read."""

    provider: str
    status: int
    text: str
    retry_after: str = ""


def read_refusal(provider: str, status: int, headers: dict[str, str], body: bytes) -> Refusal:
    return Refusal(provider, status, error_text(body) or f"HTTP status {status}", retry_after(headers))


class _ErrorObject(Struct):
    message: str | None = None
    code: str | int | None = None
    type: str | None = None
    metadata: Raw = Raw(b"null")


class _ErrorBody(Struct):
    error: Raw = Raw(b"null")
    message: str | None = None
    detail: Raw = Raw(b"null")


class _Metadata(Struct):
    raw: str | None = None
    """OpenRouter: the words of the provider behind it."""


def error_text(body: bytes) -> str:
    """The sentence in an error body, whatever its form: an OpenAI object, a string, FastAPI's `detail`, HTML, text."""
    try:
        document = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _plain(body)
    return _object_text(document.error) or document.message or _object_text(document.detail)


def _object_text(raw: Raw) -> str:
    try:
        found = msgspec.json.decode(raw, type=str | _ErrorObject | None)
    except (msgspec.ValidationError, RecursionError):
        return _plain(bytes(raw))
    if found is None or isinstance(found, str):
        return found or ""
    try:
        metadata = msgspec.json.decode(found.metadata, type=_Metadata | None)
    except msgspec.ValidationError:
        metadata = None
    behind = f" ({_shorten(metadata.raw)})" if metadata and metadata.raw else ""
    word = str(found.code or found.type or "")
    return (_shorten(found.message or word) + behind) if found.message or word else ""


def error_code(raw: bytes) -> int:
    """The status inside an error object of a stream; 500 where it says none."""
    try:
        found = msgspec.json.decode(raw, type=_ErrorObject)
    except (msgspec.ValidationError, RecursionError):
        return 500
    try:
        code = int(found.code or 500)
    except ValueError:
        code = {"context_length_exceeded": 400, "rate_limit_exceeded": 429}.get(str(found.code), 500)
    return code if 400 <= code < 600 else 500


def _plain(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if text in ("", "null"):
        return ""
    if text.startswith("<"):
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return f"an HTML page ({_shorten(title.group(1).strip())})" if title else "an HTML page"
    return _shorten(text)


def _shorten(text: str) -> str:
    return text if len(text) <= 600 else text[:600] + " …"


def retry_after(headers: dict[str, str]) -> str:
    """`retry-after` in whole seconds, as the client reads it; empty when there is none."""
    try:
        if "retry-after-ms" in headers:
            return str(max(1, -(-int(float(headers["retry-after-ms"])) // 1000)))
        value = headers.get("retry-after", "").strip()
        return str(max(0, -(-int(float(value) * 1000) // 1000))) if value else ""
    except (ValueError, OverflowError):
        return ""  # an HTTP date: no model backend is known to send one
