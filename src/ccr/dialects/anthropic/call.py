"""One attempt at an endpoint that speaks the client's own language."""

from ccr.dialects.anthropic.decoder import PassDecoder
from ccr.dialects.anthropic.error import anthropic_error
from ccr.dialects.anthropic.rewrite import rewrite
from ccr.dialects.anthropic.whole import as_stream, read_message
from ccr.dialects.dialect import Answer, Endpoint, Inbound, Outbound
from ccr.dialects.error_body import error_text, read_failure, read_refusal
from ccr.dialects.refusals import Sent, judge
from ccr.errors import STATUS, UpstreamError
from ccr.messages.events import Failed, Verbatim, WireEvent
from ccr.messages.sse import is_stream

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
        if is_stream(body) and self._inbound.request.stream:
            return self._streamed(body)
        message = read_message(body)
        if message is None:
            raise self._explain(body)
        return Answer(body, lambda: [Verbatim(as_stream(body))], message.reported, message.stop_reason)  # type: ignore[arg-type]

    def _streamed(self, body: bytes) -> Answer:
        """A stream that was not announced as one."""
        decoder = self.decoder()
        events: list[WireEvent] = []
        for event in [*decoder.feed(body), *decoder.finish()]:
            if isinstance(event, Failed):
                raise event.error
            events.append(event)
        return Answer(body, lambda: events, decoder.usage, decoder.stop_reason)

    def decoder(self) -> PassDecoder:
        return PassDecoder(self._endpoint.name, self._explain)

    def _explain(self, body: bytes) -> UpstreamError:
        """What came with status 200 and is no message."""
        name = self._endpoint.name
        original = anthropic_error(body)
        if original is not None:
            status = STATUS[original.error.type]  # type: ignore[index]  # one of Anthropic's by the test
            return UpstreamError(
                name,
                "body",
                original.error.message,
                error_type=original.error.type,  # type: ignore[arg-type]
                status=status,
                retry="never" if status in (400, 413) else "next",
            )
        text = error_text(body)
        if not text or body[:1] != b"{":
            what = f"provider {name} did not answer with a message: {text or 'an empty answer'}"
            return UpstreamError(name, "body", what)
        failure = judge(read_failure(name, body), self._sent(), self._endpoint.learned)
        failure.phase = "body"
        return failure

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
