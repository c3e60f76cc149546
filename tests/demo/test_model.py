import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ccr.demo.model import ScriptedModel


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as running:
        yield running


def post(model: ScriptedModel, body: bytes, path: str = "/v1/chat/completions") -> tuple[int, bytes]:
    host = model.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request("POST", path, body)
        response = connection.getresponse()
        return response.status, response.read()


def streamed(server: ScriptedModel, **more: Any) -> list[Any]:
    body = {"messages": [{"role": "user", "content": "Hello"}], "stream": True, **more}
    status, answer = post(server, json.dumps(body).encode())
    assert status == 200
    *events, done, end = answer.split(b"\n\n")
    assert (done, end) == (b"data: [DONE]", b"")
    return [json.loads(event.removeprefix(b"data: ")) for event in events]


def test_a_stream_ends_with_its_finish_reason(model: ScriptedModel) -> None:
    assert streamed(model, model="coder")[-1]["choices"][0]["finish_reason"] == "stop"


def test_usage_comes_last_when_it_is_asked_for(model: ScriptedModel) -> None:
    last = streamed(model, model="coder", stream_options={"include_usage": True})[-1]
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"]


def test_thinking_comes_before_the_text(model: ScriptedModel) -> None:
    deltas = [event["choices"][0]["delta"] for event in streamed(model, model="thinker")]
    fields = [field for delta in deltas for field in delta if field in ("reasoning_content", "content")]
    assert list(dict.fromkeys(fields[1:])) == ["reasoning_content", "content"]


def test_a_tool_call_is_streamed_in_pieces_that_join_to_json(model: ScriptedModel) -> None:
    tools = [{"type": "function", "function": {"name": "Write"}}]
    order = [{"role": "user", "content": "Write the file /tmp/a.txt"}]
    events = streamed(model, model="coder", tools=tools, messages=order)
    calls = [call for event in events for call in event["choices"][0]["delta"].get("tool_calls", [])]
    assert calls[0]["id"]
    assert json.loads("".join(call["function"]["arguments"] for call in calls))["file_path"] == "/tmp/a.txt"
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_whole_answer_says_the_same(model: ScriptedModel) -> None:
    body = {"model": "thinker", "messages": [{"role": "user", "content": "Hello"}]}
    message = json.loads(post(model, json.dumps(body).encode())[1])["choices"][0]["message"]
    assert message["content"] == "thinker: forty-two."
    assert message["reasoning_content"]


def test_it_counts_who_was_asked(model: ScriptedModel) -> None:
    streamed(model, model="coder")
    assert model.asked == {"coder": 1}


@pytest.mark.parametrize(
    ("body", "path", "status"), [(b"{", "/v1/chat/completions", 400), (b"{}", "/v1/completions", 404)]
)
def test_what_it_does_not_understand_it_refuses(model: ScriptedModel, body: bytes, path: str, status: int) -> None:
    assert post(model, body, path)[0] == status
