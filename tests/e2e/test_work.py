"""A day's work of the real client, with a model that does what the playbook says."""

import itertools
import json
import struct
import zlib
from typing import Any

import pytest

from tests.backends.fake import FakeBackend, Request
from tests.backends.openai import Call, chunks, reply
from tests.backends.playbook import stream
from tests.e2e.client import Claude

pytestmark = pytest.mark.e2e


def asked_of(model: str) -> Any:
    return lambda request: request.body["model"] == model


def words(request: Request) -> str:
    """All that the request says to the model, tools aside."""
    return json.dumps(request.body["messages"])


def test_a_file_is_really_written(claude: Claude, fake_backend: FakeBackend) -> None:
    path = claude.work / "hello.txt"
    fake_backend.plays(
        reply(thinking="They want a file.", calls=[Call("Write", {"file_path": str(path), "content": "Grüße ☃\n"})]),
        reply(text="Written."),
    )

    outcome = claude.run("Write a greeting.")

    outcome.assert_success()
    assert path.read_text() == "Grüße ☃\n"
    assert (outcome.text, outcome.turns) == ("Written.", 2)


def test_a_long_tool_loop_extends_one_prompt(claude: Claude, fake_backend: FakeBackend) -> None:
    steps = [Call("Bash", {"command": f"echo step {n} >> log.txt", "description": "note it"}) for n in range(6)]
    fake_backend.plays(*(reply(text=f"Step {n}.", calls=[step]) for n, step in enumerate(steps)), reply(text="Done."))

    outcome = claude.run("Note six steps.")

    outcome.assert_success()
    assert (claude.work / "log.txt").read_text().splitlines() == [f"step {n}" for n in range(6)]
    assert outcome.turns == 7
    prompts = [request.body["messages"] for request in fake_backend.requests]
    for earlier, later in itertools.pairwise(prompts):
        assert json.dumps(later).startswith(json.dumps(earlier)[:-1])


def test_parallel_calls_are_answered_in_one_turn(claude: Claude, fake_backend: FakeBackend) -> None:
    calls = [Call("Bash", {"command": f"echo {n} > {n}.txt", "description": "write"}) for n in "abc"]
    fake_backend.plays(reply(calls=calls), reply(text="All three."))

    outcome = claude.run("Write three files.")

    outcome.assert_success()
    assert sorted(path.name for path in claude.work.glob("*.txt")) == ["a.txt", "b.txt", "c.txt"]
    roles = [message["role"] for message in fake_backend.requests[1].body["messages"]]
    assert roles[-4:] == ["assistant", "tool", "tool", "tool"]


def test_ids_that_the_backend_uses_twice_do_not_confuse_the_client(claude: Claude, fake_backend: FakeBackend) -> None:
    again = [Call("Bash", {"command": f"echo {n} >> n.txt", "description": "n"}, id="call_0") for n in range(3)]
    fake_backend.plays(*(reply(calls=[call]) for call in again), reply(text="Counted."))

    outcome = claude.run("Count.")

    outcome.assert_success()
    assert (claude.work / "n.txt").read_text() == "0\n1\n2\n"
    assert outcome.text == "Counted."


def test_signed_and_encrypted_reasoning_comes_back_from_the_client(claude: Claude, fake_backend: FakeBackend) -> None:
    """OpenRouter's reasoning_details: with a text, and with nothing to read at all."""
    look = Call("Bash", {"command": "true", "description": "look"})
    signed = [{"type": "reasoning.text", "text": "Hm, 😀.", "signature": "sig1", "index": 0}]
    encrypted = [{"type": "reasoning.encrypted", "data": "AAAA", "id": "rs_1", "index": 0}]
    plays = []
    for items in (signed, encrypted):
        delta = {"choices": [{"delta": {"reasoning_details": items}, "finish_reason": None}]}
        plays.append(stream(b"data: " + json.dumps(delta).encode() + b"\n\n", *chunks(calls=[look])))
    fake_backend.plays(*plays, reply(text="Done."))

    claude.run("Look twice.").assert_success()

    last = fake_backend.requests[-1].body["messages"]
    said = [message.get("reasoning_details") for message in last if message["role"] == "assistant"]
    assert said == [signed, encrypted]


def test_a_subagent_works_on_its_own_route(claude: Claude, fake_backend: FakeBackend) -> None:
    task = {"description": "look", "prompt": "Look at the sky.", "subagent_type": "general-purpose"}
    fake_backend.when(asked_of("agent-model")).plays(
        reply(calls=[Call("Bash", {"command": "echo blue > sky.txt", "description": "look"})]),
        reply(text="The sky is blue."),
    )
    fake_backend.plays(reply(calls=[Call("Agent", {**task, "run_in_background": False})]), reply(text="It is blue."))

    outcome = claude.run("Ask an agent about the sky.")

    outcome.assert_success()
    assert (claude.work / "sky.txt").read_text() == "blue\n"
    assert outcome.text == "It is blue."
    assert "The sky is blue." in words(fake_backend.of(asked_of("main-model"))[-1])
    assert len(fake_backend.of(asked_of("agent-model"))) == 2


def test_a_background_agent_reports_later(claude: Claude, fake_backend: FakeBackend) -> None:
    task = {"description": "look", "prompt": "Look at the sky.", "subagent_type": "general-purpose"}
    fake_backend.when(asked_of("agent-model")).plays(reply(text="The sky is blue."))
    fake_backend.when(lambda request: "The sky is blue." in words(request)).always(reply(text="It is blue."))
    fake_backend.plays(reply(calls=[Call("Agent", {**task, "run_in_background": True})]), reply(text="I am waiting."))

    outcome = claude.run("Ask an agent about the sky.")

    outcome.assert_success()
    assert outcome.text == "It is blue."


def test_a_title_is_made_on_the_small_model(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.when(asked_of("small-model")).plays(reply(text='{"title": "Login bug"}'))
    fake_backend.plays(reply(text="Hello."))
    title = {"subtype": "generate_session_title", "description": "Fix the login bug", "persist": False}

    outcome = claude.talk(
        {"type": "control_request", "request_id": "1", "request": title},
        {"type": "user", "message": {"role": "user", "content": "Hello"}},
    )

    outcome.assert_success()
    answers = [event["response"] for event in outcome.events if event["type"] == "control_response"]
    assert answers[0]["response"]["title"] == "Login bug"


def test_a_web_search_goes_to_the_model_that_can_search(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.when(asked_of("web-model")).plays(reply(text="It is sunny in Paris."))
    fake_backend.plays(reply(calls=[Call("WebSearch", {"query": "weather in Paris"})]), reply(text="Sunny."))

    outcome = claude.run("How is the weather in Paris?")

    outcome.assert_success()
    assert outcome.text == "Sunny."
    assert "It is sunny in Paris." in words(fake_backend.of(asked_of("main-model"))[-1])


def test_a_tool_that_the_client_loads_later_can_be_called(claude: Claude, fake_backend: FakeBackend) -> None:
    fake_backend.plays(
        reply(calls=[Call("ToolSearch", {"query": "select:CronList"})]),
        reply(calls=[Call("CronList", {})]),
        reply(text="No jobs."),
    )

    outcome = claude.run("Which jobs are there?", ENABLE_TOOL_SEARCH="true")

    outcome.assert_success()
    before, after, _ = (
        [tool["function"]["name"] for tool in request.body["tools"]] for request in fake_backend.requests
    )
    assert "CronList" not in before
    assert "CronList" in after
    assert "DeferredToolPlaceholder" not in before + after
    result = next(m for m in fake_backend.requests[1].body["messages"] if m["role"] == "tool")
    assert "CronList" in result["content"]
    assert outcome.text == "No jobs."


def test_a_picture_that_a_tool_reads_is_shown_to_the_model(claude: Claude, fake_backend: FakeBackend) -> None:
    path = claude.work / "dot.png"
    path.write_bytes(png())
    fake_backend.plays(reply(calls=[Call("Read", {"file_path": str(path)})]), reply(text="A red dot."))

    outcome = claude.run("What is in dot.png?")

    outcome.assert_success()
    assert outcome.text == "A red dot."
    assert '"url": "data:image/' in words(fake_backend.requests[1])


def png() -> bytes:
    """One red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
