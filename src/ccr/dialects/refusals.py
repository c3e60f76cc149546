"""What a backend's refusal means, and what can be learned from it.

Every vendor words its errors differently; this is the one place that reads them. A refusal is one of

- *overflow*: the prompt is longer than the window. Reworded so that the client compacts by itself;
- *a lesson*: an optional field, a too large `max_tokens`, an image or a file that this model does not take. It is noted
  in `Learned`, and the same target is asked again without it;
- anything else: told to the client with the provider's name and words.
"""

import re
from collections.abc import Container

from msgspec import Struct

from ccr.dialects.dialect import Learned
from ccr.dialects.error_body import Refusal
from ccr.dialects.overflow import Numbers, leaves_nothing, numbers_in, says_overflow
from ccr.errors import ErrorType, UpstreamError, type_of_status

_OUTPUT_WORDS = (
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "maxoutputtokens",
    "in the completion",
    "in the output",
    "for the completion",
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
    "reasoning_details",
    "reasoning",
    "thinking_blocks",
    "thinking",
    "strict",
    "enable_thinking",
    "thinking_budget",
    "prompt_cache_key",
    "reasoning_format",
    "reasoning_split",
    "session_id",
    "tool_stream",
    "text.format",
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
    is_verbatim: bool = False
    """It goes out as the client wrote it: there is nothing to leave out or to lower."""


def judge(refusal: Refusal, sent: Sent, learned: Learned) -> UpstreamError:
    """The error to raise; notes in `learned` what a second try needs, and then says `retry="same"`."""
    if refusal.status not in (400, 404, 413, 415, 422, 500, 501, 502):
        return told(refusal)
    text = f"{refusal.text} {refusal.code}".lower()
    numbers = numbers_in(text, sent.max_tokens)
    if refusal.window:
        numbers = Numbers(refusal.window, refusal.prompt or numbers.prompt)
    if numbers.is_overflow or leaves_nothing(text):
        return _overflow(refusal, numbers, sent, learned)
    if not sent.is_verbatim and _learn(text, numbers, sent, learned):
        return _error(refusal, "invalid_request_error", 400, retry="same")
    if _speaks_of_output(text) and numbers.window and numbers.prompt and sent.max_tokens:
        return _too_much_asked(refusal, numbers, sent, learned)
    if numbers.is_overflow is None and says_overflow(text):
        return _overflow(refusal, numbers, sent, learned)
    return told(refusal)


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
    return UpstreamError(
        refusal.provider,
        "head",
        f"provider {refusal.provider}: {refusal.text}",
        error_type=kind,
        status=status,
        retry=retry,  # type: ignore[arg-type]
        headers=refusal.advice,
    )


def _learn(text: str, numbers: Numbers, sent: Sent, learned: Learned) -> bool:
    return (
        _learn_max_tokens(text, numbers, sent, learned)
        or _learn_field(text, sent, learned)
        or _learn_images(text, sent, learned)
        or _learn_files(text, sent, learned)
    )


def _speaks_of_output(text: str) -> bool:
    return any(word in text for word in _OUTPUT_WORDS)


def _learn_max_tokens(text: str, numbers: Numbers, sent: Sent, learned: Learned) -> bool:
    if sent.max_tokens is None or not (numbers.is_from_total or _speaks_of_output(text)):
        return False
    if "max_completion_tokens" in text and ("unsupported" in text or "not supported" in text):
        was, learned.max_completion_tokens = learned.max_completion_tokens, True
        return not was
    window, prompt = numbers.window, numbers.prompt
    if window is not None:
        if prompt is not None:
            _trust(numbers, sent, learned)
        was_window, learned.context_window = learned.context_window, window
        return was_window != window or (prompt is not None and not numbers.is_from_total)
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


def _trust(numbers: Numbers, sent: Sent, learned: Learned) -> int:
    """The length of the prompt, from which the estimates are corrected."""
    prompt, estimate = numbers.prompt, learned.correction.apply(sent.estimated)
    if prompt is None or (numbers.is_lower_bound and prompt <= estimate):
        return estimate
    # Of a lower bound the true length is not far in most cases; else the next refusal names a higher one.
    learned.correction.trust(sent.estimated, prompt + prompt // 4 if numbers.is_lower_bound else prompt)
    return prompt


def _overflow(refusal: Refusal, numbers: Numbers, sent: Sent, learned: Learned) -> UpstreamError:
    learned.context_window = window = numbers.window or learned.context_window
    prompt = _trust(numbers, sent, learned)
    if window is None:
        message = f"prompt is too long (provider {refusal.provider}: {refusal.text})"
    else:
        message = f"prompt is too long: {max(prompt, window + 1)} tokens > {window} maximum"
    return _reworded(refusal, message, quotes=window is None)


def _too_much_asked(refusal: Refusal, numbers: Numbers, sent: Sent, learned: Learned) -> UpstreamError:
    """In words on which the client asks again, with as much less as is needed."""
    prompt = _trust(numbers, sent, learned)
    message = f"input length and `max_tokens` exceed context limit: {prompt} + {sent.max_tokens} > {numbers.window}"
    return _reworded(refusal, message, quotes=False)


def _reworded(refusal: Refusal, message: str, quotes: bool) -> UpstreamError:
    return UpstreamError(
        refusal.provider,
        "head",
        message,
        retry="never",
        error_type="invalid_request_error",
        status=400,
        quotes=quotes,
    )
