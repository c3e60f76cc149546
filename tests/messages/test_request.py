"""What a request may look like, and what is said when it can't be understood."""

import re
from typing import Any

import msgspec
import pytest

from ccr.errors import ClientError
from ccr.messages.blocks import Text, Unknown
from ccr.messages.request import parse_request

HELLO = [{"role": "user", "content": "Hello"}]


def body(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": HELLO, **fields})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"messages":[]}', "model"),
        (b'{"model":"m"}', "messages"),
        (body(messages=[]), "at least one message"),
        (body(model=5), "model: expected str"),
        (body(messages="Hello"), "messages: expected array"),
        (body(messages=[{"role": "user", "content": 5}]), "messages[0].content: expected"),
        (body(messages=[{"role": "robot", "content": "x"}]), "messages[0].role"),
        (body(messages=[{"role": "user", "content": [{"type": "text"}]}]), "messages[0].content[0]"),
        (body(max_tokens="9"), "max_tokens: expected int"),
        (body(max_tokens=100.5), "max_tokens: expected int"),
        (body(top_k=0.5), "top_k: expected int"),
        (body(max_tokens=0.0), "max_tokens: must be at least 1"),
        (body(max_tokens=0), "max_tokens: must be at least 1"),
        (body(tools=[5]), "tools[0]: expected object"),
        (b'{"model":"m","messages":' + b"[" * 100_000, "too deeply"),
    ],
)
def test_a_mistake_is_named_with_its_place(data: bytes, words: str) -> None:
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        parse_request(data)
    assert caught.value.status == 400


def test_whole_numbers_may_be_written_as_floats() -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024.0}
    request = parse_request(body(max_tokens=100.0, top_k=40.0, thinking=thinking))
    assert (type(request.max_tokens), request.max_tokens, request.top_k) == (int, 100, 40)
    assert request.thinking is not None
    assert request.thinking.budget_tokens == 1024


@pytest.mark.parametrize("content", [b'"a\\ud83d"', b'"a\xff"', b'[{"type":"text","text":"a\\udc00"}]'])
def test_half_a_character_is_replaced(content: bytes) -> None:
    request = parse_request(b'{"model":"m","messages":[{"role":"user","content":%b}]}' % content)
    told = request.messages[0].content
    text = told if isinstance(told, str) else next(block.text for block in told if isinstance(block, Text))
    assert text == "a\ufffd"


@pytest.mark.parametrize(
    "block",
    [
        {"type": "new_thing", "text": "x"},
        {"type": "image", "source": {"type": "new_source"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "new_thing"}]}},
    ],
)
def test_an_unknown_block_is_kept(block: dict[str, Any]) -> None:
    known = parse_request(body(messages=[{"role": "user", "content": [block]}])).messages[0].content[0]
    assert isinstance(known, Unknown)
    assert msgspec.json.decode(known.raw) == block


@pytest.mark.parametrize("field", ["tool_choice", "thinking", "output_config", "output_format", "metadata"])
def test_an_unknown_shape_of_an_optional_field_counts_as_absent(field: str) -> None:
    assert getattr(parse_request(body(**{field: ["new"]})), field) is None


def test_an_empty_system_message_is_taken() -> None:
    request = parse_request(body(messages=[*HELLO, {"role": "system", "content": []}], system=[]))
    assert request.messages[1].content == []
    assert request.system_texts == []
