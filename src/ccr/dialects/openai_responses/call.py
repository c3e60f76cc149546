"""One attempt at a response: the request's body out, the answer's decoder back."""

from typing import Any, cast

import msgspec
from msgspec import UNSET

from ccr.dialects.blocks import IdMaker, call_ids
from ccr.dialects.content import Accepts, media, system_text
from ccr.dialects.dialect import Answer, Endpoint, Inbound, Outbound
from ccr.dialects.error_body import error_text, read_failure, read_refusal
from ccr.dialects.limits import max_tokens
from ccr.dialects.openai_chat.call import headers
from ccr.dialects.openai_chat.effort import effort_word, least_effort, wanted_effort
from ccr.dialects.openai_chat.flags import Flags, read_flags
from ccr.dialects.openai_chat.session import conversation_key
from ccr.dialects.openai_responses.decoder import ResponsesDecoder
from ccr.dialects.openai_responses.items import convert
from ccr.dialects.openai_responses.tools import WEB_SEARCH, choice, definitions
from ccr.dialects.refusals import OPTIONAL_FIELDS, Sent, judge
from ccr.dialects.tool_names import ToolNames
from ccr.errors import UpstreamError
from ccr.messages.events import MessageStart, WireEvent
from ccr.messages.message import fold
from ccr.messages.request import MessagesRequest

LEAST_OUTPUT = 16
"""OpenAI: "Expected a value >= 16" for `max_output_tokens`. The client probes models with 1."""
_FIELD_OF = {"reasoning.encrypted_content": "include", "text.format": "text"}
"""What refusals name -> the field that goes with it."""


class OpenAiResponses:
    name = "openai-responses"

    def call(self, inbound: Inbound, model: str, endpoint: Endpoint) -> "ResponsesCall":
        return ResponsesCall(inbound, model, endpoint)


class ResponsesCall:
    def __init__(self, inbound: Inbound, model: str, endpoint: Endpoint) -> None:
        self._inbound = inbound
        self._model = model
        self._endpoint = endpoint
        self._names = ToolNames()
        body = build_body(inbound, model, endpoint, self._names)
        self._body = body
        self.outbound = Outbound(endpoint.url, headers(inbound, endpoint), msgspec.json.encode(body))

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
        return Answer(message.encode(), lambda: wire, message.usage, message.stop_reason)

    def decoder(self) -> ResponsesDecoder:
        request, endpoint = self._inbound.request, self._endpoint
        tokens = endpoint.learned.correction.apply(self._inbound.tokens)
        # The client drops thinking from answers of any model but the one that it asked for.
        start = MessageStart(self._inbound.message_id, request.model, tokens)
        ids = IdMaker(self._inbound.message_id, lambda: call_ids(request), self._names.shortened)
        limit = self._body.get("max_output_tokens")
        return ResponsesDecoder(endpoint.name, start, ids, origin(endpoint, self._model), limit, self._in_stream)

    def error(self, status: int, headers: dict[str, str], body: bytes) -> UpstreamError:
        refusal = read_refusal(self._endpoint.name, status, headers, body)
        return judge(refusal, self._sent(), self._endpoint.learned)

    def passes_header(self, name: str) -> bool:
        return False

    def _in_stream(self, error: bytes) -> UpstreamError:
        """An error object inside a stream of status 200."""
        failure = judge(read_failure(self._endpoint.name, error), self._sent(), self._endpoint.learned)
        failure.phase = "body"
        return failure

    def _sent(self) -> Sent:
        images, files = media(self._inbound.request)
        limit = self._body.get("max_output_tokens")
        return Sent(_optional_fields(self._body), limit, images, files, self._inbound.tokens)


def origin(endpoint: Endpoint, model: str) -> str:
    """Whose reasoning it is."""
    return f"{endpoint.name},{model}"


def build_body(inbound: Inbound, model: str, endpoint: Endpoint, names: ToolNames) -> dict[str, Any]:
    """The JSON body. Order of keys: what is stable first. `top_k` and `stop_sequences` have no counterpart."""
    request, learned = inbound.request, endpoint.learned
    flags, omitted = read_flags(endpoint.flags)
    omit = learned.omit | omitted if omitted else learned.omit
    body: dict[str, Any] = {"model": model}
    instructions = system_text(request.system_texts)
    if instructions:
        body["instructions"] = instructions
    images, files = learned.images and not flags.text_only, learned.files and not flags.text_only
    accepts = Accepts(images, files, not flags.no_image_urls)
    body["input"] = convert(request, names, accepts, origin(endpoint, model))
    tools = [tool for tool in definitions(request, names) if tool["type"] not in omit]
    if tools:
        body["tools"] = tools
        chosen = choice(request, names)
        if chosen is not None:
            body["tool_choice"] = chosen
        if request.tool_choice and request.tool_choice.disable_parallel_tool_use:
            body["parallel_tool_calls"] = False
    limit = max_tokens(request, inbound.tokens, endpoint)
    if limit is not None:
        body["max_output_tokens"] = max(limit, LEAST_OUTPUT)
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    body.update(_reasoning(request, flags))
    body.update(_text(request))
    # Nothing stays at the provider; the reasoning comes to us encrypted instead.
    body["store"] = False
    if not flags.no_effort:  # a model that does not reason refuses it
        body["include"] = ["reasoning.encrypted_content"]
    if key := conversation_key(inbound):
        # Requests of one conversation share a prefix: the key sends them to the machine that has it cached.
        body["prompt_cache_key"] = key
    body["stream"] = bool(request.stream)
    return _without(body, omit) if omit else body


def _reasoning(request: MessagesRequest, flags: Flags) -> dict[str, Any]:
    """Effort as far as it is said aloud, and a summary to show."""
    if request.thinking is None or flags.no_effort:
        return {}
    if request.thinking.type == "disabled":
        # Where nothing is known of the model, what most of them take: `none` and `minimal` are each refused by some.
        least = least_effort(flags) if flags.off_is_none or flags.off_is_minimal else "low"
        return {} if flags.no_off else {"reasoning": {"effort": least}}
    reasoning = {"summary": "auto"}
    if effort := wanted_effort(request):
        reasoning["effort"] = effort_word(effort, flags)
    return {"reasoning": reasoning}


def _text(request: MessagesRequest) -> dict[str, Any]:
    wanted = request.format
    if wanted is None or wanted.type != "json_schema" or wanted.schema is UNSET:
        return {}
    return {"text": {"format": {"type": "json_schema", "name": "answer", "schema": wanted.schema, "strict": True}}}


def _without(body: dict[str, Any], omit: set[str]) -> dict[str, Any]:
    """The body without what this model has refused by name."""
    if "encrypted_content" in omit:
        body["input"] = [item for item in body["input"] if "encrypted_content" not in item]
    if "reasoning.summary" in omit:
        body.get("reasoning", {}).pop("summary", None)
    if "strict" in omit:
        for tool in body.get("tools", []):
            tool.pop("strict", None)
    absent = {_FIELD_OF.get(name, name) for name in omit}
    return {name: value for name, value in body.items() if name not in absent and value != {}}


def _optional_fields(body: dict[str, Any]) -> set[str]:
    """Names of what a second try can do without."""
    fields = {name for name in OPTIONAL_FIELDS if name in body}
    tools = body.get("tools", [])
    nested = {
        "reasoning.summary": "summary" in body.get("reasoning", {}),
        "text.format": "text" in body,
        "reasoning.encrypted_content": "include" in body,
        "encrypted_content": any("encrypted_content" in item for item in body["input"]),
        "strict": any("strict" in tool for tool in tools),
        WEB_SEARCH: any(tool["type"] == WEB_SEARCH for tool in tools),
    }
    return fields | {name for name, is_sent in nested.items() if is_sent}
