"""Whatever is sent: a clear sentence, never a stack trace, never a 500, and the server stays up."""

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backends.fake import FakeBackend
from tests.backends.openai import reply
from tests.gateway.client import messages, read_answer, talk
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, provider

GZIP = {"content-encoding": "gzip"}


@pytest.fixture
def small(start_gateway: StartGateway, fake_backend: FakeBackend) -> Gateway:
    """Takes bodies of up to 100 kB."""
    fake_backend.always(reply(text="Hello"))
    fake = provider("fake", fake_backend, "big")
    claude = provider("claude", fake_backend, "x", dialect="anthropic")
    return start_gateway({"BODY_LIMIT": 100_000, "Providers": [fake, claude], "Router": {"default": "fake,big"}})


@pytest.fixture(autouse=True)
def stays_up(small: Gateway) -> Iterator[None]:
    """After each test the server still works, and has not seen a defect of its own."""
    yield
    assert small.ask(messages()).text == "Hello"
    assert "internal error" not in small.logged()


BAD: dict[str, Any] = {
    "empty": b"",
    "not JSON": b"hello",
    "cut": b'{"model": "claude", "messages": [',
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "binary": bytes(range(256)),
    "two documents": b"{}{}",
    "NaN": b'{"model": NaN, "messages": []}',
    "UTF-16": json.dumps(messages()).encode("utf-16"),
    "deep": b'{"model":"c","messages":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep unknown": b'{"x":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    "empty object": {},
    "no model": messages(model=None),
    "no messages": messages(messages=None),
    "empty messages": messages(messages=[]),
    "model is a number": messages(model=7),
    "messages is an object": messages(messages={}),
    "message is a text": messages(messages=["hi"]),
    "message without role": messages(messages=[{"content": "hi"}]),
    "message without content": messages(messages=[{"role": "user"}]),
    "content is a number": messages(messages=[{"role": "user", "content": 7}]),
    "content is null": messages(messages=[{"role": "user", "content": [None]}]),
    "unknown role": messages(messages=[{"role": "robot", "content": "hi"}]),
    "text is a number": messages(messages=[{"role": "user", "content": [{"type": "text", "text": 7}]}]),
    "text without text": messages(messages=[{"role": "user", "content": [{"type": "text"}]}]),
    "block without type": messages(messages=[{"role": "user", "content": [{"text": "hi"}]}]),
    "tool result without id": messages(messages=[{"role": "user", "content": [{"type": "tool_result"}]}]),
    "image without source": messages(messages=[{"role": "user", "content": [{"type": "image"}]}]),
    "system is a number": messages(system=7),
    "tools is a text": messages(tools="x"),
    "tool is a number": messages(tools=[7]),
    "max_tokens is a text": messages(max_tokens="many"),
    "max_tokens is zero": messages(max_tokens=0),
    "stream is a text": messages(stream="yes"),
    "temperature is a text": messages(temperature="hot"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_what_cannot_be_understood_is_400_with_a_sentence(small: Gateway, what: str, path: str) -> None:
    answer = small.ask(BAD[what], path)

    assert answer.status == 400, answer.body[:300]
    kind, message = answer.error
    assert kind == "invalid_request_error"
    assert message.endswith(".")
    assert 10 < len(message) < 300


@pytest.mark.parametrize(
    "body",
    [
        messages("<|endoftext|><|im_end|>[INST]"),
        messages("\ud800 lone", system="\udc00"),
        messages(messages=[{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]),
        messages(messages=[{"role": "user", "content": [{"type": "hologram", "x": [1]}]}]),
        messages(messages=[{"role": "user", "content": []}]),
        messages(messages=[{"role": "system", "content": "hi"}]),
        messages(messages=[{"role": "assistant", "content": "prefill"}]),
        messages(thinking="deep", metadata=[], tool_choice=7, output_config={"format": 7}),
        messages(tools=[{}], system=[]),
        b'{"model":"c","messages":[{"role":"user","content":"\xff\xfe"}]}',
        b'{"model":"c","\xff":1,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":"c","\\ud800":1,"messages":[{"role":"user","content":"hi"}]}',
        b'\xef\xbb\xbf{"model":"c","messages":[{"role":"user","content":"hi"}]}',
    ],
)
@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude,x"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_what_is_odd_is_no_defect(small: Gateway, fake_backend: FakeBackend, body: Any, path: str, model: str) -> None:
    if isinstance(body, bytes):
        body = body.replace(b'"model":"c"', b'"model":"%b"' % model.encode())
    else:
        body = {**body, "model": model}

    answer = small.ask(body, path)

    # 502: what the scripted backend answers is no Anthropic message.
    assert answer.status in (200, 400, 502), answer.body[:300]


@pytest.mark.parametrize("depth", range(100, 1000, 45))
@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude,x"])
def test_no_depth_of_nesting_is_a_defect(small: Gateway, depth: int, model: str) -> None:
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    call = b'{"type":"tool_use","id":"t","name":"n","input":%b}' % nested
    schema = b'[{"name":"n","input_schema":%b}]' % nested
    parts = (model.encode(), schema, call)
    body = b'{"model":"%b","max_tokens":9,"tools":%b,"messages":[{"role":"assistant","content":[%b]}]}' % parts

    assert small.ask(body).status in (200, 400, 502)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image", "document", "thinking", "tool_use", "tool_result", "odd"])},
    optional={
        "text": st.text(max_size=5) | json_values,
        "source": st.fixed_dictionaries({"type": st.sampled_from(["base64", "url", "odd"])}) | json_values,
        "thinking": st.text(max_size=5),
        "signature": st.text(max_size=5) | json_values,
        "id": st.text(max_size=5),
        "name": st.text(max_size=5),
        "input": json_values,
        "tool_use_id": st.text(max_size=5),
        "content": st.text(max_size=5) | json_values,
    },
)
turns = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system"]),
        "content": st.text(max_size=5) | st.lists(blocks, max_size=3),
    }
)
bodies = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["claude-x", "fake,big", "claude,x"]),
        "messages": st.lists(turns, min_size=1, max_size=4),
    },
    optional=dict.fromkeys(
        ("system", "tools", "tool_choice", "thinking", "metadata", "stop_sequences", "output_config", "top_k"),
        json_values,
    ),
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=bodies, path=st.sampled_from(["/v1/messages", "/v1/messages/count_tokens"]))
def test_no_request_is_a_defect(small: Gateway, body: dict[str, Any], path: str) -> None:
    answer = small.ask(json.dumps(body).encode(), path)

    assert answer.status in (200, 400, 502), answer.body


# ------------------------------------------------------------------------------- size and encoding


def test_a_body_declared_too_large_is_413(small: Gateway) -> None:
    answer = small.ask(messages("x" * 100_001))

    assert answer.status == 413
    assert answer.error == ("request_too_large", "The request is larger than 100000 bytes (BODY_LIMIT in config.json).")


def test_a_body_that_grows_too_large_is_413(small: Gateway) -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    head = b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"

    answer = talk(small.port, head + chunk * 40 + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"request_too_large" in answer


def test_a_body_that_unpacks_too_large_is_413(small: Gateway) -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    assert len(bomb) < 100_000

    assert small.ask(bomb, headers=GZIP).error[0] == "request_too_large"


def test_a_packed_body_of_many_parts_is_too_large_too(small: Gateway) -> None:
    assert small.ask(gzip.compress(b" " * 60_000) * 3, headers=GZIP).error[0] == "request_too_large"


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZIP"])
def test_a_packed_body_is_unpacked(small: Gateway, name: str) -> None:
    body = json.dumps(messages()).encode()

    assert small.ask(gzip.compress(body), headers={"content-encoding": name}).text == "Hello"
    assert (
        small.ask(gzip.compress(body[:20]) + gzip.compress(body[20:]), headers={"content-encoding": name}).text
        == "Hello"
    )


@pytest.mark.parametrize("name", ["br", "deflate", "zstd", "gzip, gzip"])
def test_other_encodings_are_415(small: Gateway, name: str) -> None:
    answer = small.ask(b"x", headers={"content-encoding": name})

    assert answer.status == 415
    assert answer.error[0] == "invalid_request_error"


@pytest.mark.parametrize("cut", [1, 9, 12, 40, -1])
def test_a_packed_body_that_is_cut_is_400(small: Gateway, cut: int) -> None:
    assert small.ask(gzip.compress(json.dumps(messages()).encode())[:cut], headers=GZIP).status == 400


@pytest.mark.parametrize("body", [b"", b"plain", gzip.compress(json.dumps(messages()).encode()) + b"garbage"])
def test_a_body_that_is_not_gzip_is_400(small: Gateway, body: bytes) -> None:
    answer = small.ask(body, headers=GZIP)

    assert answer.status == 400
    assert "gzip" in answer.error[1]


# -------------------------------------------------------------------------------------------- HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_broken_http_is_400_or_a_closed_connection(small: Gateway, data: bytes) -> None:
    answer = talk(small.port, data)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_an_endless_head_is_431(small: Gateway) -> None:
    answer = talk(small.port, b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x-long: " + b"x" * 70_000)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"type":"request_too_large"' in answer


def test_a_client_that_leaves_inside_its_body_is_forgotten(small: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", small.port), timeout=5) as client:
        client.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{")

    assert small.lines(1)[0]["error"] == "the client left"


def test_a_connection_serves_one_request_after_another(small: Gateway) -> None:
    body = json.dumps(messages()).encode()
    request = b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    with socket.create_connection(("127.0.0.1", small.port), timeout=5) as client:
        for bad in (request, b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\n{", request):
            client.sendall(bad)
            answer = read_answer(client)
            assert answer.startswith(b"HTTP/1.1 200 " if bad is request else b"HTTP/1.1 400 ")
