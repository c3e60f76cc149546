"""What the real client makes of a backend in trouble."""

import http.client
import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.backends.fake import FakeBackend, Request
from tests.backends.openai import Call, chunks, reply
from tests.backends.playbook import Close, Hold, Pause, Reset, Step, dropped, status, stream
from tests.e2e.client import Claude
from tests.e2e.conftest import StartRouter
from tests.e2e.router import Router, provider

pytestmark = pytest.mark.e2e

JSON = {"content-type": "application/json"}
LONG = "These are the words of an answer that is long enough to come in many pieces."


def test_an_error_of_the_backend_is_retried_until_it_has_passed(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(500, {"error": {"message": "out of memory"}}), reply(text="Here I am again."))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == "Here I am again."
    assert len(fake_backend.requests) == 2


def test_an_html_error_page_is_an_error_like_any_other(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(502, "<html><body>Bad Gateway</body></html>"), reply(text="Here I am again."))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == "Here I am again."


@pytest.mark.parametrize("death", [Close(), Reset()], ids=["closed", "reset"])
def test_half_an_answer_is_never_taken_for_a_whole_one(
    claude: Claude, fake_backend: FakeBackend, death: Close | Reset
) -> None:
    half = chunks(text=LONG)[:4]
    fake_backend.plays(stream(*half, death), reply(text=LONG))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == LONG


@pytest.mark.parametrize("death", [Close(), Reset()], ids=["closed", "reset"])
def test_half_a_tool_call_never_runs(claude: Claude, fake_backend: FakeBackend, death: Close | Reset) -> None:
    call = Call("Bash", {"command": "echo ran >> ran.txt", "description": "note"})
    half = chunks(calls=[call])[:4]
    fake_backend.plays(stream(*half, death), reply(calls=[call]), reply(text="Done."))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert (claude.work / "ran.txt").read_text() == "ran\n"


def test_a_connection_that_dies_before_its_answer_is_tried_again(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(dropped(Reset()), reply(text="Here I am."))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == "Here I am."


def test_an_error_within_the_stream_is_not_a_success(claude: Claude, fake_backend: FakeBackend) -> None:
    error = b'data: {"error": {"code": 500, "message": "the engine died", "type": "server_error"}}\n\n'
    fake_backend.plays(stream(*chunks(text=LONG)[:4], error), reply(text=LONG))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == LONG


def test_a_refused_key_is_told_once_and_not_retried(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.always(status(401, {"error": {"message": "Incorrect API key provided: key-of-fake"}}))

    outcome = claude.run("Hello")

    assert outcome.exit_code == 1
    assert "fake" in outcome.text
    assert "key-of-fake" not in outcome.text
    assert len(fake_backend.requests) == 1
    assert outcome.seconds < 15


def test_an_overflow_makes_the_client_compact_and_go_on(claude: Claude, fake_backend: FakeBackend) -> None:
    call = Call("Bash", {"command": "echo hello", "description": "say hello"})
    fake_backend.plays(reply(text="First.", calls=[call]), reply(text="One is done."))
    claude.run("Do the first thing.").assert_success()
    message = "This model's maximum context length is 32768 tokens. However, your request has 33782 input tokens."
    too_long = {"error": {"message": message, "type": "BadRequestError", "param": "input_tokens", "code": 400}}
    fake_backend.when(is_compaction).plays(reply(text="<analysis>a</analysis><summary>One was done.</summary>"))
    fake_backend.plays(status(400, too_long), reply(text="Two is done."))

    outcome = claude.run("Do the second thing.", "--continue")

    outcome.assert_success()
    assert outcome.text == "Two is done."
    assert len(fake_backend.of(is_compaction)) == 1
    assert "One was done." in json.dumps(fake_backend.requests[-1].body["messages"])


def is_compaction(request: Request) -> bool:
    return "Respond with TEXT ONLY" in json.dumps(request.body["messages"][-1])


def test_the_next_model_of_a_fallback_list_answers(
    start_router: StartRouter, claude_current: Path, fake_backend: FakeBackend
) -> None:
    router = start_router(
        {
            "Providers": [provider("fake", fake_backend, "first", "second")],
            "Router": {"default": "fake,first"},
            "fallback": {"default": ["fake,second"]},
        }
    )
    fake_backend.when(lambda request: request.body["model"] == "first").always(status(503, {"error": "busy"}))
    fake_backend.plays(reply(text="The second one speaks."))

    outcome = Claude(claude_current, router).run("Hello")

    outcome.assert_success()
    assert outcome.text == "The second one speaks."
    assert [request.body["model"] for request in fake_backend.requests] == ["first", "second"]


def test_a_slow_start_is_bridged(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Good things take time.", delay=12))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == "Good things take time."
    assert len(fake_backend.requests) == 1


def test_a_ping_comes_within_ten_seconds(ccr_server: Router, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Late.", delay=11))
    began = time.monotonic()

    with connect(ccr_server) as connection:
        connection.request("POST", "/v1/messages", request_body(stream=True), JSON)
        with connection.getresponse() as answer:
            first = answer.readline()
            waited = time.monotonic() - began
            rest = answer.read()

    assert (answer.status, first) == (200, b"event: ping\n")
    assert 5 < waited < 10.5
    assert b"Late." in rest


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_a_client_that_leaves_takes_the_upstream_request_along(
    ccr_server: Router, fake_backend: FakeBackend, streamed: bool
) -> None:
    silence: tuple[Step, ...] = (Pause(30), Hold())
    fake_backend.plays(stream(*silence))
    with connect(ccr_server) as connection:
        connection.request("POST", "/v1/messages", request_body(streamed), JSON)
        (request,) = fake_backend.wait_for(1)
        began = time.monotonic()

    assert request.left_within(5)
    assert request.left_at is not None
    assert request.left_at - began < 1


def test_the_real_client_that_is_killed_takes_its_request_along(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*chunks(text=LONG)[:4], Hold()))
    process = claude.start("Hello")
    (request,) = fake_backend.wait_for(1, seconds=20)

    process.terminate()

    assert request.left_within(10)
    process.communicate(timeout=10)


def connect(router: Router) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", router.port, timeout=30))


def request_body(stream: bool) -> str:
    messages = [{"role": "user", "content": "Hello"}]
    return json.dumps({"model": "fake,main-model", "max_tokens": 100, "messages": messages, "stream": stream})
