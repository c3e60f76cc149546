"""What a request is, read from its body and headers. Pure: no clock, no memory, no configuration.

The client's hint headers say what kind of request it is; where they are missing the body's shape does, as measured with
the clients 2.1.197 and 2.1.330.
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import UNSET, Struct

from ccr.messages.blocks import Block, Image, Text, ToolResult
from ccr.messages.request import MessagesRequest

_OPENING = "<CCR-SUBAGENT-MODEL>"
TAG = re.compile(_OPENING + r"(.*?)</CCR-SUBAGENT-MODEL>\s*", re.DOTALL)
"""Names the model of a subagent, written into its prompt by the user."""

FIRST_MESSAGES = 6
"""The first two user messages lie among them: system messages may stand before and between."""

COMPACTION_OPENING = "CRITICAL: Respond with TEXT ONLY"
COMPACTION_TASK = "Your task is to create a detailed summary of"
"""Words of the client's summarising instruction, for requests without hint headers."""


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that routing decides by, besides the rules."""

    model: str
    tokens: int
    """Estimated input tokens."""
    last_input_tokens: int = 0
    """What the previous answer of this session reported; 0: not known."""
    session: str = ""
    agent: str = ""
    """Id of the subagent; empty in the main conversation."""
    request_class: str = ""
    """The client's hint: main, subagent, compaction, auxiliary …; empty without hint headers."""
    is_subagent: bool = False
    is_compaction: bool = False
    is_title: bool = False
    has_new_image: bool = False
    """The newest user message shows an image, directly or in a tool result."""
    has_web_search: bool = False
    """A `web_search_…` server tool is offered."""
    effort: str = ""
    thinking: str = ""
    """Type of the thinking asked for; empty: none."""
    thinking_budget: int = 0
    subagent_model: str = ""
    """What the tag names."""


def read_facts(request: MessagesRequest, headers: Mapping[str, str], tokens: int, last_input_tokens: int = 0) -> Facts:
    """Facts of a request. `headers` with lower-case names."""
    header = headers.get
    agent = header("x-claude-code-agent-id", "")
    request_class = header("x-claude-code-request-class", "").lower()
    thinking, config, tools = request.thinking, request.output_config, request.tools
    is_subagent = agent != "" or request_class == "subagent" or _billed_as_subagent(request)
    return Facts(
        model=request.model,
        tokens=tokens,
        last_input_tokens=last_input_tokens,
        session=session_id(request, headers),
        agent=agent,
        request_class=request_class,
        is_subagent=is_subagent,
        is_compaction=_is_compaction(request, headers, request_class),
        is_title=not tools and _is_title(request),
        has_new_image=_has_new_image(request),
        has_web_search=tools is not None and any((tool.type or "").startswith("web_search") for tool in tools),
        effort=(config.effort or "") if config is not None else "",
        thinking=thinking.type if thinking is not None else "",
        thinking_budget=(thinking.budget_tokens or 0) if thinking is not None else 0,
        subagent_model=_tag(request, is_subagent),
    )


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


def _billed_as_subagent(request: MessagesRequest) -> bool:
    texts = request.system_texts
    return bool(texts) and "cc_is_subagent=true" in texts[0][:400]


def _is_compaction(request: MessagesRequest, headers: Mapping[str, str], request_class: str) -> bool:
    if request_class:
        return request_class == "compaction"
    if "x-claude-code-compaction" in headers:
        return True
    content = request.messages[-1].content
    if type(content) is not str:
        texts = [block.text for block in content if type(block) is Text]
        content = texts[-1] if texts else ""
    return content.lstrip().startswith((COMPACTION_OPENING, COMPACTION_TASK))


class _Properties(Struct):
    properties: dict[str, msgspec.Raw] = {}


def _is_title(request: MessagesRequest) -> bool:
    """A session title or name, once it is known to offer no tools: structured output of one key."""
    wanted = request.format
    if wanted is None or wanted.schema is UNSET:
        return False
    try:
        keys = set(msgspec.json.decode(wanted.schema, type=_Properties).properties)
    except msgspec.DecodeError:
        return False
    return keys in ({"title"}, {"name"})


def _has_new_image(request: MessagesRequest) -> bool:
    """The newest user message, unless the assistant has spoken after it (a system message may follow it)."""
    for message in reversed(request.messages):
        if message.role == "assistant":
            return False
        if message.role == "user":
            return type(message.content) is not str and _has_image(message.content)
    return False


def _has_image(blocks: "str | list[Block]") -> bool:
    for block in blocks:
        # `type` and not isinstance, here and below: a miss against a Struct costs eight times as much (measured).
        kind = type(block)
        if kind is Image or (kind is ToolResult and type(block.content) is list and _has_image(block.content)):  # type: ignore[union-attr]
            return True
    return False


def _tag(request: MessagesRequest, is_subagent: bool) -> str:
    """The model named by the tag: anywhere in a system block, in one of the first two user messages.

    A main conversation holds the prompts of its subagents too; there the tag counts only where a text begins with it.
    """
    for text in request.system_texts:
        if _OPENING in text and (match := TAG.search(text)):
            return match.group(1).strip()
    users = 0
    for message in request.messages[:FIRST_MESSAGES]:
        if message.role != "user":
            continue
        content = message.content
        for block in [Text(content)] if type(content) is str else content:
            # The client's own words are passed over: a project's notes there may speak of the tag.
            if type(block) is not Text or _OPENING not in block.text or block.text.startswith("<system-reminder>"):
                continue
            match = TAG.search(block.text) if is_subagent else TAG.match(block.text.lstrip())
            if match:
                return match.group(1).strip()
        users += 1
        if users == 2:
            break
    return ""
