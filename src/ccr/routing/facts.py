"""What a request is, read from its body and headers. Pure: no clock, no memory, no configuration.

The client's hint headers say what kind of request it is; where they are missing the body's shape does, as measured with
the clients 2.1.197 and 2.1.330.
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import UNSET, Struct

from ccr.messages.blocks import Block, Image, Text, ToolResult
from ccr.messages.request import Message, MessagesRequest
from ccr.messages.session import session_id

TAG = re.compile(r"<CCR-SUBAGENT-MODEL>(.*?)</CCR-SUBAGENT-MODEL>\s*", re.DOTALL)
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


def read_facts(request: MessagesRequest, headers: Mapping[str, str], tokens: int) -> Facts:
    """Facts of a request. `headers` with lower-case names."""
    agent = headers.get("x-claude-code-agent-id", "")
    request_class = headers.get("x-claude-code-request-class", "").lower()
    is_subagent = bool(agent) or request_class == "subagent" or _billed_as_subagent(request)
    return Facts(
        model=request.model,
        tokens=tokens,
        session=session_id(request, headers),
        agent=agent,
        request_class=request_class,
        is_subagent=is_subagent,
        is_compaction=_is_compaction(request, headers, request_class),
        is_title=_is_title(request),
        has_new_image=_has_image(_newest_user(request)),
        has_web_search=any((tool.type or "").startswith("web_search") for tool in request.tools or []),
        effort=(request.output_config and request.output_config.effort) or "",
        thinking=request.thinking.type if request.thinking else "",
        thinking_budget=(request.thinking and request.thinking.budget_tokens) or 0,
        subagent_model=_tag(request, is_subagent),
    )


def _billed_as_subagent(request: MessagesRequest) -> bool:
    return any("cc_is_subagent=true" in text[:400] for text in request.system_texts[:1])


def _is_compaction(request: MessagesRequest, headers: Mapping[str, str], request_class: str) -> bool:
    if request_class:
        return request_class == "compaction"
    if "x-claude-code-compaction" in headers:
        return True
    texts = [block.text for block in _blocks(request.messages[-1]) if type(block) is Text]
    last = texts[-1] if texts else ""
    return last.lstrip().startswith((COMPACTION_OPENING, COMPACTION_TASK))


class _Properties(Struct):
    properties: dict[str, msgspec.Raw] = {}


def _is_title(request: MessagesRequest) -> bool:
    """A session title or name: no tools, and structured output of one key."""
    wanted = request.format
    if request.tools or wanted is None or wanted.schema is UNSET:
        return False
    try:
        keys = set(msgspec.json.decode(wanted.schema, type=_Properties).properties)
    except msgspec.DecodeError:
        return False
    return keys in ({"title"}, {"name"})


def _newest_user(request: MessagesRequest) -> Message | None:
    """The newest user message, unless the assistant has spoken after it (a system message may follow it)."""
    for message in reversed(request.messages):
        if message.role == "user":
            return message
        if message.role == "assistant":
            return None
    return None


def _has_image(message: Message | None) -> bool:
    if message is None or isinstance(message.content, str):
        return False
    # `type` and not isinstance, here and below: a miss against a Struct costs eight times as much (measured).
    return any(
        type(one) is Image
        for block in message.content
        for one in (block, *(_blocks(block) if type(block) is ToolResult else ()))
    )


def _blocks(holder: Message | ToolResult) -> list[Block]:
    content = holder.content
    if content is None:
        return []
    return [Text(content)] if isinstance(content, str) else content


def _tag(request: MessagesRequest, is_subagent: bool) -> str:
    """The model named by the tag: anywhere in a system block, in one of the first two user messages.

    A main conversation holds the prompts of its subagents too; there the tag counts only where a text begins with it.
    """
    for text in request.system_texts:
        if match := TAG.search(text):
            return match.group(1).strip()
    users = [message for message in request.messages[:FIRST_MESSAGES] if message.role == "user"][:2]
    for message in users:
        for block in _blocks(message):
            text = block.text if type(block) is Text else ""
            if text.startswith("<system-reminder>"):
                continue  # the client's own words; a project's notes there may speak of the tag
            match = TAG.search(text) if is_subagent else TAG.match(text.lstrip())
            if match:
                return match.group(1).strip()
    return ""
