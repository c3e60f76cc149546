"""A client that waits gets pings, a client that leaves ends the work, a slow one slows it down."""

import time
from collections.abc import Iterator

import pytest

from ccr.gateway import reply as reply_module
from tests.backends import anthropic
from tests.backends.fake import FakeBackend
from tests.backends.openai import chunks, event, reply
from tests.backends.playbook import Answer, Close, Hold, Pause, Step, status, stream
from tests.gateway.client import Reader, messages
from tests.gateway.gateway import Gateway, eventually, memory

INTERVAL = 0.1


@pytest.fixture(autouse=True)
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_module, "PING_INTERVAL", INTERVAL)


# ------------------------------------------------------------------------------------------- pings


def test_head_and_ping_come_within_the_interval_and_pings_after_it(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello", delay=4.5 * INTERVAL))
    began = time.monotonic()

    with Reader(gateway.port, messages(stream=True)) as reader:
        assert reader.head().status == 200
        reader.until("ping")
        assert INTERVAL * 0.9 < time.monotonic() - began < INTERVAL * 3
        kinds = [one["type"] for one in reader.rest()]

    assert kinds[:3] == ["ping", "ping", "ping"]
    assert kinds[-1] == "message_stop"
    assert 3 <= kinds.count("ping") <= 5


def test_pings_go_on_while_a_stream_is_silent(gateway: Gateway, fake_backend: FakeBackend) -> None:
    first, second, *others = chunks(text="Hello, world, and so on")
    fake_backend.plays(stream(first, second, Pause(3.5 * INTERVAL), *others))

    answer = gateway.ask(messages(stream=True))

    kinds = [one["type"] for one in answer.all_events]
    assert 2 <= kinds.count("ping") <= 4
    assert answer.text == "Hello, world, and so on"


def test_a_busy_stream_has_no_pings(gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps: list[Step] = []
    for chunk in chunks(text="x" * 300):
        steps += [chunk, Pause(0.01)]
    fake_backend.plays(stream(*steps))

    assert "ping" not in [one["type"] for one in gateway.ask(messages(stream=True)).all_events]


def test_a_request_without_stream_gets_no_pings(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello", delay=3 * INTERVAL))

    assert gateway.ask(messages()).json["content"][0]["text"] == "Hello"


@pytest.mark.parametrize(
    "failure",
    [status(500, {"error": {"message": "busy"}}, delay=1.5 * INTERVAL), stream(Pause(1.5 * INTERVAL), Close())],
)
def test_an_error_after_a_ping_is_an_event(gateway: Gateway, fake_backend: FakeBackend, failure: Answer) -> None:
    fake_backend.plays(failure)

    answer = gateway.ask(messages(stream=True))

    assert answer.status == 200
    assert answer.kinds == ["error"]
    assert answer.events[0]["error"]["type"] == "api_error"
    assert answer.events[0]["error"]["message"].startswith("provider fake")


def test_after_a_ping_another_target_may_still_answer(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    fake_backend.plays(status(500, {"error": {"message": "busy"}}, delay=1.5 * INTERVAL))
    second_backend.plays(reply(text="from the second"))

    answer = two_backends.ask(messages(stream=True))

    assert answer.all_events[0]["type"] == "ping"
    assert answer.text == "from the second"


def test_pings_end_with_the_deadline(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    for backend in (fake_backend, second_backend):
        backend.plays(Answer((Hold(),), None))

    answer = two_backends.ask(messages(stream=True))

    assert answer.kinds == ["error"]
    assert answer.events[0]["error"]["type"] == "timeout_error"


# --------------------------------------------------------------------------------------- leaving

BEGINNING = chunks(text="Once upon a time")[:2]
ANSWERS = {
    "before the head": Answer((Hold(),), None),
    "before the first token": stream(Hold()),
    "after the role": stream(BEGINNING[0], Hold()),
    "mid-stream": stream(*BEGINNING, Hold()),
}


@pytest.mark.parametrize("when", ANSWERS)
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_leaves_ends_the_backends_work_at_once(
    gateway: Gateway, fake_backend: FakeBackend, when: str, streamed: bool, reset: bool
) -> None:
    fake_backend.plays(ANSWERS[when])
    reader = Reader(gateway.port, messages(stream=streamed))
    fake_backend.wait_for(1)
    if streamed:
        reader.until("content_block_delta" if when == "mid-stream" else "ping")

    left = time.monotonic()
    reader.leave(reset=reset)

    request = fake_backend.requests[0]
    assert request.left_within(1.0)
    assert request.left_at is not None
    assert request.left_at - left < 1.0
    line = gateway.lines(1)[0]
    assert line["error"] == "the client left"
    assert line["attempts"][0]["target"] == "fake,big"


def test_leaving_an_anthropic_stream_ends_it_too(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    whole = anthropic.events(anthropic.whole(text="Once upon a time", thinking="", calls=[], usage=(9, 9)))
    fake_backend.plays(stream(*whole[:3], Hold()))
    with Reader(anthropic_gateway.port, messages(stream=True)) as reader:
        reader.until("content_block_delta")

    assert fake_backend.requests[0].left_within(1.0)


def test_a_client_that_leaves_is_not_answered_by_a_fallback(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    fake_backend.plays(stream(Hold()))
    with Reader(two_backends.port, messages(stream=True)):
        fake_backend.wait_for(1)

    assert two_backends.lines(1)[0]["error"] == "the client left"
    assert second_backend.requests == []


@pytest.mark.parametrize("streamed", [True, False])
def test_a_client_that_leaves_with_its_answer_complete_has_not_left(
    gateway: Gateway, fake_backend: FakeBackend, streamed: bool
) -> None:
    # The backend's last chunk is not here yet when the client already goes.
    fake_backend.plays(stream(*chunks(text="Hello"), Hold()))

    assert gateway.ask(messages(stream=streamed)).text == "Hello"

    line = gateway.lines(1)[0]
    assert line["error"] is None
    assert line["usage"]["output_tokens"] == 20


# ----------------------------------------------------------------------------------- slow readers


class Counted(tuple[Step, ...]):
    """Steps that say how many of them have been begun."""

    begun = 0

    def __iter__(self) -> Iterator[Step]:
        for step in super().__iter__():
            self.begun += 1
            yield step


def _delta(size: int) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": "x" * size}, "finish_reason": None}]})


@pytest.mark.parametrize("size", [300, 64_000])
def test_a_slow_reader_slows_the_backend_down_instead_of_filling_memory(
    gateway: Gateway, fake_backend: FakeBackend, size: int
) -> None:
    count = 60_000_000 // size
    steps = Counted([_delta(size)] * count + chunks(text="end")[1:])
    fake_backend.plays(Answer(steps, 200, (("content-type", "text/event-stream"),)))
    with Reader(gateway.port, messages(stream=True), receive_buffer=65_536) as reader:
        reader.until("content_block_delta")
        before = memory()
        _until_it_rests(steps)

        assert steps.begun * size < 30_000_000
        assert memory() - before < 20_000_000

    assert fake_backend.requests[0].left_within(1.0)


def test_a_slow_reader_gets_everything_in_the_end(gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps = Counted([_delta(16_000)] * 600 + chunks(text="end")[1:])
    fake_backend.plays(Answer(steps, 200, (("content-type", "text/event-stream"),)))
    with Reader(gateway.port, messages(stream=True), receive_buffer=65_536) as reader:
        reader.until("content_block_delta")
        _until_it_rests(steps)
        found = [one for one in reader.rest() if one["type"] != "ping"]

    texts = [one["delta"]["text"] for one in found if one["type"] == "content_block_delta"]
    assert "".join(texts) == "x" * 16_000 * 600 + "end"
    assert found[-1]["type"] == "message_stop"


def _until_it_rests(steps: Counted) -> None:
    """Until the backend has not been able to send for a while."""
    seen = [(-1, time.monotonic())]

    def rests() -> bool:
        if steps.begun != seen[0][0]:
            seen[0] = (steps.begun, time.monotonic())
        return time.monotonic() - seen[0][1] > 0.3

    eventually(rests, "the backend is held up")
