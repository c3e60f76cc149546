"""Through the gateway to a backend that speaks OpenAI Responses."""

import json
from typing import Any

import pytest

from tests.backends.fake import FakeBackend
from tests.backends.openai import Call
from tests.backends.playbook import Hold, status, stream
from tests.backends.responses import event, events, function_call, message, reasoning, reply, response
from tests.gateway.client import messages
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, provider
from tests.gateway.wire import Answer

TOOL = {"name": "Bash", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}}
THOUGHT = reasoning("rs_1", "**Look**\n\nI look.", "Then I act.", encrypted="gAAAA-secret-thoughts")
CALL = function_call(Call("Bash", {"command": "ls"}, "call_1"))


@pytest.fixture
def gateway(start_gateway: StartGateway, fake_backend: FakeBackend) -> Gateway:
    entry = provider("openai", fake_backend, "gpt", "mini", dialect="responses")
    return start_gateway({"Providers": [entry], "Router": {"default": "openai,gpt"}})


def content(answer: Answer, streamed: bool) -> list[dict[str, Any]]:
    """The blocks of an answer, as the client keeps them."""
    if not streamed:
        found: list[dict[str, Any]] = answer.json["content"]
        return found
    blocks: list[dict[str, Any]] = []
    arguments = ""
    for one in answer.events:
        match one["type"], one.get("delta", {}).get("type"):
            case "content_block_start", _:
                blocks.append(one["content_block"])
                arguments = ""
            case _, "input_json_delta":
                arguments += one["delta"]["partial_json"]
                blocks[-1]["input"] = json.loads(arguments) if arguments.endswith("}") else {}
            case _, str() as kind:
                name = kind.removesuffix("_delta")
                blocks[-1][name] += one["delta"][name]
            case _:
                pass
    return blocks


@pytest.mark.parametrize("streamed", [True, False])
def test_encrypted_reasoning_comes_back_in_its_place_in_the_next_turn(
    gateway: Gateway, fake_backend: FakeBackend, streamed: bool
) -> None:
    fake_backend.plays(reply(THOUGHT, message("I run it."), CALL), reply(message("Done.")))

    first = gateway.ask(messages("List.", stream=streamed, tools=[TOOL]))
    said = content(first, streamed)
    result = {"type": "tool_result", "tool_use_id": said[-1]["id"], "content": "file"}
    turns = [
        {"role": "user", "content": "List."},
        {"role": "assistant", "content": said},
        {"role": "user", "content": [result]},
    ]
    second = gateway.ask(messages(stream=streamed, tools=[TOOL], messages=turns))

    assert [block["type"] for block in said] == ["thinking", "text", "tool_use"]
    assert said[0]["thinking"] == "**Look**\n\nI look.\n\nThen I act."
    assert second.text == "Done."
    sent = fake_backend.requests[1].body
    assert [item["type"] for item in sent["input"]] == [
        *("message", "reasoning", "message", "function_call", "function_call_output")
    ]
    assert sent["input"][1] == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "**Look**\n\nI look.\n\nThen I act."}],
        "encrypted_content": "gAAAA-secret-thoughts",
    }
    assert sent["input"][:1] == fake_backend.requests[0].body["input"]
    assert sent["store"] is False


def test_another_model_is_not_sent_it(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(THOUGHT, message("First.")), reply(message("Second.")))

    said = content(gateway.ask(messages("Hi", stream=True)), True)
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": "On."},
    ]
    answer = gateway.ask({**messages(messages=turns, stream=True), "model": "openai,mini"})

    assert answer.text == "Second."
    sent = fake_backend.requests[1].body
    assert sent["model"] == "mini"
    assert [item["type"] for item in sent["input"]] == ["message", "message", "message"]


def test_reasoning_that_cannot_be_decrypted_is_left_out_and_the_turn_goes_on(
    gateway: Gateway, fake_backend: FakeBackend
) -> None:
    fake_backend.plays(reply(THOUGHT, message("First.")))
    said = content(gateway.ask(messages("Hi", stream=True)), True)
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": "On."},
    ]
    refusal = {"message": "The encrypted content gAAA… could not be verified.", "code": "invalid_encrypted_content"}
    fake_backend.plays(status(400, {"error": refusal}), reply(message("Second.")))

    answer = gateway.ask(messages(messages=turns, stream=True))

    assert answer.text == "Second."
    assert [item["type"] for item in fake_backend.requests[2].body["input"]] == ["message", "message", "message"]


def test_fields_that_the_model_refuses_are_withdrawn_one_after_another(
    gateway: Gateway, fake_backend: FakeBackend
) -> None:
    def refused(words: str) -> Any:
        return status(400, {"error": {"message": words, "type": "invalid_request_error"}})

    fake_backend.plays(
        refused("Unsupported parameter: 'temperature' is not supported with this model."),
        refused("Encrypted content is not supported with this model."),
        refused("Unsupported parameter: 'reasoning.effort' is not supported with this model."),
        reply(message("At last.")),
    )
    wanted = messages(stream=True, temperature=1, thinking={"type": "adaptive"}, output_config={"effort": "high"})

    assert gateway.ask(wanted).text == "At last."
    sent = fake_backend.requests[3].body
    assert not {"temperature", "include", "reasoning"} & sent.keys()
    assert {"temperature", "include", "reasoning"} <= fake_backend.requests[0].body.keys()


@pytest.mark.parametrize("streamed", [True, False])
def test_usage_and_stop_reason_reach_the_client(gateway: Gateway, fake_backend: FakeBackend, streamed: bool) -> None:
    fake_backend.plays(reply(CALL))

    answer = gateway.ask(messages(stream=streamed, tools=[TOOL]))

    end = answer.events[-2] if streamed else answer.json
    assert end["usage"] == {"input_tokens": 400, "cache_read_input_tokens": 600, "output_tokens": 20}
    assert (end["delta"] if streamed else end)["stop_reason"] == "tool_use"


def test_a_stream_that_fails_before_content_is_told_as_a_status(gateway: Gateway, fake_backend: FakeBackend) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Slow down."}
    failed = {**response("failed"), "error": error}
    created = event("response.created", response=response("in_progress"))
    fake_backend.always(stream(created, event("response.failed", response=failed)))

    answer = gateway.ask(messages(stream=True))

    assert answer.status == 429
    assert answer.error == ("rate_limit_error", "provider openai: Slow down.")


def test_too_long_a_prompt_is_told_in_the_words_that_make_the_client_compact(
    gateway: Gateway, fake_backend: FakeBackend
) -> None:
    error = {"code": "context_length_exceeded", "message": "Your input exceeds the context window of this model."}
    fake_backend.plays(stream(event("error", error=error)))

    answer = gateway.ask(messages(stream=True))

    assert answer.status == 400
    assert answer.error[1].startswith("prompt is too long")


def test_a_stream_cut_before_its_end_is_an_error(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*events(message("Hello, world."))[:-1]))

    answer = gateway.ask(messages(stream=True))

    assert answer.kinds[-1] == "error"
    assert "message_stop" not in answer.kinds


def test_an_answer_is_complete_at_its_last_event_whatever_the_socket_does(
    gateway: Gateway, fake_backend: FakeBackend
) -> None:
    fake_backend.plays(stream(*events(message("Hello.")), Hold()))

    assert gateway.ask(messages(stream=True)).text == "Hello."
