"""Transformers through the whole gateway: configuration in, a client's answer out."""

from typing import Any

import pytest

from tests.backends import anthropic, openai
from tests.backends.fake import FakeBackend
from tests.backends.openai import Call, chunks
from tests.backends.playbook import status, stream
from tests.gateway.client import messages
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, provider

READ = {"name": "Read", "input_schema": {"type": "object"}}
EXIT = Call("ExitTool", {"response": "All done."})


def gateway_for(start: StartGateway, backend: FakeBackend, transformer: Any, dialect: str = "openai") -> Gateway:
    one = provider("fake", backend, "big", "small", dialect=dialect, transformer=transformer)
    return start({"Providers": [one], "Router": {"default": "fake,big", "haiku": "fake,small"}})


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_request_and_its_answer_are_transformed(
    start_gateway: StartGateway, fake_backend: FakeBackend, dialect: str, streamed: bool
) -> None:
    use = ["tooluse", ["MaxToken", {"max_tokens": 64}], ["customparams", {"seed": 7}]]
    gateway = gateway_for(start_gateway, fake_backend, {"use": use}, dialect)
    reply = openai.reply if dialect == "openai" else anthropic.reply
    fake_backend.plays(reply(calls=[EXIT]))

    answer = gateway.ask(messages(stream=streamed, tools=[READ]))

    body = fake_backend.requests[0].body
    assert (body["max_tokens"], body["seed"], len(body["tools"])) == (64, 7, 2)
    assert (answer.status, answer.text) == (200, "All done.")
    assert gateway.lines(1)[0]["stop_reason"] == "end_turn"
    assert gateway.lines(1)[0]["usage"]["output_tokens"] == 20


@pytest.mark.parametrize("streamed", [True, False])
def test_those_of_one_model_leave_the_others_alone(
    start_gateway: StartGateway, fake_backend: FakeBackend, streamed: bool
) -> None:
    transformer = {"use": [["sampling", {"temperature": 0.1}]], "small": {"use": [["maxtoken", {"max_tokens": 64}]]}}
    gateway = gateway_for(start_gateway, fake_backend, transformer)
    fake_backend.always(openai.reply(text="Hi."))

    for model in ("claude-opus-5-5", "claude-haiku-4-5"):
        gateway.ask(messages(stream=streamed, model=model))

    big, small = (request.body for request in fake_backend.requests)
    assert (big["model"], big["max_tokens"], big["temperature"]) == ("big", 1000, 0.1)
    assert (small["model"], small["max_tokens"], small["temperature"]) == ("small", 64, 0.1)


def test_a_refusal_is_learned_from_and_asked_again(start_gateway: StartGateway, fake_backend: FakeBackend) -> None:
    gateway = gateway_for(start_gateway, fake_backend, {"use": ["deepseek", "tooluse"]})
    refusal = "Invalid max_tokens value, the valid range of max_tokens is [1, 512]"
    fake_backend.plays(status(400, {"error": {"message": refusal}}), openai.reply(calls=[EXIT]))

    answer = gateway.ask(messages(stream=True, tools=[READ]))

    assert answer.text == "All done."
    assert [request.body["max_tokens"] for request in fake_backend.requests] == [1000, 512]


def test_thinking_in_tags_is_thinking_without_any_name(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(openai.reply(text="<think>\nLet me see.\n</think>\n\nIt is A."))

    answer = gateway.ask(messages(stream=True))

    assert [event["content_block"]["type"] for event in answer.events if event["type"] == "content_block_start"] == [
        "thinking",
        "text",
    ]
    assert answer.text == "It is A."


def test_reasoning_sends_a_call_s_arguments_once_and_keeps_its_end(
    start_gateway: StartGateway, fake_backend: FakeBackend
) -> None:
    """The npm tool sent the first piece of the arguments twice, and dropped the end and the usage of such a stream."""
    gateway = gateway_for(start_gateway, fake_backend, {"use": ["reasoning", "deepseek", "enhancetool"]})
    fake_backend.plays(stream(*chunks(thinking="hm", calls=[Call("Read", {"path": "a"})])))

    answer = gateway.ask(messages(stream=True, tools=[READ]))

    pieces = [event["delta"]["partial_json"] for event in answer.events if event.get("delta", {}).get("partial_json")]
    assert "".join(pieces) == '{"path": "a"}'
    assert gateway.lines(1)[0]["stop_reason"] == "tool_use"
    assert gateway.lines(1)[0]["usage"]["output_tokens"] == 20


def test_a_stream_that_fails_inside_a_tag_is_followed_by_the_next(
    two_backends: Gateway, fake_backend: FakeBackend, second_backend: FakeBackend
) -> None:
    fake_backend.plays(stream(*chunks(text="<thi")[:2]))
    second_backend.plays(openai.reply(text="from the second"))

    assert two_backends.ask(messages(stream=True)).text == "from the second"
