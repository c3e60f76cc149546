"""One attempt at a chat completion: the request's body out, the answer's decoder back."""

from typing import Any, cast

import msgspec
from msgspec import UNSET

from ccr.dialects.blocks import IdMaker, call_ids
from ccr.dialects.content import Accepts, media
from ccr.dialects.dialect import Answer, Endpoint, Inbound, Learned, Outbound
from ccr.dialects.error_body import error_text, read_failure, read_refusal
from ccr.dialects.limits import max_tokens
from ccr.dialects.openai_chat.conversation import convert
from ccr.dialects.openai_chat.decoder import ChatDecoder
from ccr.dialects.openai_chat.tools import choice, definitions
from ccr.dialects.refusals import OPTIONAL_FIELDS, Sent, judge
from ccr.dialects.signature import FIELDS
from ccr.dialects.tool_names import ToolNames
from ccr.errors import UpstreamError
from ccr.messages.events import MessageStart, WireEvent
from ccr.messages.message import fold
from ccr.messages.request import MessagesRequest

EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
"""`output_config.effort` -> `reasoning_effort`: the three words that all backends with the field understand."""


class OpenAiChat:
    name = "openai-chat"

    def call(self, inbound: Inbound, model: str, endpoint: Endpoint) -> "ChatCall":
        return ChatCall(inbound, model, endpoint)


class ChatCall:
    def __init__(self, inbound: Inbound, model: str, endpoint: Endpoint) -> None:
        self._inbound = inbound
        self._model = model
        self._endpoint = endpoint
        self._names = ToolNames()
        body = build_body(inbound, model, endpoint, self._names)
        self._body = body
        self.outbound = Outbound(endpoint.url, headers(endpoint), msgspec.json.encode(body))

    def answer(self, body: bytes) -> Answer:
        decoder = self.decoder()
        try:
            events = decoder.whole(body)
            message = fold(events)
        except msgspec.DecodeError:
            text = error_text(body) or "an empty answer"
            raise UpstreamError(
                self._endpoint.name, "body", f"provider {self._endpoint.name} did not answer with JSON: {text}"
            ) from None
        wire = cast(list[WireEvent], events)  # `fold` raises the error of a Failed
        return Answer(message.encode(), wire, message.usage, message.stop_reason)

    def decoder(self) -> ChatDecoder:
        request = self._inbound.request
        tokens = self._endpoint.learned.correction.apply(self._inbound.tokens)
        start = MessageStart(self._inbound.message_id, self._model, tokens)
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
    body: dict[str, Any] = {"model": model}
    body["messages"] = convert(request, names, Accepts(learned.images, learned.files))
    tools = definitions(request, names)
    if tools:
        body["tools"] = tools
        chosen = choice(request, names)
        if chosen is not None:
            body["tool_choice"] = chosen
        if request.tool_choice and request.tool_choice.disable_parallel_tool_use:
            body["parallel_tool_calls"] = False
    limit = max_tokens(request, inbound.tokens, endpoint)
    if limit is not None:
        body["max_completion_tokens" if learned.max_completion_tokens else "max_tokens"] = limit
    body.update(_sampling(request))
    body.update(_reasoning(request))
    body.update(_response_format(request))
    body["stream"] = bool(request.stream)
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    return _without(body, learned)


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


def _reasoning(request: MessagesRequest) -> dict[str, Any]:
    if request.thinking and request.thinking.type == "disabled":
        return {"chat_template_kwargs": {"enable_thinking": False}}
    effort = effort_of(request)
    return {"reasoning_effort": effort} if effort else {}


def effort_of(request: MessagesRequest) -> str | None:
    """Thinking as far as it is said aloud. None for `adaptive` without effort: the backend's default is right."""
    thinking = request.thinking
    if thinking is None or thinking.type == "disabled":
        return None
    if thinking.type == "enabled" and thinking.budget_tokens is not None:
        # The npm tool's steps, so that old configurations think as much as before.
        budget = thinking.budget_tokens
        return "low" if budget <= 1024 else "medium" if budget <= 8192 else "high"
    return EFFORTS.get((request.output_config and request.output_config.effort) or "")


def _response_format(request: MessagesRequest) -> dict[str, Any]:
    wanted = request.format
    if wanted is None or wanted.type != "json_schema" or wanted.schema is UNSET:
        return {}
    schema = {"name": "answer", "schema": wanted.schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _without(body: dict[str, Any], learned: Learned) -> dict[str, Any]:
    """The body without what this model has refused by name."""
    if not learned.omit:
        return body
    for message in body["messages"]:
        for name in learned.omit.intersection(FIELDS):
            message.pop(name, None)
    if "strict" in learned.omit:
        for tool in body.get("tools", []):
            tool["function"].pop("strict", None)
    return {name: value for name, value in body.items() if name not in learned.omit}


def _sent(body: dict[str, Any], inbound: Inbound) -> Sent:
    fields = {name for name in OPTIONAL_FIELDS if name in body}
    for message in body["messages"]:
        fields.update(message.keys() & FIELDS)
    if any("strict" in tool["function"] for tool in body.get("tools", [])):
        fields.add("strict")
    images, files = media(inbound.request)
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    return Sent(fields, limit, images, files, inbound.tokens)


def headers(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if endpoint.api_key:
        headers["authorization"] = f"Bearer {endpoint.api_key}"
    headers.update({name.lower(): value for name, value in endpoint.headers.items()})
    return tuple(headers.items())
