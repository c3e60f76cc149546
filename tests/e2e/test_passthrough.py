"""The real client through the router to a backend that speaks Anthropic's own language."""

from pathlib import Path

import pytest

from tests.backends.anthropic import events, reply, whole
from tests.backends.fake import FakeBackend
from tests.backends.openai import Call
from tests.backends.playbook import Close, status, stream
from tests.e2e.client import Claude
from tests.e2e.conftest import StartRouter
from tests.e2e.router import provider

pytestmark = pytest.mark.e2e


@pytest.fixture
def claude(start_router: StartRouter, claude_current: Path, fake_backend: FakeBackend) -> Claude:
    anthropic = provider("anthropic", fake_backend, "claude-opus-5-5", path="/v1/messages")
    router = start_router({"Providers": [anthropic], "Router": {"default": "anthropic,claude-opus-5-5"}})
    return Claude(claude_current, router)


def test_tool_work_and_thinking_pass_through(claude: Claude, fake_backend: FakeBackend) -> None:
    call = Call("Bash", {"command": "echo hello > hello.txt", "description": "say hello"})
    fake_backend.plays(reply(thinking="A command.", text="I run it.", calls=[call]), reply(text="Done."))

    outcome = claude.run("Say hello.")

    outcome.assert_success()
    assert (claude.work / "hello.txt").read_text() == "hello\n"
    assert outcome.text == "Done."
    replayed = fake_backend.requests[1].body["messages"]
    thinking = [block for message in replayed for block in message["content"] if isinstance(block, dict)]
    assert {"type": "thinking", "thinking": "A command.", "signature": "c2NyaXB0ZWQ="} in thinking


def test_the_request_keeps_its_betas_and_carries_our_key(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello."))

    claude.run("Hello").assert_success()

    (request,) = fake_backend.requests
    assert (request.path, request.query) == ("/v1/messages", "beta=true")
    assert "claude-code-20250219" in request.headers["anthropic-beta"]
    assert request.headers["x-api-key"] == "key-of-anthropic"
    assert "authorization" not in request.headers
    assert request.body["system"][0]["text"].startswith("x-anthropic-billing-header")


def test_an_overload_is_waited_out(claude: Claude, fake_backend: FakeBackend) -> None:
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    fake_backend.plays(status(529, overloaded, {"retry-after": "1"}), reply(text="Here I am."))

    outcome = claude.run("Hello")

    outcome.assert_success()
    assert outcome.text == "Here I am."


def test_a_stream_without_its_end_is_not_a_success(claude: Claude, fake_backend: FakeBackend) -> None:
    """A clean end of the connection after a whole block would be taken for the end of the answer."""
    message = whole(text="Only the beginning", thinking="", calls=[], usage=(1000, 20))
    fake_backend.plays(stream(*events(message)[:-2], Close()), reply(text="The whole answer."))

    outcome = claude.run("Hello")

    assert outcome.exit_code != 0 or outcome.text == "The whole answer."
