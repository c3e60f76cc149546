"""Anthropic Messages to Anthropic Messages: the client's own bytes out, the backend's own bytes back.

Out: only `model` and the credentials are replaced, and what is provably foreign to Anthropic (thinking that another
backend signed) is taken out; betas, query and every unknown field stay as they are.
Back: a good answer's bytes pass unchanged. Two things are mended: an error that is not of Anthropic's form or types
(vLLM, llama.cpp and proxies answer with their own), and a stream that is cut before `message_stop`.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccr.dialects.dialect import Answer, Endpoint, Inbound, Outbound
from ccr.dialects.refusals import Refusal, Sent, error_text, judge, read_refusal
from ccr.dialects.signature import PREFIX
from ccr.errors import STATUS, UpstreamError
from ccr.messages.body import replace_fields
from ccr.messages.events import Event, Failed, StopReason, Usage, Verbatim
from ccr.messages.request import mend_text

PASSED_HEADERS = ("anthropic-version", "anthropic-beta", "user-agent", "x-app", "accept")
PASSED_PREFIXES = ("anthropic-", "x-stainless-", "x-claude-")
_FOREIGN = re.compile(rf"|{PREFIX}.*|ccr_\d+|\d{{13}}|[0-9a-f]{{32}}", re.DOTALL)
"""Signatures that Anthropic did not make: none, ours, those of the npm tool, vLLM's."""


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
        refused = judge(refusal, Sent((), None, False, False, self._inbound.tokens), self._endpoint.learned)
        original = _anthropic_error(body)
        if original is not None and status != 401:
            # Its own words, unchanged: the client knows them.
            refused.message = original.error.message
            refused.error_type = original.error.type  # type: ignore[assignment]  # one of Anthropic's by the test
            refused.status = status
        passed = {name: value for name, value in headers.items() if self.passes_header(name)}
        refused.headers = {**passed, **refused.headers}
        return refused

    def passes_header(self, name: str) -> bool:
        return name in ("request-id", "x-should-retry") or name.startswith("anthropic-")


def as_stream(body: bytes) -> bytes:
    """A whole message as the events that would have told it: each block in one piece."""
    message = msgspec.json.decode(body, type=dict[str, Raw])
    blocks = msgspec.json.decode(message["content"], type=list[dict[str, Raw]])
    end = {name: message.pop(name, Raw(b"null")) for name in ("stop_reason", "stop_sequence")}
    null = Raw(b"null")
    start = {**message, "content": Raw(b"[]"), "stop_reason": null, "stop_sequence": null}
    out = [_frame("message_start", {"message": start})]
    for index, block in enumerate(blocks):
        empty, deltas = _taken_apart(block)
        out.append(_frame("content_block_start", {"index": index, "content_block": empty}))
        out += [_frame("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        out.append(_frame("content_block_stop", {"index": index}))
    out.append(_frame("message_delta", {"delta": end, "usage": message.get("usage", Raw(b"{}"))}))
    out.append(_frame("message_stop", {}))
    return b"".join(out)


def _taken_apart(block: dict[str, Raw]) -> tuple[dict[str, Raw], list[dict[str, object]]]:
    """A block as its start and its deltas: a client takes contents from deltas only."""
    empty, deltas = dict(block), list[dict[str, object]]()
    for field, kind in (("thinking", "thinking_delta"), ("signature", "signature_delta"), ("text", "text_delta")):
        if bytes(block.get(field, b""))[:1] == b'"':
            empty[field] = Raw(b'""')
            deltas.append({"type": kind, field: block[field]})
    if "input" in block:
        empty["input"] = Raw(b"{}")
        deltas.append({"type": "input_json_delta", "partial_json": bytes(block["input"]).decode()})
    return empty, deltas


def _frame(event: str, fields: Mapping[str, object]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.encode(), msgspec.json.encode({"type": event, **fields}))


def rewrite(body: bytes, model: str) -> bytes:
    """The body with another `model` and without foreign thinking; everything else keeps its exact bytes."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half a character somewhere (the client's JavaScript cut it): no JSON that Anthropic would take.
        body = mend_text(body)
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    changed = {"model": msgspec.json.encode(model)}
    if b'"thinking"' in body and "messages" in fields:
        messages = _without_foreign_thinking(fields["messages"])
        if messages is not None:
            changed["messages"] = messages
    return replace_fields(body, fields, changed)


class _Peek(Struct):
    type: str = ""
    signature: str | None = ""


def _without_foreign_thinking(messages: Raw) -> bytes | None:
    """The messages without it; None when there is none."""
    kept: list[bytes] = []
    changed = False
    for raw in msgspec.json.decode(messages, type=list[Raw]):
        message = msgspec.json.decode(raw, type=dict[str, Raw])
        content = bytes(message.get("content", b""))
        if content[:1] != b"[" or b'"thinking"' not in content:
            kept.append(bytes(raw))
            continue
        blocks = msgspec.json.decode(content, type=list[Raw])
        native = [bytes(block) for block in blocks if not _is_foreign(block)]
        changed = changed or len(native) < len(blocks)
        if native:
            kept.append(replace_fields(bytes(raw), message, {"content": b"[%b]" % b",".join(native)}))
    return b"[%b]" % b",".join(kept) if changed else None


def _is_foreign(block: Raw) -> bool:
    try:
        peek = msgspec.json.decode(block, type=_Peek)
    except msgspec.ValidationError:
        return False
    return peek.type == "thinking" and _FOREIGN.fullmatch(peek.signature or "") is not None


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


class _Delta(Struct):
    stop_reason: StopReason | str | None = None


class _StartedMessage(Struct):
    usage: Usage = Usage()


class _WireEvent(Struct):
    type: str = ""
    message: _StartedMessage | UnsetType = UNSET
    delta: _Delta | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


class _WireMessage(Struct):
    type: str
    content: list[Raw]
    usage: Raw = Raw(b"null")
    stop_reason: str | None = None
    """Passed on as it is: a new one must not spoil the answer."""


class _ErrorDetail(Struct):
    type: str
    message: str


class _ErrorBody(Struct):
    error: _ErrorDetail
    type: str


_MESSAGE = msgspec.json.Decoder(_WireMessage)
_EVENT = msgspec.json.Decoder(_WireEvent)


def _anthropic_error(body: bytes) -> _ErrorBody | None:
    """The error, when it has Anthropic's form and one of Anthropic's types."""
    try:
        error = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return error if error.type == "error" and error.error.type in STATUS else None


class PassDecoder:
    """Frames pass as they are, whole ones only: a cut inside one must not garble the error event that follows."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._tail = b""
        self.ended = False
        self.content_begun = False
        self.finished = False
        self.usage = Usage()
        self.stop_reason: StopReason | None = None

    def feed(self, data: bytes) -> list[Event]:
        if self.ended:
            return []
        buffer = self._tail + data if self._tail else data
        end = _last_boundary(buffer)
        self._tail = buffer[end:]
        if end == 0:
            return []
        return self._frames(buffer[:end])

    def finish(self) -> list[Event]:
        if self.ended:
            return []
        # The last event may lack its closing blank line.
        tail = self._tail.rstrip()
        events = self._frames(tail + b"\n\n") if tail.endswith(b"}") else []
        if self.ended:
            return events
        self.ended = True
        message = f"provider {self._provider} ended its answer before it was complete."
        return [*events, Failed(UpstreamError(self._provider, "body", message, quotes=False))]

    def _frames(self, data: bytes) -> list[Event]:
        # Deltas are the bulk: only reads with other events in them are looked at.
        for marker in _NOTABLE:
            if marker in data:
                break
        else:
            return [Verbatim(data)]
        passed = 0
        for start, end, payload in _payloads(data):
            failure = self._note(payload)
            if failure is not None:
                self.ended = True
                return [*([Verbatim(data[:start])] if start else []), Failed(failure)]
            passed = end
            if self.finished:
                self.ended = True
                break
        return [Verbatim(data[:passed] if self.ended else data)]

    def _note(self, payload: bytes) -> UpstreamError | None:
        try:
            event = _EVENT.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        match event.type:
            case "message_start" if event.message is not UNSET:
                self.usage = event.message.usage
            case "content_block_start":
                self.content_begun = True
            case "message_delta":
                self.content_begun = True
                if event.usage is not UNSET:
                    self.usage = _later(self.usage, event.usage)
                if event.delta is not UNSET and event.delta.stop_reason is not None:
                    self.stop_reason = event.delta.stop_reason  # type: ignore[assignment]
            case "message_stop":
                self.content_begun = self.finished = True
            case "error":
                return self._error(payload)
            case "" if event.error is not UNSET:  # of OpenAI's form
                return self._error(payload)
            case _:
                pass
        return None

    def _error(self, payload: bytes) -> UpstreamError:
        original = _anthropic_error(payload)
        if original is None:
            text = error_text(payload) or "an error without words"
            return UpstreamError(self._provider, "body", f"provider {self._provider}: {text}")
        refusal = Refusal(self._provider, STATUS[original.error.type], original.error.message)  # type: ignore[index]
        return UpstreamError(
            self._provider,
            "body",
            refusal.text,
            error_type=original.error.type,  # type: ignore[arg-type]  # one of Anthropic's by the test
            status=refusal.status,
            retry="never" if refusal.status in (400, 413) else "next",
        )


_NOTABLE = (b"message_", b"content_block_start", b"error")


def _last_boundary(buffer: bytes) -> int:
    """Where the last whole frame ends."""
    lf = buffer.rfind(b"\n\n")
    crlf = buffer.rfind(b"\r\n\r\n")
    return max(lf + 2 if lf >= 0 else 0, crlf + 4 if crlf >= 0 else 0)


def _payloads(data: bytes) -> Iterable[tuple[int, int, bytes]]:
    """(start of the frame, its end, its `data`) of every frame."""
    position = 0
    for match in re.finditer(rb"\r?\n\r?\n", data):
        frame = data[position : match.start()]
        lines = [line[5:].strip() for line in frame.splitlines() if line.startswith(b"data:")]
        yield position, match.end(), b"\n".join(lines)
        position = match.end()


def _usage(raw: Raw) -> Usage:
    try:
        return msgspec.json.decode(raw, type=Usage | None) or Usage()
    except msgspec.ValidationError:
        return Usage()


def _later(before: Usage, after: Usage) -> Usage:
    """Counts that the end reports replace those of the start."""
    known = {name: value for name in after.__struct_fields__ if (value := getattr(after, name)) is not None}
    return msgspec.structs.replace(before, **known)
