"""Who may talk to the router."""

import ast
import inspect
import socket
from typing import Any

import pytest

from ccr.gateway import access
from tests.backends.fake import FakeBackend
from tests.backends.openai import reply
from tests.gateway.client import messages, read_answer
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, provider

KEY = "right-key"


@pytest.fixture
def guarded(start_gateway: StartGateway, fake_backend: FakeBackend) -> Gateway:
    """With an APIKEY."""
    fake_backend.always(reply(text="Hello"))
    return start_gateway(
        {"APIKEY": KEY, "Providers": [provider("fake", fake_backend, "big")], "Router": {"default": "fake,big"}}
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY}"},
        {"x-api-key": KEY},
        {"authorization": "Bearer wrong", "x-api-key": KEY},
        {"authorization": f"Bearer {KEY}", "x-api-key": "wrong"},
        {"authorization": "Basic Zm9v", "x-api-key": KEY},
    ],
)
def test_either_right_key_counts(guarded: Gateway, headers: dict[str, str]) -> None:
    assert guarded.ask(messages(), headers=headers).text == "Hello"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"x-api-key": "wrong"},
        {"authorization": KEY},
        {"authorization": f"Basic {KEY}"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer schl\xfcssel"},
        {"x-api-key": KEY + " " + KEY},
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/models", "/elsewhere"])
def test_no_or_a_wrong_key_is_401_and_not_retried(guarded: Gateway, headers: dict[str, str], path: str) -> None:
    answer = guarded.ask(messages(), path, headers=headers)

    assert answer.status == 401
    assert answer.error[0] == "authentication_error"
    assert answer.headers["x-should-retry"] == "false"
    assert KEY not in answer.body.decode()


def test_a_key_of_other_letters_works(start_gateway: StartGateway) -> None:
    gateway = start_gateway({"APIKEY": "schlüssel"})

    assert gateway.ask(path="/v1/models", headers={"x-api-key": "schlüssel".encode().decode("latin-1")}).status == 200


@pytest.mark.parametrize("path", ["/", "/health", "/api/hello"])
def test_probes_need_no_key(guarded: Gateway, path: str) -> None:
    assert guarded.ask(path=path).status == 200


def test_keys_are_compared_in_constant_time() -> None:
    calls = [node.func for node in ast.walk(ast.parse(inspect.getsource(access))) if isinstance(node, ast.Call)]

    assert "hmac.compare_digest" in [ast.unparse(call) for call in calls]


# ----------------------------------------------------------------------------- without an APIKEY


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}", "localhost."])
def test_this_machines_names_are_served(gateway: Gateway, host: str) -> None:
    assert gateway.ask(path="/v1/models", headers={"host": host.format(port=gateway.port)}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:{port}"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "192.168.1.5:{port}"},
        {"host": "["},
        {"host": "[::1]x"},
        {"host": "evil.example@localhost"},
        {"host": "localhost/evil.example"},
        {"host": "localhost?evil.example"},
        {"host": "evil.example\\@localhost"},
        {"host": "localhost, evil.example"},
        {"host": "localhost:" + "0" * 400},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://localhost:1"},
        {"origin": "//localhost:{port}"},
        {"origin": "ftp://localhost:{port}"},
        {"origin": "http://evil.example@localhost:{port}"},
        {"origin": "http://localhost:{port}/page"},
        {"origin": "http://localhost:{port} http://evil.example"},
        {"origin": "http://localhost"},
        {"origin": "http://localhost.evil.example:{port}"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/health"])
def test_foreign_hosts_and_pages_are_refused(gateway: Gateway, headers: dict[str, str], path: str) -> None:
    answer = gateway.ask(messages(), path, headers={n: v.format(port=gateway.port) for n, v in headers.items()})

    assert answer.status == 403
    assert answer.error[0] == "permission_error"


@pytest.mark.parametrize("origin", ["http://localhost:{port}", "http://127.0.0.1:{port}", "HTTP://[::1]:{port}"])
def test_our_own_pages_are_served_and_nobody_else_is_invited(gateway: Gateway, origin: str) -> None:
    answer = gateway.ask(path="/v1/models", headers={"origin": origin.format(port=gateway.port)})

    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_foreign_host_is_refused_before_the_body_is_read(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 1000\r\n\r\n")
        answer = read_answer(client)

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"permission_error" in answer


@pytest.mark.parametrize("host", ["127.0.0.2", "127.0.0.1"])
def test_any_loopback_address_is_this_machine(host: str) -> None:
    access.check_access({"host": f"{host}:3456"}, "/v1/models", "", 3456)


def test_with_a_key_other_names_are_served(guarded: Gateway) -> None:
    headers: dict[str, Any] = {"host": "router.internal", "x-api-key": KEY}

    assert guarded.ask(path="/v1/models", headers=headers).status == 200
