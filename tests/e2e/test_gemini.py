"""The real client on a model that speaks Gemini and refuses calls that come back unsigned."""

from pathlib import Path
from typing import Any

import pytest

from tests.backends.fake import FakeBackend, Request
from tests.backends.gemini import reply
from tests.backends.openai import Call
from tests.e2e.client import Claude
from tests.e2e.conftest import StartRouter
from tests.e2e.router import provider

pytestmark = pytest.mark.e2e


@pytest.fixture(params=["claude_current", "claude_older"])
def claude(request: pytest.FixtureRequest, start_router: StartRouter, fake_backend: FakeBackend) -> Claude:
    program: Path = request.getfixturevalue(request.param)
    gemini = provider("gemini", fake_backend, "gemini-3-flash-preview", path="/v1beta/models/")
    gemini["transformer"] = {"use": ["gemini"]}
    router = start_router({"Providers": [gemini], "Router": {"default": "gemini,gemini-3-flash-preview"}})
    return Claude(program, router)


def is_title(request: Request) -> bool:
    return "tools" not in request.body


def bash(number: int) -> Call:
    return Call("Bash", {"command": f"echo {number} >> n.txt", "description": "note"})


def signatures(contents: list[dict[str, Any]]) -> list[str | None]:
    """Of all calls in a request, in order."""
    parts = [part for content in contents for part in content["parts"]]
    return [part.get("thoughtSignature") for part in parts if "functionCall" in part]


def test_every_call_comes_back_with_its_signature(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_title).always(reply(text='{"title": "Numbers"}'))
    fake_backend.plays(
        reply(thinking="First.", text="I note it.", calls=[bash(1), bash(2)], signature="c2lnMQ=="),
        reply(calls=[bash(3)], signature="c2lnMg=="),
        reply(thinking="So.", text="Noted.", signature="c2lnMw=="),
        reply(text="You are welcome."),
    )

    outcome = claude.run("Note three numbers.")
    again = claude.run("Thanks.", "--continue")

    outcome.assert_success()
    assert (outcome.text, again.text) == ("Noted.", "You are welcome.")
    assert sorted((claude.work / "n.txt").read_text().split()) == ["1", "2", "3"]
    sent = [request.body["contents"] for request in fake_backend.requests if not is_title(request)]
    assert [signatures(contents) for contents in sent] == [
        [],
        ["c2lnMQ==", None],
        ["c2lnMQ==", None, "c2lnMg=="],
        ["c2lnMQ==", None, "c2lnMg=="],
    ]
    assert sent[1][: len(sent[0])] == sent[0]
    assert sent[2][: len(sent[1])] == sent[1]
