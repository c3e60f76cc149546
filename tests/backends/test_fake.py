"""The scripted backend keeps its promises."""

import http.client
import json
import socket
import struct
from contextlib import closing

import pytest

from tests.backends import anthropic
from tests.backends.fake import FakeBackend
from tests.backends.openai import Call, chunks, reply
from tests.backends.playbook import Close, Hold, Reset, status, stream


def connect(backend: FakeBackend) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", backend.port, timeout=5))


def ask(backend: FakeBackend, **body: object) -> bytes:
    with connect(backend) as connection:
        return ask_on(connection, **body)


def ask_on(connection: http.client.HTTPConnection, **body: object) -> bytes:
    connection.request("POST", "/v1/chat/completions", json.dumps(body))
    with connection.getresponse() as answer:
        return answer.read()


def test_answers_come_in_the_order_of_the_playbook_and_requests_are_kept(fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(500, {"error": "busy"}), reply(text="Hello"))

    first, second = ask(fake_backend, model="a"), ask(fake_backend, model="b")

    assert json.loads(first) == {"error": "busy"}
    assert json.loads(second)["choices"][0]["message"]["content"] == "Hello"
    assert [request.body["model"] for request in fake_backend.requests] == ["a", "b"]


def test_a_line_for_some_requests_leaves_the_others_alone(fake_backend: FakeBackend) -> None:
    fake_backend.when(lambda request: request.body["model"] == "small").always(reply(text="small"))
    fake_backend.plays(reply(text="main"))

    answers = [ask(fake_backend, model=model) for model in ("small", "main", "small")]

    assert [json.loads(answer)["choices"][0]["message"]["content"] for answer in answers] == ["small", "main", "small"]


def test_a_streamed_answer_folds_to_its_parts(fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello, world", calls=[Call("Bash", {"command": "ls"})]))

    lines = [line[6:] for line in ask(fake_backend, stream=True).split(b"\n\n") if line]
    deltas = [choice["delta"] for line in lines[:-1] for choice in json.loads(line)["choices"]]

    assert "".join(delta.get("content") or "" for delta in deltas) == "Hello, world"
    calls = [call["function"] for delta in deltas for call in delta.get("tool_calls", [])]
    assert json.loads("".join(call["arguments"] for call in calls)) == {"command": "ls"}
    assert lines[-1] == b"[DONE]"


def test_anthropic_events_end_with_message_stop() -> None:
    message = anthropic.whole(text="Hi", thinking="hm", calls=[Call("Bash", {})], usage=(1, 2))

    assert anthropic.events(message)[-1].startswith(b"event: message_stop")


def test_a_connection_is_reused_after_a_whole_answer(fake_backend: FakeBackend) -> None:
    fake_backend.always(reply(text="Hello"))

    with connect(fake_backend) as connection:
        ask_on(connection, stream=True)
        ask_on(connection)

    assert {request.connection for request in fake_backend.requests} == {0}


def test_a_closed_connection_leaves_the_answer_incomplete(fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*chunks(text="Hello")[:2], Close()))

    with pytest.raises(http.client.IncompleteRead):
        ask(fake_backend, stream=True)


def test_a_reset_is_a_reset(fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*chunks(text="Hello")[:2], Reset()))

    with pytest.raises(ConnectionResetError):
        ask(fake_backend, stream=True)


@pytest.mark.parametrize("linger", [None, struct.pack("ii", 1, 0)], ids=["closed", "reset"])
def test_a_client_that_leaves_is_noticed(fake_backend: FakeBackend, linger: bytes | None) -> None:
    fake_backend.plays(stream(*chunks(text="Hello")[:2], Hold()))
    with socket.create_connection(("127.0.0.1", fake_backend.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        assert client.recv(1)
        if linger:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    assert fake_backend.requests[0].left_within(5)


def test_a_client_that_stays_to_the_end_has_not_left(fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))

    ask(fake_backend)

    assert not fake_backend.requests[0].left_within(5)


def test_no_byte_of_the_next_request_is_lost(fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="one"), reply(text="two"))
    with socket.create_connection(("127.0.0.1", fake_backend.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}" * 2)
        seen = b""
        while b"two" not in seen:
            seen += client.recv(65536)

    assert [request.method for request in fake_backend.requests] == ["POST", "POST"]
