"""The server's side of a connection, before clients that are odd, slow or hostile."""

import gc
import json
import socket
from collections.abc import Iterator

import pytest
import uvloop

from ccr.gateway import edge
from ccr.upstream.exchange import Exchange
from tests.backends import anthropic
from tests.backends.fake import FakeBackend
from tests.backends.openai import chunks, reply
from tests.backends.playbook import Answer, Hold, Pause, stream
from tests.gateway.client import Reader, messages, read_answer
from tests.gateway.gateway import Gateway, eventually

HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n"
PROBE = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def on_both_loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "loop_factory", uvloop.Loop if request.param == "uvloop" else None)


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


@pytest.mark.parametrize("whole", [True, False])
def test_another_protocol_is_not_spoken(client: socket.socket, fake_backend: FakeBackend, whole: bool) -> None:
    # As Java's HTTP client does, and `curl --http2`: the request must not lose its body.
    fake_backend.plays(reply(text="Hello"), reply(text="again"))
    wish = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABkAAQAAP__")
    data = post(messages("x" * 100), *wish)
    client.sendall(data if whole else data[:-50])
    if not whole:
        client.sendall(data[-50:])
    assert json.loads(read_answer(client).partition(b"\r\n\r\n")[2])["content"][0]["text"] == "Hello"
    client.sendall(post(messages()))
    assert status(read_answer(client)) == 200


def test_a_websocket_is_answered_as_a_plain_request(client: socket.socket) -> None:
    client.sendall(PROBE[:-2] + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n" + PROBE)
    assert [status(answer) for answer in answers(client, 2)] == [200, 200]


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


# ------------------------------------------------------------------------------ what is not taken


@pytest.mark.parametrize(
    "head",
    [
        b"host: evil.example\r\nhost: localhost\r\n",
        b"host: localhost\r\ncontent-length: 2\r\ncontent-length: 2\r\n",
        b"host: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n",
        b"host: localhost\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n",
        b"host: localhost\r\ntransfer-encoding: gzip\r\n",
        b"host: localhost\r\ntransfer-encoding: chunked, chunked\r\n",
        b"host: localhost\r\ncontent-length : 2\r\n",
        b"host: localhost\r\ncontent-length: +2\r\n",
        b"host: local\r\n host\r\n",
        b"host: localhost\nx: y\r\n",
        b"host: localhost\r\nx: a\rb\r\n",
        b"host: localhost\r\nx: a\0b\r\n",
    ],
)
def test_what_another_might_read_otherwise_is_refused(client: socket.socket, head: bytes) -> None:
    client.sendall(b"POST /v1/messages HTTP/1.1\r\n" + head + b"\r\n{}")
    answer = until_closed(client)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1") == 1


def test_a_transfer_encoding_that_is_not_known_is_told(client: socket.socket) -> None:
    client.sendall(HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    assert status(read_answer(client)) == 501


def test_repeated_headers_are_one(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(anthropic.reply(text="Hello"))
    with socket.create_connection(("127.0.0.1", anthropic_gateway.port), timeout=10) as client:
        client.sendall(post(messages(), b"anthropic-beta: one", b"Anthropic-Beta: two"))
        assert status(read_answer(client)) == 200
    assert fake_backend.requests[0].headers["anthropic-beta"] == "one, two"


def test_trailers_are_no_headers(client: socket.socket) -> None:
    foreign = HEAD.replace(b"localhost", b"evil.example") + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    client.sendall(foreign + b"host: localhost\r\n\r\n")
    assert status(read_answer(client)) == 403


@pytest.mark.parametrize("endless", [b"x: y\r\n", b"x"], ids=["many", "one"])
def test_trailers_are_not_endless(client: socket.socket, fake_backend: FakeBackend, endless: bytes) -> None:
    data = json.dumps(messages()).encode()
    client.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(data), data))
    client.sendall(endless * (1_000_000 // len(endless)))
    assert status(until_closed(client)) == 400


@pytest.mark.parametrize("path", [b"http://localhost/health", b"http://localhost", b"http://localhost?x=y"])
def test_an_absolute_target_is_its_path(client: socket.socket, path: bytes) -> None:
    client.sendall(PROBE.replace(b"/health", path))
    assert status(read_answer(client)) == 200


@pytest.mark.parametrize("version", [b"1.0", b"0.9", b"2.0"])
def test_who_does_not_speak_1_1_is_not_told_to_continue(
    client: socket.socket, fake_backend: FakeBackend, version: bytes
) -> None:
    fake_backend.plays(reply(text="Hello"))
    head, _, body = post(messages(), b"expect: 100-continue").replace(b"/1.1", b"/" + version).partition(b"\r\n\r\n")
    client.sendall(head + b"\r\n\r\n")
    client.sendall(body)
    assert status(until_closed(client)) == 200


def test_a_body_that_is_not_sent_for_is_not_waited_for(client: socket.socket) -> None:
    client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n")
    answer = until_closed(client)
    assert status(answer) == 404
    assert b"connection: close" in answer


def test_a_broken_body_is_a_request_that_failed(
    gateway: Gateway, client: socket.socket, fake_backend: FakeBackend
) -> None:
    client.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
    eventually(lambda: gateway.runtime.counters.requests == 1, "the request is being answered")
    client.sendall(b"zz\r\n" + PROBE)
    head, _, body = until_closed(client).partition(b"\r\n\r\n")
    assert status(head) == 400
    assert b"connection: close" in head
    assert json.loads(body)["request_id"].startswith("req_")
    assert gateway.lines(1)[0]["error"] == "The body of this HTTP request is broken."


def test_nothing_is_said_after_an_answer(client: socket.socket) -> None:
    client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
    assert status(read_answer(client)) == 404
    client.sendall(b"zz\r\n")
    assert until_closed(client) == b""


@pytest.mark.parametrize("head", [b"x: " + b"a" * 3_000_000, b"x: y\r\n" * 500_000, b"x" * 300, b"a" * 3_000_000])
def test_the_refusal_of_a_long_head_can_be_read(client: socket.socket, head: bytes) -> None:
    client.sendall(PROBE[:-2] + head + b": z\r\n\r\n")
    assert status(until_closed(client)) == 431


def test_a_long_path_is_refused(client: socket.socket) -> None:
    client.sendall(PROBE.replace(b"/health", b"/" + b"a" * 10_000))
    assert status(until_closed(client)) == 431


# ------------------------------------------------------------------------------------- pipelining


def test_whole_requests_before_garbage_are_all_answered(client: socket.socket) -> None:
    client.sendall(PROBE * 3 + b"\x00garbage")
    assert until_closed(client).count(b"HTTP/1.1 200 OK") == 3


def test_a_thousand_requests_at_once(client: socket.socket) -> None:
    client.sendall(PROBE * 1000)
    assert [status(answer) for answer in answers(client, 1000)] == [200] * 1000


def test_a_request_with_a_broken_body_does_not_cost_the_one_before(
    client: socket.socket, fake_backend: FakeBackend
) -> None:
    fake_backend.plays(stream(*chunks(text="Hello")[:2], Pause(0.1), *chunks(text="Hello")[2:]))
    client.sendall(post(messages(stream=True)) + HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n")
    answer = until_closed(client)
    assert answer.endswith(b"0\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("behind", [b"POST /v1/mess", HEAD + b"content-length: 10\r\n\r\n123"], ids=["head", "body"])
def test_a_request_that_does_not_come_does_not_cost_the_one_before(
    client: socket.socket, fake_backend: FakeBackend, behind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.05)
    fake_backend.plays(stream(*chunks(text="Hello")[:2], Pause(0.3), *chunks(text="Hello")[2:]))
    client.sendall(post(messages(stream=True)) + behind)
    answer = until_closed(client)
    assert answer.endswith(b"0\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_large_request_waits_its_turn_in_peace(
    client: socket.socket, fake_backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.1)
    fake_backend.plays(reply(text="one", delay=0.4), reply(text="two"))
    client.settimeout(10)
    client.sendall(post(messages()) + post(messages("x" * 3_000_000)))
    assert [status(answer) for answer in answers(client, 2)] == [200, 200]


def test_the_body_before_is_no_part_of_a_head(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="one"), reply(text="two"))
    second = post(messages())
    client.sendall(post(messages("x" * 250_000)) + second[:30])
    assert status(read_answer(client)) == 200
    client.sendall(second[30:])
    assert status(read_answer(client)) == 200


def test_a_client_that_only_asks_is_not_read_for_ever(client: socket.socket) -> None:
    client.settimeout(0.5)
    assert sent_until_it_blocks(client, PROBE * 1000, 100_000_000) < 20_000_000


def sent_until_it_blocks(sock: socket.socket, data: bytes, most: int) -> int:
    sent = 0
    while sent < most:
        try:
            sent += sock.send(data)
        except TimeoutError:
            break
    return sent


def test_a_client_that_does_not_read_is_not_kept(
    gateway: Gateway, fake_backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "UNREAD_SECONDS", 0.2)
    steps = (*chunks(text="x" * 64_000),) * 40
    fake_backend.plays(Answer((*steps, Hold()), 200, (("content-type", "text/event-stream"),)))
    with Reader(gateway.port, messages(stream=True), receive_buffer=4096):
        assert fake_backend.wait_for(1)[0].left_within(5)


# --------------------------------------------------------------------------------------- leaving


def test_a_probe_that_sends_no_more_is_answered(client: socket.socket) -> None:
    client.sendall(PROBE)
    client.shutdown(socket.SHUT_WR)
    assert status(until_closed(client)) == 200


def test_a_client_that_sends_no_more_has_left(client: socket.socket, fake_backend: FakeBackend) -> None:
    fake_backend.plays(Answer((Hold(),), None))
    client.sendall(post(messages()))
    fake_backend.wait_for(1)
    client.shutdown(socket.SHUT_WR)
    assert until_closed(client) == b""
    assert fake_backend.requests[0].left_within(1)


def test_a_client_that_sends_no_more_and_does_not_read_has_left(gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps = (*chunks(text="x" * 64_000),) * 40
    fake_backend.plays(Answer((*steps, Hold()), 200, (("content-type", "text/event-stream"),)))
    with Reader(gateway.port, messages(stream=True), receive_buffer=4096) as reader:
        fake_backend.wait_for(1)
        reader.until("message_start")
        reader.socket.shutdown(socket.SHUT_WR)
        assert fake_backend.requests[0].left_within(2)


def test_nothing_of_a_connection_is_left_for_the_collector(gateway: Gateway, fake_backend: FakeBackend) -> None:
    gc.collect()
    gc.disable()
    try:
        fake_backend.plays(*[stream(*chunks(text="Hello")[:2], Hold())] * 5, *[reply(text="Hello")] * 5)
        for _ in range(5):
            with Reader(gateway.port, messages(stream=True)) as reader:
                reader.until("content_block_delta")
        for _ in range(5):
            gateway.ask(messages())
        gateway.ask(None, "/health")
        held = (edge.Edge, Exchange)
        eventually(lambda: not any(isinstance(one, held) for one in gc.get_objects()), "they are gone", 3)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "name", ["a\r\nx-evil: 1", "\r\n\r\nHTTP/1.1 200 OK", "\x00\x85\u2028", "z" * 50_000, "日本\ud800"]
)
def test_a_name_does_not_split_an_answer(client: socket.socket, fake_backend: FakeBackend, name: str) -> None:
    fake_backend.always(reply(text="Hello"))
    client.sendall(post(messages(model=f"fake,{name}")) + PROBE)
    first, second = answers(client, 2)
    assert (status(first), status(second)) == (200, 200)
    head = first.partition(b"\r\n\r\n")[0]
    assert len(head) < 4000
    assert not [line for line in head.split(b"\r\n") if line.startswith(b"x-evil")]
