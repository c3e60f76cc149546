"""A provider that speaks Gemini, from the configuration to the socket."""

import json
from typing import Any

import pytest

from tests.backends.fake import FakeBackend
from tests.backends.gemini import reply
from tests.backends.openai import Call
from tests.backends.playbook import Close, status, stream
from tests.gateway.client import messages
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway
from tests.gateway.wire import Answer

TOOLS = [{"name": "Bash", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}}]


@pytest.fixture
def gateway(start_gateway: StartGateway, fake_backend: FakeBackend) -> Gateway:
    """As the npm tool's manual has it: the base URL with a slash, the transformer `gemini`."""
    gemini = {
        "name": "gemini",
        "api_base_url": fake_backend.url + "/v1beta/models/",
        "api_key": "key-of-gemini",
        "models": ["gemini-3-flash-preview"],
        "transformer": {"use": ["gemini"]},
    }
    return start_gateway({"Providers": [gemini], "Router": {"default": "gemini,gemini-3-flash-preview"}})


def told(answer: Answer) -> dict[str, Any]:
    """The message, streamed or whole, as a client puts it together."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        whole: dict[str, Any] = answer.json
        return whole
    message: dict[str, Any] = {"content": []}
    for event in answer.events:
        if event["type"] == "content_block_start":
            message["content"].append({**event["content_block"], "input": ""})
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][-1], event["delta"]
            for name, field in (("thinking", "thinking"), ("signature", "signature"), ("partial_json", "input")):
                block[field] = block.get(field, "") + delta.get(name, "")
        elif event["type"] == "message_delta":
            message |= {"usage": event["usage"], **event["delta"]}
    for block in message["content"]:
        block["input"] = json.loads(block["input"] or "{}")
    return message


@pytest.mark.parametrize("streamed", [True, False])
def test_a_tool_loop_of_two_turns(gateway: Gateway, fake_backend: FakeBackend, streamed: bool) -> None:
    fake_backend.plays(
        reply(thinking="The files.", calls=[Call("Bash", {"command": "ls"}), Call("Bash", {})], signature="c2ln"),
        reply(text="Two files.", usage=(2000, 30)),
    )
    question = messages("Which files?", stream=streamed, tools=TOOLS)

    first = gateway.ask(question)
    said = told(first)["content"]
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "a b"}
        for block in said
        if block["type"] == "tool_use"
    ]
    later = [{"role": "assistant", "content": said}, {"role": "user", "content": results[::-1]}]
    second = gateway.ask({**question, "messages": question["messages"] + later})

    assert told(first)["stop_reason"] == "tool_use"
    assert [block["type"] for block in said] == ["thinking", "tool_use", "tool_use"]
    assert (second.text, told(second)["stop_reason"]) == ("Two files.", "end_turn")
    assert told(second)["usage"]["input_tokens"] == 2000
    asked, again = fake_backend.requests
    assert again.body["contents"][:1] == asked.body["contents"]
    calls, answers = again.body["contents"][1:]
    assert calls["parts"][1]["thoughtSignature"] == "c2ln"
    assert [part["functionResponse"]["id"] for part in answers["parts"]] == [
        part["functionCall"]["id"] for part in calls["parts"][1:]
    ]
    method = "streamGenerateContent" if streamed else "generateContent"
    assert asked.path == f"/v1beta/models/gemini-3-flash-preview:{method}"
    assert asked.query == ("alt=sse" if streamed else "")
    assert asked.headers["x-goog-api-key"] == "key-of-gemini"
    assert "authorization" not in asked.headers


def test_calls_of_another_model_are_taken_over(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Fine."))
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a"}
    history: list[Any] = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]

    answer = gateway.ask({**messages("Go."), "messages": messages("Go.")["messages"] + history})

    assert answer.text == "Fine."


def test_a_refused_thinking_level_is_left_out_from_then_on(gateway: Gateway, fake_backend: FakeBackend) -> None:
    refusal = {"error": {"code": 400, "message": "Thinking level LOW is not supported for this model."}}
    fake_backend.plays(status(400, refusal), reply(text="Fine."), reply(text="Again."))
    question = messages(stream=True, thinking={"type": "adaptive"}, output_config={"effort": "low"})

    assert gateway.ask(question).text == "Fine."
    assert gateway.ask(question).text == "Again."

    sent = [request.body["generationConfig"]["thinkingConfig"] for request in fake_backend.requests]
    assert sent[0] == {"includeThoughts": True, "thinkingLevel": "low"}
    assert sent[1:] == [{"includeThoughts": True}] * 2


def test_a_stream_that_breaks_off_ends_in_an_error(gateway: Gateway, fake_backend: FakeBackend) -> None:
    begun = b'data: {"candidates":[{"content":{"parts":[{"text":"Once"}]}}]}\n\n'
    fake_backend.plays(stream(begun, Close()))

    answer = gateway.ask(messages(stream=True))

    assert answer.kinds[-1] == "error"
    assert "message_stop" not in answer.kinds
