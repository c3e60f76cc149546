"""One attempt at an endpoint that speaks the client's own language."""

import msgspec
from msgspec import Raw, Struct

from ccr.dialects.anthropic.decoder import PassDecoder
from ccr.dialects.anthropic.error import anthropic_error
from ccr.dialects.anthropic.rewrite import rewrite
from ccr.dialects.anthropic.whole import as_stream
from ccr.dialects.dialect import Answer, Endpoint, Inbound, Outbound
from ccr.dialects.error_body import error_text, read_refusal
from ccr.dialects.refusals import Sent, judge
from ccr.errors import UpstreamError
from ccr.messages.events import Usage, Verbatim

PASSED_HEADERS = ("anthropic-version", "anthropic-beta", "user-agent", "x-app", "accept")
PASSED_PREFIXES = ("anthropic-", "x-stainless-", "x-claude-")


class Anthropic:
    name = "anthropic"

    def call(self, inbound: Inbound, model: str, endpoint: Endpoint) -> "MessagesCall":
        return MessagesCall(inbound, model, endpoint)


class MessagesCall:
    def __init__(self, inbound: Inbound, model: str, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._inbound = inbound
        url = endpoint.url + (f"?{inbound.query}" if inbound.query else "")
        self.outbound = Outbound(url, _headers(inbound, endpoint), rewrite(inbound.body, model))

    def answer(self, body: bytes) -> Answer:
        try:
            message = _MESSAGE.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            name, text = self._endpoint.name, error_text(body) or "an empty answer"
            raise UpstreamError(name, "body", f"provider {name} did not answer with a message: {text}") from None
        usage = _usage(message.usage)
        return Answer(body, [Verbatim(as_stream(body))], usage, message.stop_reason)  # type: ignore[arg-type]

    def decoder(self) -> "PassDecoder":
        return PassDecoder(self._endpoint.name)

    def error(self, status: int, headers: dict[str, str], body: bytes) -> UpstreamError:
        refusal = read_refusal(self._endpoint.name, status, headers, body)
        refused = judge(refusal, self._sent(), self._endpoint.learned)
        original = anthropic_error(body)
        if original is not None and status != 401:
            # Its own words, unchanged: the client knows them.
            refused.message = original.error.message
            refused.error_type = original.error.type  # type: ignore[assignment]  # one of Anthropic's by the test
            refused.status = status
        passed = {name: value for name, value in headers.items() if self.passes_header(name)}
        refused.headers = {**passed, **refused.headers}
        return refused

    def _sent(self) -> Sent:
        return Sent((), self._inbound.request.max_tokens, False, False, self._inbound.tokens, is_verbatim=True)

    def passes_header(self, name: str) -> bool:
        return name in ("request-id", "x-should-retry") or name.startswith("anthropic-")


def _headers(inbound: Inbound, endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    headers = {
        name: value
        for name, value in inbound.headers.items()
        if name in PASSED_HEADERS or name.startswith(PASSED_PREFIXES)
    }
    headers.setdefault("anthropic-version", "2023-06-01")
    headers["content-type"] = "application/json"
    if endpoint.api_key and endpoint.use_bearer:
        headers["authorization"] = f"Bearer {endpoint.api_key}"
    elif endpoint.api_key:
        headers["x-api-key"] = endpoint.api_key
    headers.update({name.lower(): value for name, value in endpoint.headers.items()})
    return tuple(headers.items())


class _WireMessage(Struct):
    type: str
    content: list[Raw]
    usage: Raw = Raw(b"null")
    stop_reason: str | None = None
    """Passed on as it is: a new one must not spoil the answer."""


_MESSAGE = msgspec.json.Decoder(_WireMessage)


def _usage(raw: Raw) -> Usage:
    try:
        return msgspec.json.decode(raw, type=Usage | None) or Usage()
    except msgspec.ValidationError:
        return Usage()
