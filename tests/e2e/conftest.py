"""Real processes: the router, the client, and a backend behind them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.backends.cache import need
from tests.backends.claude import CURRENT, OLDER, claude_program
from tests.backends.fake import FakeBackend
from tests.backends.llama import LlamaServer
from tests.e2e.client import Claude
from tests.e2e.router import Router, provider

StartRouter = Callable[[dict[str, Any]], Router]


@pytest.fixture(scope="session")
def claude_current() -> Path:
    return need(lambda: claude_program(CURRENT))


@pytest.fixture(scope="session")
def claude_older() -> Path:
    return need(lambda: claude_program(OLDER))


@pytest.fixture
def start_router(tmp_path: Path) -> Iterator[StartRouter]:
    """Starts `ccr start` with a config.json; at the end it must stop with exit code 0 and without a stack trace."""
    with ExitStack() as running:

        def start(config: dict[str, Any]) -> Router:
            return running.enter_context(Router(tmp_path, config))

        yield start


@pytest.fixture
def ccr_server(start_router: StartRouter, fake_backend: FakeBackend) -> Router:
    """A router before the scripted backend: main work, subagents, small tasks and web searches have a model each."""
    models = {"default": "main-model", "subagent": "agent-model", "background": "small-model", "webSearch": "web-model"}
    routes = {route: f"fake,{model}" for route, model in models.items()}
    return start_router({"Providers": [provider("fake", fake_backend, *models.values())], "Router": routes})


@pytest.fixture
def claude(claude_current: Path, ccr_server: Router) -> Claude:
    """The current client on `ccr_server`."""
    return Claude(claude_current, ccr_server)


@pytest.fixture
def llama_router(start_router: StartRouter, llama_server: LlamaServer, fake_backend: FakeBackend) -> Router:
    """A router before a real llama-server; the small tasks (titles) go to the scripted backend."""
    providers = [provider("llama", llama_server, "tiny-scripted"), provider("fake", fake_backend, "small-model")]
    return start_router(
        {"Providers": providers, "Router": {"default": "llama,tiny-scripted", "background": "fake,small-model"}}
    )
