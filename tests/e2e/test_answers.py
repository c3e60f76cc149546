"""What the real client keeps and shows of the answers of a chat backend."""

import json
from pathlib import Path

import pytest

from ccr.gateway import endpoint
from tests.backends.fake import FakeBackend, Request
from tests.backends.openai import Call, reply
from tests.e2e.client import Claude
from tests.e2e.router import Router

pytestmark = pytest.mark.e2e
filtered = pytest.mark.skipif(
    not hasattr(endpoint, "ShownReasoning"), reason="the gateway puts no filters around chat answers yet"
)

NOTE = Call("Bash", {"command": "echo 1 >> n.txt", "description": "note"})


@pytest.fixture(params=["claude_current", "claude_older"])
def claude(request: pytest.FixtureRequest, ccr_server: Router) -> Claude:
    program: Path = request.getfixturevalue(request.param)
    return Claude(program, ccr_server)


def is_title(request: Request) -> bool:
    return "response_format" in request.body


def reasoning(request: Request) -> list[str | None]:
    """Of all answers in a request, in order."""
    return [message.get("reasoning_content") for message in request.body["messages"] if message["role"] == "assistant"]


def test_thinking_comes_back_within_the_turn_and_with_the_next_question(
    claude: Claude, fake_backend: FakeBackend
) -> None:
    """The client drops it from answers of another model than the one that it asked for."""
    fake_backend.when(is_title).always(reply(text='{"title": "A number"}'))
    fake_backend.plays(
        reply(thinking="First a note.", text="I note it.", calls=[NOTE]),
        reply(thinking="So it is done.", text="Noted."),
        reply(text="You are welcome."),
    )

    outcome = claude.run("Note a number.")
    again = claude.run("Thanks.", "--continue")

    outcome.assert_success()
    assert (outcome.text, again.text) == ("Noted.", "You are welcome.")
    sent = [request for request in fake_backend.requests if not is_title(request)]
    assert [reasoning(request) for request in sent] == [
        [],
        ["First a note."],
        ["First a note.", "So it is done."],
    ]


@filtered
def test_an_answer_that_came_as_reasoning_is_the_answer(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_title).always(reply(text='{"title": "A sum"}'))
    fake_backend.plays(reply(thinking="Two and two are four."), reply(text="You are welcome."))

    outcome = claude.run("What are two and two?")
    again = claude.run("Thanks.", "--continue")

    outcome.assert_success()
    assert (outcome.text, again.text) == ("Two and two are four.", "You are welcome.")
    _, last = [request for request in fake_backend.requests if not is_title(request)]
    (said,) = [message for message in last.body["messages"] if message["role"] == "assistant"]
    assert (said["content"], said["reasoning_content"]) == ("Two and two are four.", "Two and two are four.")


@filtered
def test_a_call_that_was_written_into_the_reasoning_runs(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.when(is_title).always(reply(text='{"title": "A number"}'))
    call = json.dumps({"name": NOTE.name, "arguments": NOTE.arguments})
    fake_backend.plays(reply(thinking=f"I note it.\n<tool_call>\n{call}\n</tool_call>"), reply(text="Noted."))

    outcome = claude.run("Note a number.")

    outcome.assert_success()
    assert outcome.text == "Noted."
    assert (claude.work / "n.txt").read_text() == "1\n"


@filtered
@pytest.mark.parametrize(
    "text",
    ["**Fix the login bug**", 'Here is a title:\n\n```json\n{"title": "Fix the login bug"}\n```'],
    ids=["prose", "fence"],
)
def test_a_title_in_other_words_is_a_title(claude: Claude, fake_backend: FakeBackend, text: str) -> None:
    fake_backend.when(is_title).always(reply(text=text))
    fake_backend.plays(reply(text="Hello."))
    title = {"subtype": "generate_session_title", "description": "Fix the login bug", "persist": False}

    outcome = claude.talk(
        {"type": "control_request", "request_id": "1", "request": title},
        {"type": "user", "message": {"role": "user", "content": "Hello"}},
    )

    outcome.assert_success()
    answers = [event["response"] for event in outcome.events if event["type"] == "control_response"]
    assert answers[0]["response"]["title"] == "Fix the login bug"
