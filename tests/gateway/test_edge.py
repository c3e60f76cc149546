"""The server's side of a connection, before clients that are odd, slow or hostile."""

import json
import socket
from collections.abc import Iterator

import pytest

from ccr.gateway import edge
from tests.backends.fake import FakeBackend
from tests.backends.openai import chunks, reply
from tests.backends.playbook import stream
from tests.gateway.client import messages, read_answer
from tests.gateway.gateway import Gateway

HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n"


@pytest.fixture
def client(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sock:
        yield sock


def post(body: object, *headers: bytes) -> bytes:
    data = json.dumps(body).encode()
    return HEAD + b"".join(line + b"\r\n" for line in headers) + b"content-length: %d\r\n\r\n" % len(data) + data


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def until_closed(sock: socket.socket) -> bytes:
    seen = b""
    while piece := sock.recv(65536):
        seen += piece
    return seen


def test_requests_sent_at_once_are_answered_in_their_order(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="one"), reply(text="two"), reply(text="three"))
    client.sendall(b"".join(post(messages(text)) for text in ("1", "2", "3")))
    assert [json.loads(answer.partition(b"\r\n\r\n")[2])["content"][0]["text"] for answer in answers(client, 3)] == [
        "one", "two", "three",
    ]  # fmt: skip
    assert [request.body["messages"][0]["content"] for request in fake_backend.requests] == ["1", "2", "3"]


def answers(sock: socket.socket, count: int) -> list[bytes]:
    seen, found = b"", list[bytes]()
    while len(found) < count:
        head, gap, rest = seen.partition(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if gap and len(rest) >= lengths[0]:
            found.append(head + gap + rest[: lengths[0]])
            seen = rest[lengths[0] :]
        else:
            piece = sock.recv(65536)
            assert piece
            seen += piece
    return found


def test_a_body_is_sent_for_when_the_client_waits_for_that(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))
    head, _, body = post(messages(), b"expect: 100-continue").partition(b"\r\n\r\n")
    client.sendall(head + b"\r\n\r\n")
    assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(body)
    assert status(read_answer(client)) == 200


def test_a_refused_client_need_not_send_its_body(gateway: Gateway, client: socket.socket) -> None:
    client.sendall(HEAD + b"content-length: 99999999\r\nexpect: 100-continue\r\n\r\n")
    assert status(until_closed(client)) == 413


def test_a_refused_client_may_send_all_of_its_body_and_reads_the_answer(client: socket.socket) -> None:
    size = 60 * 1024 * 1024
    client.sendall(HEAD + b"content-length: %d\r\n\r\n" % size)
    for _ in range(60):
        client.sendall(b"x" * (1024 * 1024))
    assert status(until_closed(client)) == 413


def test_a_body_that_nobody_takes_is_not_read_for_ever(client: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "UNWANTED", 100_000)
    client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
    with pytest.raises(OSError, match=r"reset|pipe"):
        client.sendall((b"1000\r\n" + b"x" * 0x1000 + b"\r\n") * 20_000)


def test_an_early_answer_leaves_the_connection_usable(client: socket.socket, fake_backend: FakeBackend) -> None:
    client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n12345")
    assert status(read_answer(client)) == 404
    fake_backend.plays(reply(text="Hello"))
    client.sendall(b"67890" + post(messages()))
    assert status(read_answer(client)) == 200


def test_silence_in_a_body_ends_the_connection(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sock:
        sock.sendall(HEAD + b"content-length: 10\r\n\r\n12345")
        assert until_closed(sock) == b""


def test_silence_in_a_head_ends_the_connection(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "HEAD_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sock:
        sock.sendall(b"POST /v1/mess")
        assert until_closed(sock) == b""


def test_an_idle_connection_ends(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "IDLE_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert status(until_closed(sock)) == 200


def test_another_protocol_is_not_spoken(client: socket.socket) -> None:
    client.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    answer = until_closed(client)
    assert status(answer) == 200
    assert b"connection: close" in answer


def test_a_client_of_http_1_0_gets_its_stream_without_chunks(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*chunks(text="Hello")))
    client.sendall(post(messages(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0"))
    head, _, body = until_closed(client).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert body.startswith(b"event: message_start\ndata: ")
    assert body.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_a_closing_client_is_told_so(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))
    client.sendall(post(messages(), b"connection: close"))
    assert b"connection: close" in until_closed(client)


def test_garbage_behind_a_request_does_not_cost_its_answer(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))
    client.sendall(post(messages()) + b"\x00garbage")
    assert status(until_closed(client)) == 200
