"""What stands in an error answer, whatever its form: an OpenAI object, a string, FastAPI's `detail`, HTML, text."""

import math
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import msgspec
from msgspec import Raw, Struct


class Refusal(Struct, frozen=True):
    """An error answer, read."""

    provider: str
    status: int
    text: str
    code: str = ""
    """The error's `code` and `type`, which may say more than its words."""
    window: int | None = None
    prompt: int | None = None
    """Sizes in tokens that stand in fields of their own (llama.cpp)."""
    advice: dict[str, str] = {}
    """Headers that tell the client whether and when to try again."""


def read_refusal(provider: str, status: int, headers: dict[str, str], body: bytes) -> Refusal:
    """An answer with a status of failure."""
    found = _error_object(body)
    return Refusal(
        provider,
        status,
        error_text(body) or _plain(body) or f"HTTP status {status}",
        f"{found.code or ''} {found.type or ''}".strip(),
        found.n_ctx,
        found.n_prompt_tokens,
        retry_advice(headers),
    )


def read_failure(provider: str, error: bytes) -> Refusal:
    """An error inside an answer of status 200: an object, a string, or a body that holds one of these."""
    body = error if _holds_error(error) else b'{"error":%b}' % error
    text = error_text(body) or error_text(error) or "an error without words"
    return msgspec.structs.replace(read_refusal(provider, _code(_error_object(body)), {}, body), text=text)


def _holds_error(data: bytes) -> bool:
    try:
        return bytes(msgspec.json.decode(data, type=_ErrorBody).error) != b"null"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _error_object(body: bytes) -> "_ErrorObject":
    try:
        document = msgspec.json.decode(body, type=_ErrorBody)
        return msgspec.json.decode(document.error, type=_ErrorObject | None) or _ErrorObject()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _ErrorObject()


class _ErrorObject(Struct):
    message: str | None = None
    msg: str | None = None
    code: str | int | None = None
    type: str | None = None
    metadata: Raw = Raw(b"null")
    n_ctx: int | None = None
    n_prompt_tokens: int | None = None


class _ErrorBody(Struct):
    error: Raw = Raw(b"null")
    errors: Raw = Raw(b"null")
    """Cloudflare: a list."""
    message: Raw = Raw(b"null")
    msg: Raw = Raw(b"null")
    """Z.AI."""
    detail: Raw = Raw(b"null")
    """FastAPI."""
    base_resp: Raw = Raw(b"null")
    """MiniMax."""


class _BaseResponse(Struct):
    status_code: int = 0
    status_msg: str = ""


class _Metadata(Struct):
    raw: str | None = None
    """OpenRouter: the words of the provider behind it."""


def error_text(body: bytes) -> str:
    """The sentence in an error body, whatever its form: an OpenAI object, a string, FastAPI's `detail`, HTML, text."""
    try:
        document = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _plain(body)
    for raw in (document.error, document.errors, document.message, document.msg, document.detail):
        if text := _object_text(raw):
            return text
    return _status_text(document.base_resp)


def _status_text(raw: Raw) -> str:
    try:
        status = msgspec.json.decode(raw, type=_BaseResponse | None)
    except msgspec.ValidationError:
        return ""
    return (status.status_msg or str(status.status_code)) if status and status.status_code else ""


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
    said = found.message or found.msg or word
    return _shorten(said) + behind if said else ""


_STATUS_OF_CODE = {
    "context_length_exceeded": 400,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "server_is_overloaded": 503,
    "slow_down": 503,
}
"""OpenAI's words."""


def _code(error: "_ErrorObject") -> int:
    """The status inside an error of a stream; 500 where it says none."""
    try:
        code = int(error.code or 500)
    except ValueError:
        code = _STATUS_OF_CODE.get(str(error.code), 400 if str(error.code).startswith("invalid_") else 500)
    return code if 400 <= code < 600 else 500


def _plain(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if text in ("", "null", "[]", "{}", "true", "false"):
        return ""
    if text.startswith("<"):
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return f"an HTML page ({_shorten(title.group(1).strip())})" if title else "an HTML page"
    return _shorten(text)


def _shorten(text: str) -> str:
    return text if len(text) <= 600 else text[:600] + " …"


def retry_advice(headers: dict[str, str]) -> dict[str, str]:
    """`x-should-retry` and `retry-after` as the client reads them (over 60 s it stops retrying and says why)."""
    advice = {}
    if (seconds := retry_after(headers)) != "":
        advice["retry-after"] = seconds
    if (should := headers.get("x-should-retry", "").strip().lower()) in ("true", "false"):
        advice["x-should-retry"] = should
    return advice


def retry_after(headers: dict[str, str], clock: Callable[[], float] = time.time) -> str:
    """`retry-after` in whole seconds; empty when there is none. A date is reckoned from the server's own clock."""
    value = headers.get("retry-after", "").strip()
    try:
        if "retry-after-ms" in headers:
            seconds = max(1.0, float(headers["retry-after-ms"]) / 1000)
        elif value[:1].isalpha() and value[3:4] == ",":
            now = _date(headers["date"]) if "date" in headers else clock()
            seconds = _date(value) - now
        else:
            seconds = float(value)
        return str(max(0, math.ceil(seconds)))
    except (ValueError, OverflowError):
        return ""


def _date(value: str) -> float:
    return parsedate_to_datetime(value).timestamp()
