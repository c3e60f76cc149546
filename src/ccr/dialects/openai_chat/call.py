"""One attempt at a chat completion: the request's body out, the answer's decoder back."""

from collections.abc import Set
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from ccr.dialects.blocks import IdMaker, call_ids
from ccr.dialects.content import Accepts, media
from ccr.dialects.dialect import Answer, Endpoint, Inbound, Learned, Outbound
from ccr.dialects.error_body import error_text, read_failure, read_refusal
from ccr.dialects.limits import max_tokens
from ccr.dialects.openai_chat.conversation import convert
from ccr.dialects.openai_chat.decoder import ChatDecoder
from ccr.dialects.openai_chat.effort import thinking_fields
from ccr.dialects.openai_chat.flags import Flags, read_flags
from ccr.dialects.openai_chat.reshape import add_marks, add_schema, reshape, without_thinking
from ccr.dialects.openai_chat.session import session_fields, session_headers
from ccr.dialects.openai_chat.tools import choice, definitions
from ccr.dialects.refusals import OPTIONAL_FIELDS, Sent, judge
from ccr.dialects.signature import FIELDS
from ccr.dialects.tool_names import ToolNames
from ccr.errors import UpstreamError
from ccr.messages.events import MessageStart
from ccr.messages.message import tell
from ccr.messages.request import MessagesRequest


class OpenAiChat:
    name = "openai-chat"

    def call(self, inbound: Inbound, model: str, endpoint: Endpoint) -> "ChatCall":
        return ChatCall(inbound, model, endpoint)


class ChatCall:
    def __init__(self, inbound: Inbound, model: str, endpoint: Endpoint) -> None:
        self._inbound = inbound
        self._endpoint = endpoint
        self._names = ToolNames()
        body = build_body(inbound, model, endpoint, self._names)
        self._body = body
        self.outbound = Outbound(endpoint.url, headers(inbound, endpoint), msgspec.json.encode(body))

    def answer(self, body: bytes) -> Answer:
        decoder = self.decoder()
        try:
            message = decoder.whole(body)
        except msgspec.DecodeError:
            text = error_text(body) or "an empty answer"
            raise UpstreamError(
                self._endpoint.name, "body", f"provider {self._endpoint.name} did not answer with JSON: {text}"
            ) from None
        return Answer(message.encode(), lambda: tell(message, decoder.estimate), message.usage, message.stop_reason)

    def decoder(self) -> ChatDecoder:
        request = self._inbound.request
        tokens = self._endpoint.learned.correction.apply(self._inbound.tokens)
        # The model's name is the one that the client asked for: it drops thinking, and our signatures with it, from
        # answers of any other model (2.1.197 at once, 2.1.330 with the next question; measured).
        start = MessageStart(self._inbound.message_id, request.model, tokens)
        ids = IdMaker(self._inbound.message_id, lambda: call_ids(request), self._names.shortened)
        return ChatDecoder(self._endpoint.name, start, ids, request.stop_sequences or [], self._in_stream)

    def error(self, status: int, headers: dict[str, str], body: bytes) -> UpstreamError:
        refusal = read_refusal(self._endpoint.name, status, headers, body)
        return judge(refusal, _sent(self._body, self._inbound), self._endpoint.learned)

    def passes_header(self, name: str) -> bool:
        return False

    def _in_stream(self, error: bytes) -> UpstreamError:
        """An error object inside a stream of status 200."""
        refusal = read_failure(self._endpoint.name, error)
        failure = judge(refusal, _sent(self._body, self._inbound), self._endpoint.learned)
        failure.phase = "body"
        return failure


def build_body(inbound: Inbound, model: str, endpoint: Endpoint, names: ToolNames) -> dict[str, Any]:
    """The JSON body. Order of keys: what is stable first."""
    request, learned = inbound.request, endpoint.learned
    flags, omitted = read_flags(endpoint.flags)
    body: dict[str, Any] = {"model": model}
    body["messages"] = _messages(request, learned, names, flags)
    tools = definitions(request, names)
    chosen = _tool_choice(request, names, flags) if tools else None
    if tools:
        body["tools"] = tools
        if chosen is not None:
            body["tool_choice"] = chosen
        if request.tool_choice and request.tool_choice.disable_parallel_tool_use:
            body["parallel_tool_calls"] = False
    limit = max_tokens(request, inbound.tokens, endpoint)
    if limit is not None:
        renamed = learned.max_completion_tokens or flags.max_completion_tokens
        body["max_completion_tokens" if renamed else "max_tokens"] = limit
    body.update(_sampling(request))
    body.update(thinking_fields(request, flags, forced=chosen not in (None, "none")))
    body.update(_response_format(request, flags))
    body["stream"] = bool(request.stream)
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    if endpoint.flags:
        body.update(_extras(request, flags))
        body.update(session_fields(inbound, flags))
    return _without(body, learned.omit | omitted if omitted else learned.omit)


def _messages(request: MessagesRequest, learned: Learned, names: ToolNames, flags: Flags) -> list[dict[str, Any]]:
    if flags.drop_reasoning:
        request = without_thinking(request)
    images, files = learned.images and not flags.text_only, learned.files and not flags.text_only
    messages = convert(request, names, Accepts(images, files, not flags.no_image_urls))
    messages = reshape(messages, flags)
    schema = _schema(request)
    if schema is not None and flags.json_object:
        add_schema(messages, schema)
    if flags.cache_marks:
        add_marks(messages)
    return messages


def _tool_choice(request: MessagesRequest, names: ToolNames, flags: Flags) -> str | dict[str, Any] | None:
    chosen = choice(request, names)
    if chosen is None or chosen == "none":
        return chosen
    free = flags.auto_choice_only or (flags.auto_choice_while_thinking and flags.no_off)
    return None if free else chosen


def _extras(request: MessagesRequest, flags: Flags) -> dict[str, Any]:
    """Fields that only one provider each has."""
    extras: dict[str, Any] = {}
    if flags.parsed_reasoning:
        extras["reasoning_format"] = "parsed"
    if flags.split_reasoning:
        extras["reasoning_split"] = True
    if flags.tool_stream and request.stream and request.tools:
        extras["tool_stream"] = True
    return extras


def _sampling(request: MessagesRequest) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if request.temperature is not None:
        wanted["temperature"] = request.temperature
    if request.top_p is not None:
        wanted["top_p"] = request.top_p
    if request.top_k is not None:
        wanted["top_k"] = request.top_k
    if request.stop_sequences:
        wanted["stop"] = request.stop_sequences
    return wanted


def _response_format(request: MessagesRequest, flags: Flags) -> dict[str, Any]:
    schema = _schema(request)
    if schema is None:
        return {}
    if flags.json_object:
        return {"response_format": {"type": "json_object"}}
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    }


def _schema(request: MessagesRequest) -> Raw | None:
    wanted = request.format
    if wanted is None or wanted.type != "json_schema" or wanted.schema is UNSET:
        return None
    return wanted.schema


def _without(body: dict[str, Any], omit: Set[str]) -> dict[str, Any]:
    """The body without what this model has refused by name, or is known to refuse."""
    if not omit:
        return body
    for message in body["messages"]:
        for name in omit & frozenset(FIELDS):
            message.pop(name, None)
    if "strict" in omit:
        for tool in body.get("tools", []):
            tool["function"].pop("strict", None)
    return {name: value for name, value in body.items() if name not in omit}


def _sent(body: dict[str, Any], inbound: Inbound) -> Sent:
    fields = {name for name in OPTIONAL_FIELDS if name in body}
    for message in body["messages"]:
        fields.update(message.keys() & FIELDS)
    if any("strict" in tool["function"] for tool in body.get("tools", [])):
        fields.add("strict")
    images, files = media(inbound.request)
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    return Sent(fields, limit, images, files, inbound.tokens)


def headers(inbound: Inbound, endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    flags, _ = read_flags(endpoint.flags)
    if endpoint.api_key and flags.api_key_header:
        headers["api-key"] = endpoint.api_key
    elif endpoint.api_key:
        headers["authorization"] = f"Bearer {endpoint.api_key}"
    if endpoint.flags:
        headers.update(session_headers(inbound, flags))
    headers.update({name.lower(): value for name, value in endpoint.headers.items()})
    return tuple(headers.items())
