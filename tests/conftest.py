"""Backends for every test: a scripted one, and a real llama-server."""

from collections.abc import Iterator

import pytest

from tests.backends.cache import need
from tests.backends.fake import FakeBackend
from tests.backends.llama import LlamaServer


@pytest.fixture
def fake_backend() -> Iterator[FakeBackend]:
    """A backend that does what the test's playbook says; every request must be in the playbook."""
    with FakeBackend() as backend:
        yield backend
    unscripted = [request.raw[-300:] for request in backend.unscripted]
    assert not unscripted, f"{len(unscripted)} requests were not in the playbook, the first ends with {unscripted[0]!r}"


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    """One for all tests: a real llama-server with the tiny scripted model."""
    log = tmp_path_factory.mktemp("llama") / "server.log"
    with need(lambda: LlamaServer(log)) as server:
        yield server
