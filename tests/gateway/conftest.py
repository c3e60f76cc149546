"""A gateway for each test, with the configuration that the test needs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.backends.fake import FakeBackend
from tests.gateway.gateway import Gateway, provider

StartGateway = Callable[[dict[str, Any]], Gateway]


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    with ExitStack() as running:

        def start(config: dict[str, Any]) -> Gateway:
            return running.enter_context(Gateway(tmp_path, config))

        yield start


@pytest.fixture
def gateway(start_gateway: StartGateway, fake_backend: FakeBackend) -> Gateway:
    """Before the scripted backend, which speaks OpenAI chat; the default route goes to its `big` model."""
    return start_gateway(
        {"Providers": [provider("fake", fake_backend, "big", "small")], "Router": {"default": "fake,big"}}
    )


@pytest.fixture
def anthropic_gateway(start_gateway: StartGateway, fake_backend: FakeBackend) -> Gateway:
    """Before the scripted backend, which speaks Anthropic Messages."""
    return start_gateway(
        {
            "Providers": [provider("claude-api", fake_backend, "claude-big", dialect="anthropic")],
            "Router": {"default": "claude-api,claude-big"},
        }
    )


@pytest.fixture
def second_backend() -> Iterator[FakeBackend]:
    with FakeBackend() as backend:
        yield backend


@pytest.fixture
def two_backends(start_gateway: StartGateway, fake_backend: FakeBackend, second_backend: FakeBackend) -> Gateway:
    """The default route goes to `first,a`; `second,b` is its fallback. Short deadlines."""
    return start_gateway(
        {
            "Providers": [provider("first", fake_backend, "a"), provider("second", second_backend, "b")],
            "Router": {"default": "first,a"},
            "fallback": {"default": ["second,b"]},
            "timeouts": {"connect": 1, "first_token": 0.4, "idle": 0.4},
        }
    )
