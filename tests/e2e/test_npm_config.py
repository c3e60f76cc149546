"""A config.json written for the npm tool: its README's comprehensive example, with the servers at hand."""

from pathlib import Path
from typing import Any

import pytest

from tests.backends.fake import FakeBackend, Request
from tests.backends.openai import Call, reply
from tests.e2e.client import Claude
from tests.e2e.conftest import StartRouter

pytestmark = pytest.mark.e2e


def example(backend: str) -> dict[str, Any]:
    maxtoken = ["maxtoken", {"max_tokens": 65536}]
    thinking = "Qwen/Qwen3-235B-A22B-Thinking-2507"

    def entry(name: str, path: str, key: str, models: list[str], transformer: Any = None) -> dict[str, Any]:
        found = {"name": name, "api_base_url": f"{backend}/{name}/{path}", "api_key": key, "models": models}
        return found | ({"transformer": transformer} if transformer else {})

    chat = "v1/chat/completions"
    deepseek = {"use": ["deepseek"], "deepseek-chat": {"use": ["tooluse"]}}
    modelscope = {"use": [maxtoken, "enhancetool"], thinking: {"use": ["reasoning"]}}
    return {
        "APIKEY": "your-secret-key",
        "PROXY_URL": "http://127.0.0.1:7890",  # nobody listens there: what is on this machine must not go through it
        "LOG": True,
        "API_TIMEOUT_MS": 600000,
        "NON_INTERACTIVE_MODE": False,
        "Providers": [
            entry(
                "openrouter",
                "api/v1/chat/completions",
                "sk-xxx",
                ["google/gemini-2.5-pro-preview", "anthropic/claude-sonnet-4", "anthropic/claude-3.7-sonnet:thinking"],
                {"use": ["openrouter"]},
            ),
            entry("deepseek", "chat/completions", "sk-xxx", ["deepseek-chat", "deepseek-reasoner"], deepseek),
            entry("ollama", chat, "ollama", ["qwen2.5-coder:latest"]),
            entry("gemini", "v1beta/models/", "sk-xxx", ["gemini-2.5-flash", "gemini-2.5-pro"], {"use": ["gemini"]}),
            entry("volcengine", "api/v3/chat/completions", "sk-xxx", ["deepseek-v3-250324"], {"use": ["deepseek"]}),
            entry("modelscope", chat, "", ["Qwen/Qwen3-Coder-480B-A35B-Instruct", thinking], modelscope),
            entry("dashscope", chat, "", ["qwen3-coder-plus"], {"use": [maxtoken, "enhancetool"]}),
            entry("aihubmix", chat, "sk-", ["Z/glm-4.5", "claude-opus-4-20250514", "gemini-2.5-pro"]),
        ],
        "Router": {
            "default": "deepseek,deepseek-chat",
            "background": "ollama,qwen2.5-coder:latest",
            "think": "deepseek,deepseek-reasoner",
            "longContext": "openrouter,google/gemini-2.5-pro-preview",
            "longContextThreshold": 60000,
            "webSearch": "gemini,gemini-2.5-flash",
        },
    }


@pytest.fixture
def claude(start_router: StartRouter, claude_current: Path, fake_backend: FakeBackend) -> Claude:
    return Claude(claude_current, start_router(example(fake_backend.url)))


def test_tool_work_runs_on_the_default_model(claude: Claude, fake_backend: FakeBackend) -> None:
    call = Call("Write", {"file_path": str(claude.work / "hello.py"), "content": "print('hello')\n"})
    fake_backend.plays(reply(thinking="A file.", calls=[call]), reply(text="Written."))

    outcome = claude.run("Write a Hello World")

    outcome.assert_success()
    assert (claude.work / "hello.py").read_text() == "print('hello')\n"
    assert {(request.path, request.body["model"]) for request in fake_backend.requests} == {
        ("/deepseek/chat/completions", "deepseek-chat")
    }
    assert {request.headers["authorization"] for request in fake_backend.requests} == {"Bearer sk-xxx"}


def test_high_effort_thinks_on_the_think_model(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Thought."))

    outcome = claude.run("Think", "--effort", "max")

    outcome.assert_success()
    assert fake_backend.requests[0].body["model"] == "deepseek-reasoner"


def test_a_tagged_subagent_runs_where_its_tag_says(claude: Claude, fake_backend: FakeBackend) -> None:
    def by_agent(request: Request) -> bool:
        return request.path == "/openrouter/api/v1/chat/completions"

    prompt = "<CCR-SUBAGENT-MODEL>openrouter,anthropic/claude-sonnet-4</CCR-SUBAGENT-MODEL>\nLook at the sky."
    task = {"description": "look", "prompt": prompt, "subagent_type": "general-purpose", "run_in_background": False}
    fake_backend.when(by_agent).plays(reply(text="Blue."))
    fake_backend.plays(reply(calls=[Call("Agent", task)]), reply(text="It is blue."))

    outcome = claude.run("Ask an agent.")

    outcome.assert_success()
    assert outcome.text == "It is blue."
    (asked,) = fake_backend.of(by_agent)
    assert asked.body["model"] == "anthropic/claude-sonnet-4"
    assert b"CCR-SUBAGENT-MODEL" not in asked.raw


def test_a_model_named_in_the_client_is_used(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello."))

    outcome = claude.run("Hello", "--model", "modelscope,Qwen/Qwen3-Coder-480B-A35B-Instruct")

    outcome.assert_success()
    (request,) = fake_backend.requests
    assert (request.path, request.body["model"]) == (
        "/modelscope/v1/chat/completions",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
    )
    assert "authorization" not in request.headers


def test_tooluse_forces_calls_until_the_model_exits(claude: Claude, fake_backend: FakeBackend) -> None:
    call = Call("Write", {"file_path": str(claude.work / "a.txt"), "content": "a\n"})
    fake_backend.plays(reply(calls=[call]), reply(calls=[Call("ExitTool", {"response": "It is written."})]))

    outcome = claude.run("Write a file")

    outcome.assert_success()
    assert (claude.work / "a.txt").read_text() == "a\n"
    assert outcome.text == "It is written."
    first, second = (request.body for request in fake_backend.requests)
    assert first["tool_choice"] == "required"
    assert first["tools"][-1]["function"]["name"] == "ExitTool"
    assert second["messages"][: len(first["messages"])] == first["messages"]
