"""The real client through the router to a real llama-server.

The model recites: `[[chain:NAME]]` in the prompt picks what (tests/backends/tiny/chains.py); with tools and no such
word it calls Bash, and after a tool's result it closes.
"""

import http.client
import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.backends.claude import OLDER
from tests.backends.fake import FakeBackend
from tests.backends.openai import reply
from tests.e2e.client import Claude
from tests.e2e.router import Router

pytestmark = pytest.mark.e2e

HELLO = "hello from the tiny model"
CLOSING = "The command has run and printed its output; the task is complete."


@pytest.fixture
def claude(claude_current: Path, llama_router: Router) -> Claude:
    return Claude(claude_current, llama_router)


def test_a_question_is_answered_in_text(claude: Claude) -> None:
    outcome = claude.run("Who are you? [[chain:text]]")

    outcome.assert_success()
    assert outcome.text == "Hello, this is the scripted tiny model speaking. All done."
    assert outcome.turns == 1


def test_the_reasoning_of_the_model_arrives_as_thinking(claude: Claude) -> None:
    outcome = claude.run("Think about it. [[chain:think]]")

    outcome.assert_success()
    assert [block["type"] for block in outcome.blocks] == ["thinking", "text"]
    assert outcome.blocks[0]["thinking"].strip() == "The user wants something done. I will plan and act."
    assert outcome.text == "This is a reply after some reasoning."


def test_a_tool_call_runs_and_its_result_goes_back(claude: Claude) -> None:
    outcome = claude.run("Say hello with a command.")

    outcome.assert_success()
    assert outcome.tool_results == [HELLO]
    assert outcome.text == CLOSING
    assert outcome.turns == 2


def test_parallel_tool_calls_all_run(claude: Claude) -> None:
    outcome = claude.run("Do two things. [[chain:two_tools]]")

    outcome.assert_success()
    # The client sends results in the order in which they were ready.
    assert len(outcome.tool_results) == 2
    assert HELLO in outcome.tool_results
    assert any(Path("/etc/hostname").read_text().strip() in result for result in outcome.tool_results)
    assert outcome.text == CLOSING


def test_a_tool_call_that_breaks_off_does_not_end_the_work(claude: Claude) -> None:
    """The server's grammar closes the call that the model left open, so the command runs; either way the loop ends."""
    outcome = claude.run("Begin a call. [[chain:cut_tool]]")

    outcome.assert_success()
    assert len(outcome.tool_results) >= 1
    assert outcome.text == CLOSING


def test_letters_cut_across_tokens_arrive_whole(claude: Claude) -> None:
    outcome = claude.run("Draw. [[chain:unicode]]")

    outcome.assert_success()
    assert outcome.text == "Snowman ☃ and clef 𝄞 end."


def test_usage_of_the_server_reaches_the_client(claude: Claude) -> None:
    outcome = claude.run("Who are you? [[chain:text]]")

    usage = outcome.result["usage"]
    assert usage["input_tokens"] + usage["cache_read_input_tokens"] > 10_000
    assert 5 < usage["output_tokens"] < 30


def test_tokens_are_counted_by_the_backend(llama_router: Router) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 200
    body = {"model": "llama,tiny-scripted", "messages": [{"role": "user", "content": text}]}
    with closing(http.client.HTTPConnection("127.0.0.1", llama_router.port, timeout=20)) as connection:
        connection.request("POST", "/v1/messages/count_tokens", json.dumps(body), {"content-type": "application/json"})
        with connection.getresponse() as answer:
            counted = json.load(answer)

    assert answer.status == 200
    assert 1500 < counted["input_tokens"] < 4500


def test_the_context_overview_gets_its_counts(claude: Claude) -> None:
    outcome = claude.run("/context")

    outcome.assert_success()
    assert "tokens" in outcome.text.lower()


def test_the_older_client_works_too(claude_older: Path, llama_router: Router, fake_backend: FakeBackend) -> None:
    fake_backend.always(reply(text='{"title": "A small task"}'))  # it asks for a title by itself
    claude = Claude(claude_older, llama_router)

    answered = claude.run("Who are you? [[chain:text]]")
    worked = claude.run("Say hello with a command.")

    answered.assert_success()
    worked.assert_success()
    assert answered.text == "Hello, this is the scripted tiny model speaking. All done."
    assert (worked.tool_results, worked.text) == ([HELLO], CLOSING)
    assert OLDER in str(worked.events[0])
