"""The server's end: what runs may finish, what does not is told, and a second signal is obeyed at once."""

import json
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
from tests.gateway.client import Reader, ask_gateway, messages, read_answer
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


def test_what_arrives_or_waits_at_the_signal(start: Start, fake_backend: FakeBackend) -> None:
    """A request that is being sent is still taken, one that waits behind it is not, an idle connection ends."""
    process = start(10)
    fake_backend.plays(reply(text="Hello"))
    data = json.dumps(messages()).encode()
    head = b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(data)
    with (
        socket.create_connection(("127.0.0.1", process.port), timeout=10) as idle,
        socket.create_connection(("127.0.0.1", process.port), timeout=10) as sending,
    ):
        sending.sendall(head + data[:10])
        idle.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert read_answer(idle)
        process.signal()
        assert idle.recv(1) == b""
        sending.sendall(data[10:] + head + data)
        answer = read_answer(sending)
        rest = sending.recv(1)

    assert b"200 OK" in answer
    assert rest == b""
    assert process.child.wait(5) == 0
    assert process.said() == ""
    assert len(process.log()) == len(fake_backend.requests) == 1


def test_the_last_bytes_of_an_answer_are_not_lost(start: Start, fake_backend: FakeBackend) -> None:
    process = start(10)
    text = "x" * 3_000_000
    fake_backend.plays(reply(text=text))
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(10)
        slow.connect(("127.0.0.1", process.port))
        data = json.dumps(messages()).encode()
        slow.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
        seen = slow.recv(1)
        process.signal()
        eventually(lambda: not _listens(process.port), "the port is closed")
        seen += read_answer(slow, most=10_000_000)

    assert json.loads(seen.partition(b"\r\n\r\n")[2])["content"][0]["text"] == text
    assert process.child.wait(5) == 0


def test_a_client_that_never_reads_does_not_keep_it(start: Start, fake_backend: FakeBackend) -> None:
    process = start(0.2)
    fake_backend.plays(reply(text="x" * 9_000_000))
    with Reader(process.port, messages(), receive_buffer=4096) as reader:
        reader.socket.recv(1)
        process.signal()
        assert process.child.wait(5) == 0
    assert process.said() == ""


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
