"""Anthropic to Anthropic: bytes pass, foreign thinking and foreign errors do not."""

import msgspec
import pytest

from ccr.dialects.anthropic.rewrite import rewrite
from ccr.messages.events import Failed, Verbatim
from tests.dialects.calls import anthropic_call, failure, frame

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
