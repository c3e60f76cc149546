import json
from typing import Any

import msgspec
import pytest

from ccr.demo.script import ChatRequest, speak

WRITE = {"type": "function", "function": {"name": "Write", "parameters": {}}}
SYSTEM = {"role": "system", "content": "You are a model."}


def request(*messages: dict[str, Any], model: str = "coder", tools: Any = (WRITE,), **more: Any) -> ChatRequest:
    return msgspec.convert({"model": model, "messages": [SYSTEM, *messages], "tools": [*tools], **more}, ChatRequest)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": "<system-reminder>"}, {"type": "text", "text": text}]}


@pytest.mark.parametrize(
    ("order", "path"),
    [
        ("Write the file /tmp/a.txt.", "/tmp/a.txt"),
        ("please write the file /tmp/a.txt, then stop", "/tmp/a.txt"),
        ('Write the file "/tmp/with space/a.txt"', "/tmp/with space/a.txt"),
    ],
)
def test_an_order_to_write_becomes_a_call_of_the_write_tool(order: str, path: str) -> None:
    call = speak(request(user(order))).call
    assert call is not None
    assert (call.name, json.loads(call.arguments)["file_path"]) == ("Write", path)


def test_without_the_tool_it_only_talks() -> None:
    assert speak(request(user("Write the file /tmp/a.txt"), tools=())).call is None


def test_after_the_tools_result_it_says_what_the_tool_said() -> None:
    call: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": []}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "Permission denied."}
    speech = speak(request(user("Write the file /tmp/a.txt"), call, result, user("a reminder")))
    assert (speech.text, speech.call) == ("coder: the tool answered: Permission denied.", None)


def test_an_order_of_an_earlier_turn_is_done_with() -> None:
    done = {"role": "assistant", "content": "Written."}
    assert speak(request(user("Write the file /tmp/a.txt"), done, user("Thanks."))).call is None


def test_structured_output_has_the_keys_that_are_wanted() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    speech = speak(request(user("A title, please."), model="mini", tools=(), response_format=wanted))
    assert json.loads(speech.text) == {"title": "A word from mini"}


def test_the_model_with_eyes_counts_the_pictures_that_arrived() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert speak(request({"role": "user", "content": [picture]}, model="eyes")).text == "eyes: I see 1 picture."
