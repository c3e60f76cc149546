"""The wire structs of an answer, streamed or whole. Only the fields that are used; texts stay JSON literals."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccr.dialects.signature import FIELDS
from ccr.messages.events import Usage

Literal = Raw | UnsetType
"""A JSON value kept as bytes: a string, null, or what a deviating backend put there."""


class FunctionDelta(Struct, gc=False):
    name: str | None = None
    arguments: Literal = UNSET
    """A piece of JSON in a string; some backends send the object itself."""


class ToolCallDelta(Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None


class Delta(Struct, gc=False):
    content: Literal = UNSET
    reasoning_content: Literal = UNSET
    reasoning: Literal = UNSET
    thinking: Literal = UNSET
    reasoning_details: Literal = UNSET
    thinking_blocks: Literal = UNSET
    refusal: Literal = UNSET
    tool_calls: list[ToolCallDelta] | None = None
    function_call: FunctionDelta | None = None
    """The form before `tool_calls`: one call, without an id."""


class Choice(Struct, gc=False):
    delta: Delta | None = None
    message: Delta | None = None
    """In place of `delta` in a whole answer."""
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    """vLLM: the stop string that matched, or the id of a stop token."""
    error: Literal = UNSET
    """OpenRouter: what went wrong at the provider behind it."""


class PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None


class OpenAiUsage(Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's name for cached tokens."""

    def as_messages(self) -> Usage:
        """The counts of the Messages API: input without what came from the cache."""
        details = self.prompt_tokens_details
        cached = _count(details.cached_tokens) if details else None
        if cached is None:
            cached = _count(self.prompt_cache_hit_tokens)
        prompt, output = _count(self.prompt_tokens), _count(self.completion_tokens)
        if prompt is None:
            return Usage(output_tokens=output)
        return Usage(input_tokens=max(0, prompt - (cached or 0)), cache_read_input_tokens=cached, output_tokens=output)

    @property
    def says_something(self) -> bool:
        """Zeros say nothing: some gateways send them before the true counts."""
        return bool(self.prompt_tokens or self.completion_tokens)


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 <= tokens < 2**53 else None


class Chunk(Struct, gc=False):
    choices: list[Choice] | None = None
    usage: OpenAiUsage | None = None
    error: Literal = UNSET


_CHUNK = msgspec.json.Decoder(Chunk)


def decode_chunk(data: bytes) -> Chunk:
    """One chunk. Raises msgspec.DecodeError when it is not a JSON object of this kind.

    Lone surrogates (a backend in JavaScript that cuts a character in two) pass msgspec's decoder by: such a
    chunk takes the slow way, and its halves go on as escapes, which the client joins again.
    """
    try:
        return _CHUNK.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _loosely(_by_stdlib(data))


def _by_stdlib(data: bytes) -> Any:
    """More forgiving: lone surrogates, line breaks inside strings (transformers serve), NaN."""
    import json

    try:
        value = json.loads(data.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    return value


def _loosely(value: Any) -> Chunk:
    """Field by field: one of an unexpected type is passed over, the others count."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError("not an object")
    chunk = Chunk(error=_literal(value.get("error")) if "error" in value else UNSET)
    if isinstance(value.get("usage"), dict):
        chunk.usage = _usage(value["usage"])
    choices = value.get("choices")
    if isinstance(choices, list):
        chunk.choices = [_choice(choice) for choice in choices if isinstance(choice, dict)]
    return chunk


_LITERALS = ("content", "refusal", *FIELDS)


def _choice(value: dict[str, Any]) -> Choice:
    finish, stop = value.get("finish_reason"), value.get("stop_reason")
    return Choice(
        delta=_delta(value.get("delta")),
        message=_delta(value.get("message")),
        finish_reason=finish if isinstance(finish, str) else None,
        stop_reason=stop if isinstance(stop, str) else None,
        error=_literal(value["error"]) if "error" in value else UNSET,
    )


def _delta(value: Any) -> Delta | None:
    if not isinstance(value, dict):
        return None
    calls = value.get("tool_calls")
    return Delta(
        **{name: _literal(value[name]) for name in _LITERALS if name in value},
        tool_calls=[_call(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else None,
        function_call=_function(value.get("function_call")),
    )


def _call(value: dict[str, Any]) -> ToolCallDelta:
    index, call_id = value.get("index"), value.get("id")
    return ToolCallDelta(
        index if isinstance(index, int) and not isinstance(index, bool) else None,
        _unicode(str(call_id)) if call_id is not None else None,
        _function(value.get("function")),
    )


def _function(value: Any) -> FunctionDelta | None:
    if not isinstance(value, dict):
        return None
    name = value.get("name")
    return FunctionDelta(_unicode(name) if isinstance(name, str) else None, _literal(value.get("arguments")))


def _unicode(text: str) -> str:
    """The text without halves of characters, which no encoder takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _usage(value: dict[str, Any]) -> OpenAiUsage:
    def count(name: str, of: dict[str, Any] = value) -> int | None:
        number = of.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 2**53:
            return None
        return int(number)

    details = value.get("prompt_tokens_details")
    cached = count("cached_tokens", details) if isinstance(details, dict) else None
    return OpenAiUsage(
        count("prompt_tokens"), count("completion_tokens"), PromptDetails(cached), count("prompt_cache_hit_tokens")
    )


def _literal(value: Any) -> Raw:
    import json

    return Raw(json.dumps(value).encode())
