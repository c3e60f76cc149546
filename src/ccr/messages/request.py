"""A request of the Messages API, decoded once.

Decoding is strict first: one typed pass over the bytes in C. Only when that fails, a tolerant pass sorts the new from
the wrong. Unknown block types, unknown shapes of optional fields and lone UTF-16 surrogates (strings that JavaScript
cut in the middle of a character) are accepted; a missing field or one of the wrong type is a ClientError with its path.
"""

import re
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccr.errors import ClientError
from ccr.messages.blocks import Block, Text, at, decode_block

BILLING_HEADER = "x-anthropic-billing-header:"
"""Opens the client's attribution block, whose suffix differs per conversation and per kind of request."""

PLACEHOLDER_TOOL = "DeferredToolPlaceholder"
"""A dummy that the client's tool search always lists; not to be shown to a model (client 2.1.330, measured)."""


class Message(Struct):
    role: str
    """user, assistant, or system (mid-conversation)."""
    content: str | list[Block]


class Tool(Struct):
    name: str = ""
    type: str | None = None
    """None or `custom`: a tool of the client's; else a server tool such as `web_search_20250305`."""
    description: str | None = None
    input_schema: Raw | UnsetType = UNSET
    strict: bool | None = None
    allowed_domains: Raw | UnsetType = UNSET
    """Of a web search, as is `user_location`."""
    user_location: Raw | UnsetType = UNSET

    @property
    def is_server_tool(self) -> bool:
        return self.type is not None and self.type != "custom"


class ToolChoice(Struct):
    type: str = "auto"
    name: str | None = None
    disable_parallel_tool_use: bool = False


class ThinkingConfig(Struct):
    type: str = "disabled"
    """enabled, adaptive or disabled; newer clients may say more."""
    budget_tokens: int | None = None


class OutputFormat(Struct):
    type: str = ""
    schema: Raw | UnsetType = UNSET


class OutputConfig(Struct):
    effort: str | None = None
    format: OutputFormat | None = None


class Metadata(Struct):
    user_id: str | None = None


class MessagesRequest(Struct, kw_only=True):
    """The fields that routing and translation use; the body's bytes are kept by the caller."""

    model: str
    messages: list[Message]
    system: str | list[Text] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    max_tokens: int | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    """Older spelling of `output_config.format`."""
    metadata: Metadata | None = None

    @property
    def system_texts(self) -> list[str]:
        """The system prompt's texts, the attribution block included."""
        if self.system is None:
            return []
        return [self.system] if isinstance(self.system, str) else [block.text for block in self.system]

    @property
    def format(self) -> OutputFormat | None:
        """The structured output asked for, under either name."""
        return (self.output_config and self.output_config.format) or self.output_format


class _LooseMessage(Struct):
    role: str
    content: str | list[Raw]


_REQUIRED: dict[str, Any] = {"model": str, "messages": list[_LooseMessage]}
_TYPED: dict[str, Any] = {
    "system": str | list[Raw] | None,
    "tools": list[Tool] | None,
    "max_tokens": int | float | None,
    "stream": bool | None,
    "temperature": float | None,
    "top_p": float | None,
    "top_k": int | float | None,
    "stop_sequences": list[str] | None,
}
_FORGIVEN: dict[str, Any] = {
    "tool_choice": ToolChoice | None,
    "thinking": ThinkingConfig | None,
    "output_config": OutputConfig | None,
    "output_format": OutputFormat | None,
    "metadata": Metadata | None,
}
"""Their names are stable, their values are not: a shape that this version does not know counts as absent. A number may
be written as `1024.0` or as a string."""

_WHOLE = ("max_tokens", "top_k")
"""Counts that some clients write as `100.0`."""

_STRICT = msgspec.json.Decoder(MessagesRequest)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ROLES = ("user", "assistant", "system")


def parse_request(body: bytes) -> MessagesRequest:
    """Decode a body. Raises ClientError (400) with a path for whatever can't be understood."""
    return parse_body(body)[0]


def parse_body(body: bytes) -> tuple[MessagesRequest, bytes]:
    """The request, and its body: the same bytes, but for text that is no Unicode, which is mended."""
    try:
        request = _STRICT.decode(body)
    except RecursionError:
        raise ClientError("invalid_request_error", "The request's JSON is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        request, body = _tolerant(body)
    _check(request)
    return request, body


def _tolerant(body: bytes) -> tuple[MessagesRequest, bytes]:
    try:
        try:
            return _from_fields(_FIELDS.decode(body)), body
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            mended = mend_text(body)
            return _from_fields(_FIELDS.decode(mended)), mended
    except msgspec.ValidationError as error:
        raise ClientError("invalid_request_error", _sentence(error)) from None
    except msgspec.DecodeError as error:
        raise ClientError("invalid_request_error", f"The request body is not valid JSON: {error}.") from None
    except RecursionError:
        raise ClientError("invalid_request_error", "The request's JSON is nested too deeply.") from None


def _from_fields(fields: dict[str, Raw]) -> MessagesRequest:
    values: dict[str, Any] = {}
    for name, kind in _REQUIRED.items():
        if name not in fields:
            raise msgspec.ValidationError(f"Field required - at `$.{name}`")
        values[name] = _decode(fields[name], kind, f".{name}")
    for name, kind in _TYPED.items():
        if name in fields:
            values[name] = _decode(fields[name], kind, f".{name}")
    for name in _WHOLE:
        if name in values:
            values[name] = _whole(values[name], name)
    for name, kind in _FORGIVEN.items():
        if name in fields:
            values[name] = _forgive(fields[name], kind)
    values["messages"] = [_message(m, f".messages[{i}]") for i, m in enumerate(values["messages"])]
    if isinstance(values.get("system"), list):
        blocks = [decode_block(raw, f".system[{i}]") for i, raw in enumerate(values["system"])]
        values["system"] = [block for block in blocks if isinstance(block, Text)]
    return MessagesRequest(**values)


def _whole(number: int | float | None, name: str) -> int | None:
    if isinstance(number, float) and not number.is_integer():
        raise msgspec.ValidationError(f"Expected `int`, got `float` - at `$.{name}`")
    return None if number is None else int(number)


def _message(message: _LooseMessage, path: str) -> Message:
    if isinstance(message.content, str):
        return Message(message.role, message.content)
    blocks = [decode_block(raw, f"{path}.content[{i}]") for i, raw in enumerate(message.content)]
    return Message(message.role, blocks)


def _decode(raw: Raw, kind: Any, path: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise at(path, error) from None


def _forgive(raw: Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except msgspec.ValidationError:
        return None


def _check(request: MessagesRequest) -> None:
    if not request.messages:
        raise ClientError("invalid_request_error", "messages: at least one message is required.")
    for i, message in enumerate(request.messages):
        if message.role not in _ROLES:
            raise ClientError(
                "invalid_request_error",
                f"messages[{i}].role: must be user, assistant or system, not {message.role[:40]!r}.",
            )
    if request.max_tokens is not None and request.max_tokens < 1:
        raise ClientError("invalid_request_error", "max_tokens: must be at least 1.")


def _sentence(error: msgspec.ValidationError) -> str:
    """msgspec's "Expected `str`, got `int` - at `$.messages[0].content`" as "messages[0].content: expected …"."""
    text, _, where = str(error).partition(" - at `$")
    path = where.rstrip("`").lstrip(".")
    text = text.replace("`", "")
    return f"{path}: {text[:1].lower()}{text[1:]}." if path else "The request body must be a JSON object."


_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def mend_text(body: bytes) -> bytes:
    """JSON text with every lone surrogate escape, and every byte that is not UTF-8, replaced by U+FFFD."""

    def mend(match: re.Match[bytes]) -> bytes:
        return match.group() if match.group() == rb"\\" or match.group(1) else rb"\ufffd"

    return _ESCAPES.sub(mend, body.decode("utf-8", "replace").encode())
