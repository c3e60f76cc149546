"""One attempt at a generateContent: the request's body out, the answer's decoder back."""

from typing import Any, cast
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from ccr.dialects.blocks import IdMaker, call_ids
from ccr.dialects.content import Accepts, media, system_text
from ccr.dialects.dialect import Answer, Endpoint, Inbound, Learned, Outbound
from ccr.dialects.error_body import error_text, read_failure
from ccr.dialects.gemini.contents import convert
from ccr.dialects.gemini.decoder import GeminiDecoder
from ccr.dialects.gemini.refusal import judge_refusal, read
from ccr.dialects.gemini.thinking import generation, thinking_config
from ccr.dialects.gemini.tools import NAMES, tool_config, tools
from ccr.dialects.limits import max_tokens
from ccr.dialects.refusals import Sent, told
from ccr.dialects.tool_names import ToolNames
from ccr.errors import UpstreamError
from ccr.messages.events import MessageStart, WireEvent
from ccr.messages.message import fold
from ccr.messages.request import MessagesRequest


class Gemini:
    name = "gemini"

    def call(self, inbound: Inbound, model: str, endpoint: Endpoint) -> "GeminiCall":
        return GeminiCall(inbound, model, endpoint)


class GeminiCall:
    def __init__(self, inbound: Inbound, model: str, endpoint: Endpoint) -> None:
        self._inbound = inbound
        self._endpoint = endpoint
        self._names = ToolNames(NAMES)
        body = build_body(inbound, model, endpoint, self._names)
        self._config: dict[str, Any] = body.get("generationConfig", {})
        url = address(endpoint.url, model, bool(inbound.request.stream))
        self.outbound = Outbound(url, _headers(endpoint), msgspec.json.encode(body))

    def answer(self, body: bytes) -> Answer:
        decoder = self.decoder()
        try:
            events = decoder.whole(body)
            message = fold(events)
        except msgspec.DecodeError:
            text = error_text(body) or "an empty answer"
            raise UpstreamError(
                self._endpoint.name, "body", f"provider {self._endpoint.name} did not answer as Gemini does: {text}"
            ) from None
        wire = cast(list[WireEvent], events)  # `fold` raises the error of a Failed
        return Answer(message.encode(), lambda: wire, message.usage, message.stop_reason)

    def decoder(self) -> GeminiDecoder:
        request = self._inbound.request
        tokens = self._endpoint.learned.correction.apply(self._inbound.tokens)
        # The model's name is the one that the client asked for: it drops thinking, and our signatures with it, from
        # answers of any other model (2.1.197 at once, 2.1.330 with the next question; measured).
        start = MessageStart(self._inbound.message_id, request.model, tokens)
        ids = IdMaker(self._inbound.message_id, lambda: call_ids(request), self._names.shortened)
        return GeminiDecoder(self._endpoint.name, start, ids, self._in_stream)

    def error(self, status: int, headers: dict[str, str], body: bytes) -> UpstreamError:
        return judge_refusal(
            read(self._endpoint.name, status, headers, body), self._config, self._sent(), self._endpoint.learned
        )

    def passes_header(self, name: str) -> bool:
        return False

    def _sent(self) -> Sent:
        images, files = media(self._inbound.request)
        return Sent((), self._config.get("maxOutputTokens"), images, files, self._inbound.tokens)

    def _in_stream(self, error: bytes) -> UpstreamError:
        """An error object inside a stream of status 200."""
        status = read_failure(self._endpoint.name, error).status
        refusal = read(self._endpoint.name, status, {}, b'{"error":' + error + b"}")
        if refusal.status < 500:
            failure = judge_refusal(refusal, self._config, self._sent(), self._endpoint.learned)
        else:
            failure = told(refusal)
        failure.phase = "body"
        return failure


def address(url: str, model: str, stream: bool) -> str:
    """`url` is that of the models: `https://generativelanguage.googleapis.com/v1beta/models`."""
    base, _, query = url.partition("?")
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    if query:
        method += ("&" if stream else "?") + query
    return f"{base.rstrip('/')}/{quote(model.removeprefix('models/'), safe='')}:{method}"


def build_body(inbound: Inbound, model: str, endpoint: Endpoint, names: ToolNames) -> dict[str, Any]:
    """The JSON body (ai.google.dev/api/generate-content). Order of keys: what is stable first."""
    request, learned = inbound.request, endpoint.learned
    body: dict[str, Any] = {}
    system = system_text(request.system_texts)
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    offered = tools(request, names)
    if offered:
        body["tools"] = offered
        chosen = tool_config(request, names)
        if chosen is not None:
            body["toolConfig"] = chosen
    accepts = Accepts(learned.images, learned.files)
    body["contents"] = convert(request, names, accepts, wants_signatures=generation(model) >= 3)
    config = _sampling(request)
    limit = max_tokens(request, inbound.tokens, endpoint)
    if limit is not None:
        config["maxOutputTokens"] = limit
    thinking = _without(thinking_config(request, model), learned)
    if thinking:
        config["thinkingConfig"] = thinking
    config.update(_response_format(request))
    config = _without(config, learned)
    if config:
        body["generationConfig"] = config
    return body


def _sampling(request: MessagesRequest) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if request.temperature is not None:
        wanted["temperature"] = request.temperature
    if request.top_p is not None:
        wanted["topP"] = request.top_p
    if request.top_k is not None:
        wanted["topK"] = request.top_k
    if request.stop_sequences:
        wanted["stopSequences"] = request.stop_sequences
    return wanted


def _response_format(request: MessagesRequest) -> dict[str, Any]:
    wanted = request.format
    if wanted is None or wanted.type != "json_schema" or wanted.schema is UNSET:
        return {}
    return {"responseMimeType": "application/json", "responseJsonSchema": wanted.schema}


def _without(config: dict[str, Any], learned: Learned) -> dict[str, Any]:
    """What is left of it without what this model has refused."""
    if not learned.omit:
        return config
    left = {name: value for name, value in config.items() if name not in learned.omit}
    if "responseJsonSchema" not in left:
        left.pop("responseMimeType", None)
    return left


def _headers(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if endpoint.api_key:
        headers["x-goog-api-key"] = endpoint.api_key
    headers.update({name.lower(): value for name, value in endpoint.headers.items()})
    return tuple(headers.items())
