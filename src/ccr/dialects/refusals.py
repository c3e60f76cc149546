"""What a backend's refusal means, and what can be learned from it.

Every vendor words its errors differently; this is the one place that reads them. A refusal is one of

- *overflow*: the prompt is longer than the window. Reworded so that the client compacts by itself;
- *a lesson*: an optional field, a too large `max_tokens`, an image or a file that this model does not take. It is noted
  in `Learned`, and the same target is asked again without it;
- anything else: told to the client with the provider's name and words.
"""

import re
from collections.abc import Container

import msgspec
from msgspec import Raw, Struct

from ccr.dialects.dialect import Learned
from ccr.errors import ErrorType, UpstreamError, type_of_status

OVERFLOW_WORDS = (
    "prompt is too long",
    "context_length_exceeded",
    "exceed_context_size",
    "exceeds the available context size",
    "exceeds the context window",
    "exceeds the context length",
    "exceeds this limit even without any output",
    "exceeds the maximum number of tokens",
    "input is too long",
    "input length exceeds",
    "maximum context length",
    "context window exceeded",
    "maximum prompt length",
    "reduce the length of the messages",
    "reduce the length of the input",
    "range of input length should be",
    "context the overflows",
)
"""vLLM, llama.cpp, Ollama, OpenAI, DeepSeek, Gemini, OpenRouter, Bedrock, Groq, DashScope, LM Studio."""

_WINDOW = re.compile(
    r"(?:maximum (?:context|model|sequence|prompt) length (?:is|of)|max_model_len ?=|available context size \(|"
    r"context (?:length|window|size) (?:is|of)(?: only)?|maximum number of tokens allowed \(|"
    r"input length should be \[1, ?|max_new_tokens` must be <=|tokens >|too large for model with)\s*(\d[\d,]*)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(?:request \((\d[\d,]*) tokens|prompt contains (?:at least )?(\d[\d,]*)|resulted in (\d[\d,]*)|"
    r"(\d[\d,]*) (?:in (?:the|your) (?:messages|prompt)|input tokens|of text input|`?inputs`? tokens)|"
    r"input token count \((\d[\d,]*)|too long: (\d[\d,]*))",
    re.IGNORECASE,
)
_REQUESTED = re.compile(r"requested (?:about )?(\d[\d,]*) tokens", re.IGNORECASE)
"""Prompt and output together, mostly: asked only where the prompt alone is not named."""
_OUTPUT_WORDS = (
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "in the completion",
    "in the output",
    "output tokens",
)
_IMAGE_WORDS = ("image", "multimodal", "multi-modal", "vision", "mmproj")
_FILE_WORDS = ("file", "pdf", "document", "part type", "content type", "content[].type")
_UNSUPPORTED_WORDS = ("support", "multimodal", "multi-modal", "at most 0 ", "mmproj", "unknown", "expected", "invalid")
"""Say that the kind of content is refused, not this one picture or paper …"""
_THIS_ONE_WORDS = ("format", "media type", "media_type", "mime", "too large", "exceeds", "corrupt", "decode")
"""… and that it is this one."""
_FIELD_WORDS = {
    "reasoning_effort": ("support thinking", "think value"),  # Ollama speaks of its own field
    "reasoning.encrypted_content": ("encrypted content is not supported",),
    "reasoning.summary": ("reasoning summaries",),  # OpenAI: "must be verified to generate reasoning summaries"
    "text.format": ("response_format",),  # OpenAI calls it so on both of its endpoints
    "encrypted_content": ("encrypted content", "items are not persisted"),
}
"""Refusals that speak of a field without its name."""
OPTIONAL_FIELDS = (
    "reasoning_effort",
    "chat_template_kwargs",
    "stream_options",
    "parallel_tool_calls",
    "response_format",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "reasoning_content",
    "reasoning.encrypted_content",
    "reasoning.summary",
    "reasoning",
    "strict",
    "text.format",
    "prompt_cache_key",
    "web_search",
    "encrypted_content",
)
"""Fields that a request can do without. Longer names first where one holds another."""


class Sent(Struct, frozen=True):
    """What matters of the request that was refused."""

    fields: Container[str]
    """Names of the optional fields it had."""
    max_tokens: int | None
    has_images: bool
    has_files: bool
    estimated: int
    """Input tokens, uncorrected."""


class Refusal(Struct, frozen=True):
    """An error answer, read."""

    provider: str
    status: int
    text: str
    retry_after: str = ""


def read_refusal(provider: str, status: int, headers: dict[str, str], body: bytes) -> Refusal:
    return Refusal(provider, status, error_text(body) or f"HTTP status {status}", retry_after(headers))


def judge(refusal: Refusal, sent: Sent, learned: Learned) -> UpstreamError:
    """The error to raise; notes in `learned` what a second try needs, and then says `retry="same"`."""
    text = refusal.text.lower()
    if refusal.status in (400, 404, 413, 415, 422, 500, 501):
        if _learn(text, sent, learned):
            return _error(refusal, "invalid_request_error", 400, retry="same")
        window, prompt = window_and_prompt(text)
        too_long = window is not None and prompt is not None and prompt + least_room(window) > window
        if too_long or any(word in text for word in OVERFLOW_WORDS):
            return _overflow(refusal, sent, learned)
    return told(refusal)


def judge_in_stream(provider: str, error: bytes, sent: Sent, learned: Learned) -> UpstreamError:
    """The error to raise for an error object inside a stream of status 200."""
    text = error_text(b'{"error":' + error + b"}") or "an error without words"
    refusal = Refusal(provider, error_code(error), text)
    failure = judge(refusal, sent, learned) if refusal.status < 500 else told(refusal)
    failure.phase = "body"
    return failure


def told(refusal: Refusal) -> UpstreamError:
    """A refusal with nothing to learn from: the status decides."""
    match refusal.status:
        case 401:
            # As a 401 the client would retry it ten times and blame its own key.
            return UpstreamError(
                refusal.provider,
                "head",
                f"provider {refusal.provider} refused our key: check its api_key in config.json. ({refusal.text})",
                headers={"x-should-retry": "false"},
            )
        case 400 | 413 | 422:
            kind: ErrorType = "request_too_large" if refusal.status == 413 else "invalid_request_error"
            return _error(refusal, kind, 413 if refusal.status == 413 else 400, retry="never")
        case 503:
            return _error(refusal, "overloaded_error", 529)
        case status if status < 400:
            return _error(refusal, "api_error", 502)
        case status:
            kind = type_of_status(status)
            return _error(refusal, kind, 400 if kind == "invalid_request_error" else status)


def _error(refusal: Refusal, kind: ErrorType, status: int, retry: str = "next") -> UpstreamError:
    headers = {"retry-after": refusal.retry_after} if refusal.retry_after else {}
    return UpstreamError(
        refusal.provider,
        "head",
        f"provider {refusal.provider}: {refusal.text}",
        error_type=kind,
        status=status,
        retry=retry,  # type: ignore[arg-type]
        headers=headers,
    )


def _learn(text: str, sent: Sent, learned: Learned) -> bool:
    return (
        _learn_max_tokens(text, sent, learned)
        or _learn_field(text, sent, learned)
        or _learn_images(text, sent, learned)
        or _learn_files(text, sent, learned)
    )


def _learn_max_tokens(text: str, sent: Sent, learned: Learned) -> bool:
    if sent.max_tokens is None or not any(word in text for word in _OUTPUT_WORDS):
        return False
    if "max_completion_tokens" in text and ("unsupported" in text or "not supported" in text):
        was, learned.max_completion_tokens = learned.max_completion_tokens, True
        return not was
    window, prompt = window_and_prompt(text)
    if window is not None:
        if prompt is not None and prompt + least_room(window) > window:
            return False  # no max_tokens would help
        if prompt is not None:
            learned.correction.trust(sent.estimated, prompt)
        was_window, learned.context_window = learned.context_window, window
        return was_window != window or prompt is not None
    lower = [n for n in map(int, re.findall(r"\b\d+\b", text)) if 16 <= n < sent.max_tokens]
    if not lower or learned.max_output_tokens == max(lower):
        return False
    learned.max_output_tokens = max(lower)
    return True


def _learn_field(text: str, sent: Sent, learned: Learned) -> bool:
    for name in OPTIONAL_FIELDS:
        named = re.search(rf"\b{name}\b", text) or any(words in text for words in _FIELD_WORDS.get(name, ()))
        if named and name in sent.fields and name not in learned.omit:
            learned.omit.add(name)
            return True
    return False


def _learn_images(text: str, sent: Sent, learned: Learned) -> bool:
    if sent.has_images and learned.images and _refuses(text, _IMAGE_WORDS):
        learned.images = False
        return True
    return False


def _learn_files(text: str, sent: Sent, learned: Learned) -> bool:
    if sent.has_files and learned.files and _refuses(text, _FILE_WORDS):
        learned.files = False
        return True
    return False


def _refuses(text: str, kind: tuple[str, ...]) -> bool:
    """The model takes nothing of a kind. A picture that is too large must not make a model blind for good."""

    def says(words: tuple[str, ...]) -> bool:
        return any(word in text for word in words)

    return says(kind) and says(_UNSUPPORTED_WORDS) and not says(_THIS_ONE_WORDS)


def _overflow(refusal: Refusal, sent: Sent, learned: Learned) -> UpstreamError:
    window, prompt = window_and_prompt(refusal.text)
    if window is not None:
        learned.context_window = window
    window = window or learned.context_window
    if prompt is not None:
        learned.correction.trust(sent.estimated, prompt)
    prompt = prompt or learned.correction.apply(sent.estimated)
    if window is None:
        message = f"prompt is too long (provider {refusal.provider}: {refusal.text})"
    else:
        message = f"prompt is too long: {max(prompt, window + 1)} tokens > {window} maximum"
    return UpstreamError(
        refusal.provider, "head", message, retry="never", error_type="invalid_request_error", status=400
    )


def least_room(window: int) -> int:
    """Tokens that an answer must have room for: a prompt that leaves less is too long, so that the client compacts."""
    return min(1024, window // 8)


def window_and_prompt(text: str) -> tuple[int | None, int | None]:
    """The window's size and the prompt's, as far as a text names them."""
    window = _WINDOW.search(text)
    prompt = _PROMPT.search(text) or _REQUESTED.search(text)
    return (
        _number(window.group(1)) if window else None,
        _number(next(group for group in prompt.groups() if group)) if prompt else None,
    )


def _number(digits: str) -> int:
    return int(digits.replace(",", ""))


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


_STATUS_OF_CODE = {
    "context_length_exceeded": 400,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "server_is_overloaded": 503,
    "slow_down": 503,
}


def error_code(raw: bytes) -> int:
    """The status inside an error object of a stream; 500 where it says none."""
    try:
        found = msgspec.json.decode(raw, type=_ErrorObject)
    except (msgspec.ValidationError, RecursionError):
        return 500
    try:
        code = int(found.code or 500)
    except ValueError:
        code = _STATUS_OF_CODE.get(str(found.code), 400 if str(found.code).startswith("invalid_") else 500)
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
