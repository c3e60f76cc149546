"""Anthropic to Anthropic: bytes pass, foreign thinking and foreign errors do not."""

import msgspec
import pytest

from ccr.dialects.anthropic.rewrite import rewrite
from ccr.errors import UpstreamError
from ccr.messages.events import Failed, Verbatim
from tests.dialects.calls import anthropic_call, failure, frame, request_body

NATIVE = b'{"type":"thinking","thinking":"a","signature":"EqQBCkYIBxgCKkD+native/=="}'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
DELTA = b'event: content_block_start\ndata: {"type":"content_block_start","index":0}\n\n'


def test_only_the_model_changes() -> None:
    body = (
        b'{ "new":[1.0, 2e5] ,"model" :\n"claude-x",  "messages":[{"role":"user","content":"\\u00e9 \\"model\\": 1"}]}'
    )
    assert rewrite(body, "other") == body.replace(b'"claude-x"', b'"other"')


@pytest.mark.parametrize("signature", [b'""', b'"ccr-thinking-v1:reasoning"', b'"' + b"0a" * 16 + b'"', b"null"])
def test_thinking_of_another_maker_is_taken_out_and_the_rest_keeps_its_bytes(signature: bytes) -> None:
    foreign = b'{"type":"thinking","thinking":"b","signature":%b},' % signature
    body = b'{"model":"m","messages":[{"role":"assistant", "content":[%b%b, {"type":"text","text":"x"}]}]}'
    # Between blocks of a list that changed, blanks are not kept: they carry no meaning.
    assert rewrite(body % (foreign, NATIVE), "m") == (body % (b"", NATIVE)).replace(b", {", b",{")


def test_native_thinking_keeps_every_byte() -> None:
    body = b'{"model":"m","messages":[{"role":"assistant", "content":[ %b ]}]}' % NATIVE
    assert rewrite(body, "m") == body


def test_half_a_character_is_mended() -> None:
    body = b'{"model":"a","messages":[{"role":"user","content":"\\ud83d"}]}'
    assert rewrite(body, "b") == b'{"model":"b","messages":[{"role":"user","content":"\\ufffd"}]}'


@pytest.mark.parametrize("error", [{"error": {"message": "boom", "type": "BadRequestError"}},
                                   {"type": "error", "error": {"type": "Strange", "message": "boom"}}])  # fmt: skip
def test_an_error_of_a_foreign_type_becomes_one_of_anthropics(error: object) -> None:
    events = anthropic_call().decoder().feed(DELTA + frame(error))
    assert events[:-1] == [Verbatim(DELTA)]
    assert "boom" in failure(events)


def test_an_error_of_anthropics_keeps_its_type_and_words() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    (event,) = anthropic_call().decoder().feed(frame(error))
    assert isinstance(event, Failed)
    assert (event.error.error_type, event.error.message) == ("overloaded_error", "Overloaded")


def test_bytes_after_message_stop_are_passed_over() -> None:
    decoder = anthropic_call().decoder()
    assert decoder.feed(DELTA + STOP + DELTA) == [Verbatim(DELTA + STOP)]
    assert decoder.feed(DELTA) == decoder.finish() == []


def test_the_last_event_may_lack_its_blank_line() -> None:
    decoder = anthropic_call().decoder()
    assert decoder.feed(STOP.rstrip()) == []
    assert decoder.finish() == [Verbatim(STOP)]
    assert decoder.finished


def test_a_whole_answer_passes_though_its_stop_reason_and_usage_are_new() -> None:
    body = b'{"type":"message","content":[],"stop_reason":"tired","usage":{"input_tokens":1.5}}'
    assert anthropic_call().answer(body).body == body


def test_an_error_answer_keeps_anthropics_words_status_and_headers() -> None:
    body = msgspec.json.encode({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}})
    error = anthropic_call().error(429, {"retry-after": "9", "request-id": "r", "server": "x"}, body)
    assert (error.message, error.error_type, error.status) == ("Slow down.", "rate_limit_error", 429)
    assert error.headers == {"retry-after": "9", "request-id": "r"}


MESSAGE = (
    b'{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3}}'
)
EVENTS = DELTA + b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n' + STOP


def test_a_message_that_was_announced_as_a_stream_is_told_as_one() -> None:
    decoder = anthropic_call().decoder()
    assert decoder.feed(MESSAGE) == []
    (event,) = decoder.finish()
    assert isinstance(event, Verbatim)
    assert event.data.endswith(STOP)
    assert (decoder.finished, decoder.stop_reason, decoder.usage.input_tokens) == (True, "end_turn", 3)


def test_a_stream_that_was_announced_as_a_message_is_a_stream() -> None:
    answer = anthropic_call(request_body(stream=True)).answer(EVENTS)
    assert answer.tell() == [Verbatim(EVENTS)]
    with pytest.raises(UpstreamError, match="ended its answer"):
        anthropic_call(request_body(stream=True)).answer(DELTA)
    with pytest.raises(UpstreamError, match="did not answer with a message"):
        anthropic_call().answer(EVENTS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "did not answer with a message: an empty answer"),
        (b"<html><title>Login</title></html>", "did not answer with a message: an HTML page (Login)"),
        (b"Internal Server Error", "did not answer with a message: Internal Server Error"),
        (b"[]", "did not answer with a message: an empty answer"),
        (b"{}", "did not answer with a message: an empty answer"),
        (b'{"type":"message"}', "did not answer with a message"),
        (b'{"detail":"boom"}', "provider backend: boom"),
        (b'{"error":"boom"}', "provider backend: boom"),
        (b'{"error":{"message":"boom","code":500}}', "provider backend: boom"),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "Overloaded"),
        (b'{"base_resp":{"status_code":1004,"status_msg":"login fail"}}', "provider backend: login fail"),
    ],
)
def test_what_is_no_message_is_an_error_that_names_the_provider(body: bytes, words: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        anthropic_call().answer(body)
    assert words in caught.value.message
    if body[:1] in (b"{", b"<"):
        decoder = anthropic_call().decoder()
        assert words in failure([*decoder.feed(body), *decoder.finish()])
        assert not decoder.finished


TOO_LONG = {
    "message": "This model's maximum context length is 32768 tokens. However, your prompt contains 40000 tokens."
}


@pytest.mark.parametrize("document", [{"error": TOO_LONG}, {"error": TOO_LONG["message"]}])
def test_an_overflow_inside_a_stream_is_told_as_one(document: object) -> None:
    events = anthropic_call().decoder().feed(DELTA + frame(document))
    assert failure(events) == "prompt is too long: 40000 tokens > 32768 maximum"
    events = anthropic_call().decoder().feed(DELTA + b"event: error\n" + frame(document))
    assert failure(events) == "prompt is too long: 40000 tokens > 32768 maximum"
