"""Content blocks of a request, one struct per `type` (docs.anthropic.com, "Messages": content blocks).

`cache_control` and other fields that no translation uses are not named here: the body's own bytes are kept beside
the decoded request, and an Anthropic upstream is sent those.
"""

import msgspec
from msgspec import Raw, Struct


class Text(Struct, tag="text", gc=False):
    text: str


class Base64Source(Struct, tag="base64", gc=False):
    data: str
    media_type: str = "application/octet-stream"


class UrlSource(Struct, tag="url", gc=False):
    url: str


class TextSource(Struct, tag="text", gc=False):
    data: str
    media_type: str = "text/plain"


class FileSource(Struct, tag="file", gc=False):
    file_id: str


class ContentSource(Struct, tag="content"):
    content: "str | list[Text | Image]"


class Image(Struct, tag="image"):
    source: Base64Source | UrlSource | FileSource


class Document(Struct, tag="document"):
    source: Base64Source | UrlSource | TextSource | FileSource | ContentSource
    title: str | None = None
    context: str | None = None


class Thinking(Struct, tag="thinking", gc=False):
    thinking: str
    signature: str = ""
    """Empty: unsigned, so not made by Anthropic."""


class RedactedThinking(Struct, tag="redacted_thinking", gc=False):
    data: str


class ToolUse(Struct, tag="tool_use"):
    id: str
    name: str
    input: Raw = Raw(b"{}")
    """The arguments as the client wrote them."""


class ToolReference(Struct, tag="tool_reference", gc=False):
    """Result of the client's tool search: this deferred tool is loaded now."""

    tool_name: str


class Unknown(Struct, tag="\x00unknown"):
    """A block of a type that this version does not know. Its JSON is kept."""

    name: str
    """The block's `type`."""
    raw: Raw


class ToolResult(Struct, tag="tool_result"):
    tool_use_id: str
    content: "str | list[Block] | None" = None
    is_error: bool | None = None


Block = Text | Image | Document | Thinking | RedactedThinking | ToolUse | ToolResult | ToolReference | Unknown


class _Peek(Struct):
    type: str


class _LooseToolResult(Struct, tag="tool_result"):
    tool_use_id: str
    content: str | list[Raw] | None = None
    is_error: bool | None = None


_PEEK = msgspec.json.Decoder(_Peek)
_KNOWN: list[type[Struct]] = [
    Text, Image, Document, Thinking, RedactedThinking, ToolUse, _LooseToolResult, ToolReference,
]  # fmt: skip
_DECODERS = {str(kind.__struct_config__.tag): msgspec.json.Decoder(kind) for kind in _KNOWN}


def decode_block(raw: Raw, path: str) -> Block:
    """One block, tolerantly: an unknown type, or an unknown kind of source, is kept as `Unknown`.

    Raises msgspec.ValidationError, naming `path`, where a known block lacks what it must have.
    """
    try:
        tag = _PEEK.decode(raw).type
        decoder = _DECODERS.get(tag)
        block = decoder.decode(raw) if decoder else Unknown(tag, Raw(bytes(raw)))
    except msgspec.ValidationError as error:
        if str(error).startswith("Invalid value") and ".type`" in str(error):  # a new kind, also further in
            return Unknown(tag, Raw(bytes(raw)))
        raise at(path, error) from None
    if not isinstance(block, _LooseToolResult):
        return block  # type: ignore[return-value]  # the table above holds blocks only
    content: str | list[Block] | None = None
    if isinstance(block.content, list):
        content = [decode_block(item, f"{path}.content[{i}]") for i, item in enumerate(block.content)]
    else:
        content = block.content
    return ToolResult(block.tool_use_id, content, block.is_error)


def at(path: str, error: msgspec.ValidationError) -> msgspec.ValidationError:
    """The same complaint with its whole path in front."""
    text, _, where = str(error).partition(" - at `$")
    return msgspec.ValidationError(f"{text} - at `${path}{where.rstrip('`')}`")
