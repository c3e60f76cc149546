"""One target after the other, until the first content."""

import pytest

from tests.backends.fake import FakeBackend
from tests.backends.openai import Call, chunks, event, reply, whole
from tests.backends.playbook import Answer, Close, Hold, Pause, Reset, dropped, status, stream
from tests.gateway.client import Reader, messages
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, free_address, provider

ROLE_ONLY = chunks(text="x")[0]
ERROR_CHUNK = event({"error": {"message": "CUDA out of memory", "code": 500}})


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    "failure",
    [
        status(500, {"error": {"message": "busy"}}),
        status(429, {"error": {"message": "slow down"}}),
        status(401, {"error": {"message": "bad key"}}),
        status(404, {"error": {"message": "no such model"}}),
        status(503, "<html><title>down</title></html>"),
        status(200, "<html>a login page</html>"),
        dropped(Close()),
        dropped(Reset()),
        stream(Hold()),
        Answer((Hold(),), None),
    ],
    ids=[
        "500",
        "429",
        "401",
        "404",
        "503 html",
        "200 html",
        "closed",
        "reset",
        "no content in time",
        "no head in time",
    ],
)
def test_a_target_that_fails_before_content_is_followed_by_the_next(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend, failure: Answer, streamed: bool
) -> None:
    fake_backend.plays(failure)
    second_backend.plays(reply(text="from the second"))

    answer = two_backends.ask(messages(stream=streamed))

    assert answer.status == 200
    assert answer.text == "from the second"
    assert answer.headers["x-ccr-target"] == "second,b"
    assert answer.headers["x-ccr-route"] == "default"


@pytest.mark.parametrize(
    "steps",
    [(ERROR_CHUNK,), (ROLE_ONLY, ERROR_CHUNK), (ROLE_ONLY, Close()), (ROLE_ONLY, Reset()), (ROLE_ONLY,), ()],
    ids=["error", "role, then error", "cut", "reset", "end after role", "empty"],
)
def test_a_stream_that_fails_before_content_is_followed_by_the_next(
    two_backends: Gateway,
    fake_backend: FakeBackend,
    second_backend: FakeBackend,
    steps: tuple[bytes | Close | Reset, ...],
) -> None:
    fake_backend.plays(stream(*steps))
    second_backend.plays(reply(text="from the second"))

    answer = two_backends.ask(messages(stream=True))

    assert answer.text == "from the second"
    assert answer.kinds.count("message_start") == 1


def test_a_refused_connection_is_followed_by_the_next(start_gateway: StartGateway, fake_backend: FakeBackend) -> None:
    gateway = start_gateway(
        {
            "Providers": [provider("dead", free_address(), "a"), provider("second", fake_backend, "b")],
            "Router": {"default": "dead,a"},
            "fallback": {"default": ["second,b"]},
        }
    )
    fake_backend.plays(reply(text="from the second"))

    answer = gateway.ask(messages(stream=True))

    assert answer.text == "from the second"
    assert "connection refused" in gateway.lines(1)[0]["attempts"][0]["error"]


def test_a_bad_request_is_not_tried_elsewhere(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    fake_backend.plays(status(400, {"error": {"message": "tools[0] is not a tool"}}))

    answer = two_backends.ask(messages(stream=True))

    assert answer.status == 400
    assert answer.error == ("invalid_request_error", "provider first: tools[0] is not a tool")
    assert second_backend.requests == []


@pytest.mark.parametrize("end", [Close(), Reset(), Hold(), ERROR_CHUNK], ids=["cut", "reset", "silence", "error"])
def test_a_stream_that_fails_after_content_ends_in_an_error_event_and_nowhere_else(
    two_backends: Gateway,
    fake_backend: FakeBackend,
    second_backend: FakeBackend,
    end: Close | Reset | Hold | bytes,
) -> None:
    fake_backend.plays(stream(*chunks(text="Once upon a time")[:2], end))

    answer = two_backends.ask(messages(stream=True))

    assert answer.status == 200
    assert answer.kinds[-1] == "error"
    assert "message_stop" not in answer.kinds
    assert "message_delta" not in answer.kinds
    assert "provider first" in answer.events[-1]["error"]["message"]
    assert second_backend.requests == []
    assert two_backends.lines(1)[0]["error"]


def test_a_cut_inside_a_tool_call_is_an_error_event(gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps = chunks(calls=[Call("Bash", {"command": "rm -rf build"})])
    fake_backend.plays(stream(*steps[:3], Close()))

    answer = gateway.ask(messages(stream=True))

    assert answer.kinds[-1] == "error"
    assert "message_stop" not in answer.kinds


def test_a_whole_answer_that_is_cut_is_an_error(gateway: Gateway, fake_backend: FakeBackend) -> None:
    head = (("content-type", "application/json"), ("content-length", "1000"))
    fake_backend.plays(Answer((b'{"choices": [', Close()), 200, head, "close"))

    answer = gateway.ask(messages())

    assert answer.status == 502
    assert answer.error[0] == "api_error"


@pytest.mark.parametrize("streamed", [True, False])
def test_without_a_fallback_the_error_is_told(gateway: Gateway, fake_backend: FakeBackend, streamed: bool) -> None:
    fake_backend.plays(status(500, {"error": {"message": "CUDA out of memory"}}))

    answer = gateway.ask(messages(stream=streamed))

    assert answer.status == 500
    assert answer.error == ("api_error", "provider fake: CUDA out of memory")
    assert answer.headers["x-ccr-target"] == "fake,big"


def test_when_all_targets_fail_the_last_error_is_told_and_all_are_logged(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    fake_backend.plays(status(500, {"error": {"message": "busy"}}))
    second_backend.plays(status(529, {"error": {"message": "overloaded"}}))

    answer = two_backends.ask(messages(stream=True))

    assert answer.status == 529
    assert answer.error == ("overloaded_error", "provider second: overloaded")
    attempts = two_backends.lines(1)[0]["attempts"]
    assert [one["target"] for one in attempts] == ["first,a", "second,b"]
    assert all(one["error"] for one in attempts)


def test_a_refused_key_is_not_the_clients(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(401, {"error": {"message": "Incorrect API key provided"}}))

    answer = gateway.ask(messages(stream=True))

    assert answer.status == 502
    assert answer.headers["x-should-retry"] == "false"
    kind, message = answer.error
    assert kind == "api_error"
    assert "provider fake refused our key" in message


def test_retry_after_reaches_the_client(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(429, {"error": {"message": "slow down"}}, {"retry-after": "7"}))

    answer = gateway.ask(messages(stream=True))

    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.error[0] == "rate_limit_error"


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens in the messages.",
        "the request exceeds the available context size (8192 tokens), try increasing it",
    ],
)
def test_overflow_is_told_in_the_words_the_client_knows(
    gateway: Gateway, fake_backend: FakeBackend, words: str
) -> None:
    fake_backend.plays(status(400, {"error": {"message": words}}))

    kind, message = gateway.ask(messages("word " * 9000, max_tokens=None, stream=True)).error

    assert kind == "invalid_request_error"
    assert message.startswith("prompt is too long: ")
    assert message.endswith(" tokens > 8192 maximum")


def test_a_too_large_max_tokens_is_learned_and_remembered(gateway: Gateway, fake_backend: FakeBackend) -> None:
    words = "max_tokens is too large: 128000. This model supports at most 16384 completion tokens."
    fake_backend.plays(status(400, {"error": {"message": words}}), reply(text="one"), reply(text="two"))

    first = gateway.ask(messages(max_tokens=128_000, stream=True))
    second = gateway.ask(messages(max_tokens=128_000))

    assert (first.text, second.text) == ("one", "two")
    sent = [request.body["max_tokens"] for request in fake_backend.requests]
    assert sent == [128_000, 16_384, 16_384]


def test_a_refusal_that_is_repeated_is_not_asked_for_ever(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.always(status(400, {"error": {"message": "max_tokens must be at most 900 for temperature"}}))

    answer = gateway.ask(messages(temperature=0.5))

    assert answer.status == 400
    assert len(fake_backend.requests) <= 5


def test_a_json_answer_to_a_streamed_request_becomes_a_stream(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(200, whole(text="Hello", thinking="", calls=[], finish="", usage=(9, 1))))

    answer = gateway.ask(messages(stream=True))

    assert answer.text == "Hello"
    assert answer.kinds[-1] == "message_stop"


def test_a_streamed_answer_to_a_plain_request_is_folded(gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps = chunks(text="Hello", calls=[Call("Bash", {"command": "ls"})])
    fake_backend.plays(stream(*steps))

    answer = gateway.ask(messages(stream=False))

    assert answer.text == "Hello"
    assert answer.json["stop_reason"] == "tool_use"
    assert answer.json["content"][1]["input"] == {"command": "ls"}
    assert answer.json["usage"]["output_tokens"] == 20


def test_a_cut_stream_to_a_plain_request_is_an_error(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*chunks(text="Once upon a time")[:3], Close()))

    answer = gateway.ask(messages(stream=False))

    assert answer.status == 502
    assert answer.error[0] == "api_error"


def test_a_redirect_is_not_followed(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(307, "", {"location": fake_backend.url + "/elsewhere"}))

    answer = gateway.ask(messages())

    assert answer.status == 502
    assert len(fake_backend.requests) == 1


def test_a_slow_start_is_waited_for_within_the_deadline(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    first, *others = chunks(text="Hello")
    fake_backend.plays(stream(first, Pause(0.15), *others))

    assert two_backends.ask(messages(stream=True)).text == "Hello"
    assert second_backend.requests == []


def test_the_connection_to_the_backend_is_used_again(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.always(reply(text="Hello"))

    for number in range(20):
        assert gateway.ask(messages(stream=number % 3 > 0)).text == "Hello"

    # A client may be faster with its next request than the backend with the last byte of its answer.
    assert len({request.connection for request in fake_backend.requests}) <= 2


def test_the_connection_is_used_again_after_a_refusal(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(429, {"error": "slow down"}), reply(text="Hello"))

    gateway.ask(messages())
    gateway.ask(messages())

    assert {request.connection for request in fake_backend.requests} == {0}


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_a_stream_that_is_not_announced_as_one_streams_all_the_same(
    gateway: Gateway, fake_backend: FakeBackend, kind: str
) -> None:
    first, second, *others = chunks(text="Hello, world and all")
    fake_backend.plays(Answer((first, second, Hold(), *others), 200, (("content-type", kind),)))
    with Reader(gateway.port, messages(stream=True)) as reader:
        reader.until("content_block_delta")
