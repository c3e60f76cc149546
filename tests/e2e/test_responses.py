"""The real client through the router over OpenAI Responses, to a real llama-server and to a scripted backend."""

from pathlib import Path

import pytest

from tests.backends.fake import FakeBackend
from tests.backends.llama import LlamaServer
from tests.backends.openai import Call
from tests.backends.responses import function_call, message, reasoning, reply
from tests.e2e.client import Claude
from tests.e2e.conftest import StartRouter
from tests.e2e.router import provider
from tests.e2e.test_real_model import CLOSING, HELLO

pytestmark = pytest.mark.e2e


@pytest.fixture
def claude(
    claude_current: Path, start_router: StartRouter, llama_server: LlamaServer, fake_backend: FakeBackend
) -> Claude:
    llama = provider("llama", llama_server, "tiny-scripted", path="/v1/responses")
    routes = {"default": "llama,tiny-scripted", "background": "fake,small-model"}
    router = start_router({"Providers": [llama, provider("fake", fake_backend, "small-model")], "Router": routes})
    return Claude(claude_current, router)


def test_a_question_is_answered_with_reasoning_and_text(claude: Claude) -> None:
    outcome = claude.run("Think about it. [[chain:think]]")

    outcome.assert_success()
    assert [block["type"] for block in outcome.blocks] == ["thinking", "text"]
    assert outcome.text == "This is a reply after some reasoning."


def test_a_tool_call_runs_and_its_result_goes_back(claude: Claude) -> None:
    outcome = claude.run("Say hello with a command.")

    outcome.assert_success()
    assert (outcome.tool_results, outcome.text, outcome.turns) == ([HELLO], CLOSING, 2)


def test_parallel_tool_calls_all_run(claude: Claude) -> None:
    outcome = claude.run("Do two things. [[chain:two_tools]]")

    outcome.assert_success()
    assert len(outcome.tool_results) == 2
    assert outcome.text == CLOSING


def test_usage_of_the_server_reaches_the_client(claude: Claude) -> None:
    usage = claude.run("Who are you? [[chain:text]]").result["usage"]

    assert usage["input_tokens"] + usage["cache_read_input_tokens"] > 10_000
    assert 5 < usage["output_tokens"] < 30


@pytest.mark.parametrize("summary", [("I look first.",), ()], ids=["with a summary", "without"])
def test_encrypted_reasoning_comes_back_from_the_client(
    claude_current: Path, start_router: StartRouter, fake_backend: FakeBackend, summary: tuple[str, ...]
) -> None:
    openai = provider("openai", fake_backend, "gpt", "mini", path="/v1/responses")
    router = start_router({"Providers": [openai], "Router": {"default": "openai,gpt", "background": "openai,mini"}})
    run = function_call(Call("Bash", {"command": f"echo {HELLO}", "description": "Say hello"}, "call_1"))
    thought = reasoning("rs_1", *summary, encrypted="gAAAA-sealed")
    fake_backend.when(lambda request: request.body["model"] == "mini").always(reply(message('{"title": "A task"}')))
    fake_backend.plays(reply(thought, run), reply(reasoning("rs_2", encrypted="gBBBB"), message("Done.")))

    outcome = Claude(claude_current, router).run("Say hello with a command.")

    outcome.assert_success()
    assert (outcome.tool_results, outcome.text) == ([HELLO], "Done.")
    sent = fake_backend.of(lambda request: request.body["model"] == "gpt")[1].body["input"]
    kinds = [item["type"] for item in sent]
    at = kinds.index("reasoning")
    assert kinds[at : at + 3] == ["reasoning", "function_call", "function_call_output"]
    assert sent[at] == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": text} for text in summary],
        "encrypted_content": "gAAAA-sealed",
    }
