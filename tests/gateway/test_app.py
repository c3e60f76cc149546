"""Paths, probes, the list of models."""

import json
from urllib.parse import quote

import pytest

from ccr import __version__
from tests.backends.fake import FakeBackend
from tests.backends.openai import reply
from tests.gateway.client import messages
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, provider


def test_the_client_probes_the_root(gateway: Gateway) -> None:
    answer = gateway.ask(path="/", method="HEAD")

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/health", "/api/hello", "/v1/models"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_answer_to_both_methods(gateway: Gateway, path: str, method: str) -> None:
    answer = gateway.ask(path=path, method=method)

    assert answer.status == 200
    assert answer.headers["request-id"]
    assert bool(answer.body) is (method == "GET")


def test_health_says_who_and_how_long(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))
    gateway.ask(messages())

    health = gateway.ask(path="/health").json

    assert health["status"] == "ok"
    assert health["service"] == "claude-code-router"
    assert health["version"] == __version__
    assert health["requests"] == 1
    assert health["uptime"] >= 0
    assert set(health) == {"status", "timestamp", "service", "version", "pid", "home", "uptime", "requests"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/messages"), ("PUT", "/v1/messages"), ("POST", "/health"), ("DELETE", "/v1/models"), ("POST", "/")],
)
def test_other_methods_are_405(gateway: Gateway, method: str, path: str) -> None:
    answer = gateway.ask(path=path, method=method)

    assert answer.status == 405
    assert answer.error[0] == "invalid_request_error"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/complete",
        "/api/config",
        "/api/logs?file=/etc/passwd",
        "/providers",
        "/ui/",
        "/v1/messages/",
        "/v1/models/x",
    ],
)
def test_other_paths_are_404(gateway: Gateway, path: str) -> None:
    answer = gateway.ask(path=path)

    assert answer.status == 404
    assert answer.error[0] == "not_found_error"


def test_the_query_does_not_matter(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))

    assert gateway.ask(messages(), "/v1/messages?beta=true").text == "Hello"


def test_every_listed_model_can_be_shown_and_routes_back(
    start_gateway: StartGateway, fake_backend: FakeBackend
) -> None:
    fake_backend.always(reply(text="Hello"))
    names = ["plain", "qwen2.5-coder:latest", "anthropic/claude-4", "50%25 off", "ä b", "a,b"]
    gateway = start_gateway(
        {"Providers": [provider("Fake", fake_backend, *names), provider("claude", fake_backend, "m")]}
    )

    listed = gateway.ask(path="/v1/models").json
    ids = [model["id"] for model in listed["data"]]

    assert ids == [*(f"claude/Fake/{name}" for name in names), "claude/claude/m"]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (ids[0], ids[-1], False)
    for model_id, name in zip(ids, [*names, "m"], strict=True):
        shown = gateway.ask(path=f"/v1/models/{quote(model_id, safe='')}")
        assert shown.json["id"] == model_id
        assert shown.json["type"] == "model"
        if "," not in model_id:
            assert gateway.ask(messages(model=model_id)).headers["x-ccr-route"] == "explicit"
            assert fake_backend.requests[-1].body["model"] == name


def test_no_configuration_is_a_sentence_and_not_a_crash(start_gateway: StartGateway) -> None:
    gateway = start_gateway({})

    answer = gateway.ask(messages())

    assert answer.status == 400
    assert answer.error == (
        "invalid_request_error",
        "No provider is configured: add one to Providers in config.json.",
    )
    assert gateway.ask(path="/v1/models").json["data"] == []
    assert gateway.ask(messages(), "/v1/messages/count_tokens").json["input_tokens"] > 0


@pytest.mark.parametrize("streamed", [True, False])
def test_the_answer_says_which_route_it_took(gateway: Gateway, fake_backend: FakeBackend, streamed: bool) -> None:
    fake_backend.plays(reply(text="Hello"))

    headers = gateway.ask(messages(stream=streamed, model="FAKE,Small")).headers

    assert headers["x-ccr-route"] == "explicit"
    assert headers["x-ccr-target"] == "fake,small"
    assert headers["x-ccr-reason"] == "the client asked for FAKE,Small"
    assert headers["request-id"].startswith("req_")


@pytest.mark.parametrize(
    "model", ["fake,a\r\nset-cookie: x", "fake,\x00\x07\x7f", "fake,模型", "fake," + "x" * 100_000]
)
def test_no_model_name_can_spoil_the_head(gateway: Gateway, fake_backend: FakeBackend, model: str) -> None:
    fake_backend.plays(reply(text="Hello"))

    answer = gateway.ask(messages(model=model))

    assert answer.text == "Hello"
    assert fake_backend.requests[0].body["model"] == model[5:]
    assert "set-cookie" not in answer.headers
    head = json.dumps(answer.headers)
    assert len(head) < 4096
    assert not any(escape in head for escape in ("\\u0000", "\\u0007", "\\u007f"))
