"""The server's end: what runs may finish, what does not is told, and a second signal is obeyed at once."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ccr.gateway.server import listen
from tests.backends.fake import FakeBackend
from tests.backends.openai import chunks, reply
from tests.backends.playbook import Hold, Pause, stream
from tests.gateway.client import Reader, ask_gateway, messages
from tests.gateway.gateway import eventually, provider
from tests.gateway.process import Process

BEGINNING = chunks(text="Once upon a time")[:2]
Start = Callable[[float], Process]


@pytest.fixture
def start(tmp_path: Path, fake_backend: FakeBackend) -> Iterator[Start]:
    config = {"Providers": [provider("fake", fake_backend, "big")], "Router": {"default": "fake,big"}}
    with ExitStack() as running:
        yield lambda grace: running.enter_context(Process(tmp_path, config, grace))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_with_0(start: Start, fake_backend: FakeBackend, number: int) -> None:
    process = start(10)
    fake_backend.plays(reply(text="Hello"))
    assert ask_gateway(process.port, messages(), "/v1/messages").text == "Hello"

    process.signal(number)

    assert process.child.wait(5) == 0
    assert process.said() == ""
    assert len(process.log()) == 1


def test_a_running_stream_may_finish_within_the_grace(start: Start, fake_backend: FakeBackend) -> None:
    process = start(10)
    first, second, *others = chunks(text="Hello, world and all")
    fake_backend.plays(stream(first, second, Pause(0.6), *others))
    with Reader(process.port, messages(stream=True)) as reader:
        reader.until("content_block_delta")
        process.signal()
        kinds = [event["type"] for event in reader.rest()]

    assert kinds[-1] == "message_stop"
    assert process.child.wait(5) == 0
    assert process.log()[0]["error"] is None


@pytest.mark.parametrize("steps", [BEGINNING, BEGINNING[:1]], ids=["mid-stream", "before content"])
def test_a_stream_that_outlives_the_grace_ends_honestly(
    start: Start, fake_backend: FakeBackend, steps: list[bytes]
) -> None:
    process = start(0.3)
    fake_backend.plays(stream(*steps, Hold()))
    with Reader(process.port, messages(stream=True)) as reader:
        if len(steps) > 1:
            reader.until("content_block_delta")
        fake_backend.wait_for(1)
        began = time.monotonic()
        process.signal()
        status = reader.head().status
        body = reader.seen + reader.head().read()

    assert process.child.wait(5) == 0
    assert time.monotonic() - began < 2
    assert status == (200 if len(steps) > 1 else 529)
    assert b'"overloaded_error"' in body
    assert b"message_stop" not in body
    assert fake_backend.requests[0].left_within(2)
    assert [line["error"] for line in process.log()] == ["the router stopped"]


def test_a_second_signal_ends_it_at_once(start: Start, fake_backend: FakeBackend) -> None:
    process = start(30)
    fake_backend.plays(stream(*BEGINNING, Hold()))
    with Reader(process.port, messages(stream=True)) as reader:
        reader.until("content_block_delta")
        process.signal()
        eventually(lambda: not _listens(process.port), "the port is closed")
        began = time.monotonic()
        process.signal()

        assert process.child.wait(5) == 0
        assert time.monotonic() - began < 2
    assert fake_backend.requests[0].left_within(2)
    assert len(process.log()) == 1


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_port_in_use_is_an_error() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])
