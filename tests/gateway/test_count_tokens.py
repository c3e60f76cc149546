"""`POST /v1/messages/count_tokens`: exact where the backend counts, else an estimate, and soon."""

import threading
import time
from typing import Any

import pytest

from tests.backends.fake import FakeBackend, Request
from tests.backends.openai import reply
from tests.backends.playbook import Answer, Close, Hold, status
from tests.gateway.client import messages
from tests.gateway.gateway import Gateway
from tests.gateway.wire import Answer as Seen

PATH = "/v1/messages/count_tokens"
QUESTION = messages("A sentence of some words, said again and again. " * 40, max_tokens=None)


def is_counting(request: Request) -> bool:
    return request.path.endswith("/count_tokens")


def count(gateway: Gateway, body: Any = QUESTION, **more: Any) -> int:
    answer: Seen = gateway.ask(body, PATH, **more)
    assert answer.status == 200, answer.body
    assert set(answer.json) == {"input_tokens"}
    tokens: int = answer.json["input_tokens"]
    return tokens


def test_the_backends_own_count_is_taken(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_counting).plays(status(200, {"input_tokens": 432}))

    assert count(gateway) == 432
    request = fake_backend.requests[0]
    assert request.path == "/v1/messages/count_tokens"
    assert request.body == {**QUESTION, "model": "big"}
    assert request.headers["authorization"] == "Bearer key-of-fake"


def test_an_anthropic_backend_is_asked_beside_its_messages(
    anthropic_gateway: Gateway, fake_backend: FakeBackend
) -> None:
    fake_backend.when(is_counting).plays(status(200, {"input_tokens": 432}))

    assert count(anthropic_gateway, headers={"anthropic-beta": "x-1"}) == 432
    request = fake_backend.requests[0]
    assert request.headers["x-api-key"] == "key-of-claude-api"
    assert request.headers["anthropic-beta"] == "x-1"
    assert "authorization" not in request.headers


def test_only_what_the_endpoint_takes_is_sent(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_counting).plays(status(200, {"input_tokens": 432}))

    count(gateway, {**QUESTION, "stream": True, "max_tokens": 9, "metadata": {"user_id": "x"}, "system": "Be brief."})

    assert set(fake_backend.requests[0].body) == {"model", "messages", "system"}


def test_an_anthropic_backend_gets_the_query_and_all_that_it_may_count(
    anthropic_gateway: Gateway, fake_backend: FakeBackend
) -> None:
    fake_backend.when(is_counting).plays(status(200, {"input_tokens": 432}))
    counted = {"mcp_servers": [], "context_management": {"edits": []}, "output_config": {"effort": "low"}, "new": 1}
    answered = {"stream": True, "max_tokens": 9, "metadata": {"user_id": "x"}, "temperature": 1, "service_tier": "auto"}

    answer = anthropic_gateway.ask({**QUESTION, **counted, **answered}, f"{PATH}?beta=true")

    assert answer.json == {"input_tokens": 432}
    request = fake_backend.requests[0]
    assert (request.path, request.query) == (PATH, "beta=true")
    assert request.body == {**QUESTION, **counted, "model": "claude-big"}


def test_other_betas_are_another_question(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.always(status(200, {"input_tokens": 432}))

    for beta in ("x-1", "x-2", "x-1"):
        count(anthropic_gateway, headers={"anthropic-beta": beta})

    assert len(fake_backend.requests) == 2


def test_the_same_question_is_asked_once(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_counting).plays(status(200, {"input_tokens": 432}), status(200, {"input_tokens": 433}))

    assert [count(gateway) for _ in range(3)] == [432, 432, 432]
    assert count(gateway, {**QUESTION, "model": "fake,small"}) == 433
    assert len(fake_backend.requests) == 2


@pytest.mark.parametrize("code", [404, 405, 501])
def test_a_backend_that_does_not_count_is_asked_once(gateway: Gateway, fake_backend: FakeBackend, code: int) -> None:
    fake_backend.when(is_counting).plays(status(code, {"detail": "Not Found"}))

    assert [count(gateway), count(gateway)][0] > 100
    assert len(fake_backend.requests) == 1


def test_a_backend_that_does_not_count_still_answers(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(404, {"detail": "Not Found"}), reply(text="Hello"))

    count(gateway)

    assert gateway.ask(messages()).text == "Hello"


@pytest.mark.parametrize(
    "garbage",
    [
        status(200, "<html>hello</html>"),
        status(200, {"error": "Unexpected endpoint"}),
        status(200, {"input_tokens": 0}),
        status(200, {"input_tokens": -5}),
        status(200, {"input_tokens": "many"}),
        status(200, {"input_tokens": 1}),
        status(200, {"input_tokens": 10**9}),
        status(200, []),
        status(401, {"error": "who are you"}),
        status(500, {"input_tokens": 432}),
        Answer((b"\xff\xfe",), 200, framing="length"),
        Answer((b'{"input_tokens": 432', Close()), 200, framing="close"),
        Answer((Close(),), None),
    ],
)
def test_garbage_is_not_believed(gateway: Gateway, fake_backend: FakeBackend, garbage: Answer) -> None:
    fake_backend.when(is_counting).always(garbage)

    assert 300 < count(gateway) < 1000
    assert count(gateway) != 432


@pytest.mark.parametrize("slow", [Answer((Hold(),), None), Answer((b"{", Hold()), 200)])
def test_a_slow_backend_costs_no_time(gateway: Gateway, fake_backend: FakeBackend, slow: Answer) -> None:
    fake_backend.when(is_counting).plays(slow)
    began = time.monotonic()

    assert 300 < count(gateway) < 1000
    assert time.monotonic() - began < 0.45
    assert fake_backend.requests[0].left_within(1.0)


def test_many_questions_at_once_are_all_answered_soon_and_two_at_a_time(
    gateway: Gateway, fake_backend: FakeBackend
) -> None:
    fake_backend.when(is_counting).always(status(200, {"input_tokens": 432}, delay=0.1))
    counts: list[int] = []
    began = time.monotonic()
    threads = [
        threading.Thread(target=lambda n=n: counts.append(count(gateway, messages(f"{n} " + "word " * 400))))
        for n in range(26)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.monotonic() - began < 1.5
    assert len(counts) == 26
    assert 2 <= len(fake_backend.requests) <= 20
    # Those that were given up on count too, so some may overlap: but never more than a few.
    began_at = [request.at for request in fake_backend.requests]
    assert max(sum(one <= other < one + 0.09 for other in began_at) for one in began_at) <= 4


def test_the_estimate_follows_what_the_model_reports(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_counting).plays(status(404, {}))
    question = messages("A sentence of some words, said again and again. " * 400)
    fake_backend.plays(reply(text="Hello", usage=(7500, 5)))
    before = count(gateway, question)

    gateway.ask(question)

    assert before < 7000
    assert 7400 <= count(gateway, question) <= 7600


@pytest.mark.parametrize(
    "content",
    [
        "<|endoftext|><|im_start|>",
        [{"type": "tool_result", "tool_use_id": "toolu_1"}],
        [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}],
        [{"type": "hologram"}],
        [],
    ],
)
def test_no_text_is_an_error(gateway: Gateway, fake_backend: FakeBackend, content: Any) -> None:
    fake_backend.when(is_counting).always(status(404, {}))

    assert count(gateway, messages(messages=[{"role": "user", "content": content}])) > 0


def test_images_and_thinking_and_tools_count(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_counting).always(status(404, {}))
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    thinking = {"type": "thinking", "thinking": "hm " * 400, "signature": ""}
    tool = {"name": "Bash", "description": "word " * 400, "input_schema": {"type": "object"}}

    plain = count(gateway, messages())

    assert count(gateway, messages(messages=[{"role": "user", "content": [image]}])) > plain + 500
    assert count(gateway, messages(messages=[{"role": "assistant", "content": [thinking]}])) > plain + 200
    assert count(gateway, messages(tools=[tool])) > plain + 300
