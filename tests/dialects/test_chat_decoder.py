"""Shapes of streams and whole answers that backends were seen to send."""

from typing import Any

import msgspec
import pytest

from ccr.errors import UpstreamError
from ccr.messages.events import MessageStart, Usage
from tests.dialects.calls import chat_call, chunk, decode, failure, frame, message, sent, tool

STOP = chunk({}, "stop")


def contents(*pieces: bytes) -> list[Any]:
    return list(msgspec.json.decode(message(*pieces).encode())["content"])


def texts(*pieces: bytes) -> list[str]:
    return [block["text"] for block in contents(*pieces)]


def whole(document: Any) -> Any:
    return msgspec.json.decode(chat_call().answer(msgspec.json.encode(document)).body)


def test_the_message_starts_once_though_the_first_chunk_has_no_choices() -> None:
    events = decode(frame({"choices": [], "prompt_filter_results": []}), chunk({"content": "a"}), STOP)
    assert sum(isinstance(event, MessageStart) for event in events) == 1


@pytest.mark.parametrize("before", [b"", chunk({"content": "a"})])
@pytest.mark.parametrize(
    "error", [{"error": {"message": "boom", "code": 500}}, {"error": "boom"}, {"object": "error", "message": "boom"}]
)
def test_an_error_object_in_a_stream_is_a_failure(before: bytes, error: Any) -> None:
    decoder = chat_call().decoder()
    events = decoder.feed(before) + decoder.feed(frame(error))
    assert "boom" in failure(events)
    assert decoder.content_begun == bool(before)
    assert decoder.feed(chunk({"content": "late"})) == decoder.finish() == []


def test_an_error_inside_a_choice_is_a_failure() -> None:
    choice = {"delta": {}, "error": {"message": "boom", "code": 502}, "finish_reason": "error"}
    assert "boom" in failure(decode(frame({"choices": [choice]})))


def test_usage_beside_the_finish_reason_ends_the_message() -> None:
    decoder = chat_call().decoder()
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    decoder.feed(chunk({"content": "a"}) + chunk({}, "stop", usage=usage))
    assert decoder.ended
    assert decoder.usage == Usage(input_tokens=5, cache_read_input_tokens=4, output_tokens=2)


def test_an_empty_usage_waits_for_the_true_one() -> None:
    told = message(chunk({"content": "a"}), chunk({}, "stop", usage={}), frame({"usage": {"prompt_tokens": 3}}))
    assert told.usage.input_tokens == 3


@pytest.mark.parametrize("count", [-1, 1e300, float("nan"), "9", None, True])
def test_a_count_that_is_none_is_unknown(count: Any) -> None:
    data = b'data: {"usage":{"prompt_tokens":%b,"completion_tokens":5}}\n\n' % (
        b"NaN" if count != count else msgspec.json.encode(count)
    )
    assert message(chunk({"content": "a"}), STOP, data).usage == Usage(output_tokens=5)


def test_fragments_of_a_name_are_joined_and_a_late_id_is_taken() -> None:
    call = contents(tool(0, None, "Ba"), tool(0, None, "sh", "call_9"), tool(0, "{}"), chunk({}, "tool_calls"))[0]
    assert (call["name"], call["id"]) == ("Bash", "call_9")


def test_a_name_repeated_in_every_chunk_is_one_name() -> None:
    stream = (tool(0, '{"a"', "Bash", "c"), tool(0, ":1}", "Bash", "c"), tool(0, "", "Bash", "c"))
    assert [block["name"] for block in contents(*stream, STOP)] == ["Bash"]


def test_new_ids_for_every_fragment_are_one_call() -> None:
    blocks = contents(tool(0, None, "Bash", "a"), tool(0, '{"a":', None, "b"), tool(0, "1}", None, "c"), STOP)
    assert [block["input"] for block in blocks] == [{"a": 1}]


def test_two_calls_under_one_index_are_two() -> None:
    for ids in (("a", "b"), (None, None)):
        stream = (tool(0, '{"a":1}', "One", ids[0]), tool(0, '{"b":2}', "Two", ids[1]), STOP)
        assert [block["name"] for block in contents(*stream)] == ["One", "Two"]


def test_a_call_without_a_name_is_a_failure() -> None:
    assert "without a name" in failure(decode(tool(0, '{"a":1}', None, "c"), STOP))


def test_arguments_may_come_as_an_object() -> None:
    assert contents(tool(0, {"a": 1}, "Bash", "c"), STOP)[0]["input"] == {"a": 1}


def test_text_after_a_call_is_a_block_of_its_own() -> None:
    kinds = [block["type"] for block in contents(tool(0, '{"a":1}', "B", "c"), chunk({"content": "x"}), STOP)]
    assert kinds == ["tool_use", "text"]


def test_blank_text_opens_no_block_before_a_call() -> None:
    assert [b["type"] for b in contents(chunk({"content": "\n\n"}), tool(0, "{}", "B", "c"), STOP)] == ["tool_use"]


def test_content_parts_and_refusals_are_text() -> None:
    assert texts(chunk({"content": [{"type": "text", "text": "part"}]}), STOP) == ["part"]
    assert texts(chunk({"refusal": "I can't."}), STOP) == ["I can't."]


def test_halves_of_a_character_meet_again() -> None:
    halves = [
        b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\ude00"}}]}\n\n',
    ]
    assert texts(*halves, STOP) == ["😀"]
    assert texts(halves[0], STOP) == ["\ufffd"]


def test_deep_nesting_is_a_failure_and_no_crash() -> None:
    assert failure(decode(b'data: {"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n"))


@pytest.mark.parametrize("reason", ["abort", "error", "insufficient_system_resource"])
def test_a_reason_that_says_broken_off_is_a_failure(reason: str) -> None:
    assert reason in failure(decode(chunk({"content": "a"}), chunk({}, reason)))


@pytest.mark.parametrize(
    ("reason", "stop_reason"), [("length", "max_tokens"), ("content_filter", "refusal"), ("stop", "end_turn")]
)
def test_a_finish_reason_has_its_stop_reason(reason: str, stop_reason: str) -> None:
    assert message(chunk({"content": "a"}), chunk({}, reason)).stop_reason == stop_reason
    assert message(tool(0, "{}", "B", "c"), chunk({}, reason)).stop_reason == "tool_use"


def test_comments_event_names_and_several_data_lines_are_read() -> None:
    stream = b': waiting\n\nevent: chunk\ndata: {"choices":[{"delta":\ndata: {"content":"a"}}]}\n\nid: 7\n\n'
    assert texts(stream, STOP) == ["a"]


@pytest.mark.parametrize(
    "document", [{}, {"choices": []}, {"choices": None}, {"error": {"message": "boom"}}, {"detail": "boom"}]
)
def test_a_whole_answer_without_a_message_is_an_error(document: Any) -> None:
    with pytest.raises(UpstreamError):
        whole(document)


def test_calls_of_a_whole_answer_stay_apart_whatever_their_ids() -> None:
    calls = [{"index": 0, "id": "x", "function": {"name": f"t{i}", "arguments": "{}"}} for i in range(3)]
    answer = whole({"choices": [{"message": {"content": None, "tool_calls": calls}, "finish_reason": "stop"}]})
    assert [block["name"] for block in answer["content"]] == ["t0", "t1", "t2"]
    assert len({block["id"] for block in answer["content"]}) == 3


def thinking_of(*pieces: bytes) -> list[str]:
    return [block["thinking"] for block in contents(*pieces) if block["type"] == "thinking"]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_is_read_under_every_name(name: str) -> None:
    assert thinking_of(chunk({name: "so"}), chunk({"content": "a"}), STOP) == ["so"]
    answer = whole({"choices": [{"message": {name: "so", "content": "a"}, "finish_reason": "stop"}]})
    assert answer["content"][0]["signature"] == f"ccr-thinking-v1:{name}"


def test_a_text_under_several_names_is_told_once() -> None:
    item = {"type": "reasoning.text", "text": "so", "index": 0}
    delta = {"reasoning_content": "so", "reasoning": "so", "thinking": "so", "reasoning_details": [item]}
    assert thinking_of(chunk(delta), chunk({"content": "a"}), STOP) == ["so"]
    assert thinking_of(chunk({"reasoning": "so", "reasoning_details": [{"type": "reasoning.text"}]}), STOP) == ["so"]


DETAILS = [
    {"type": "reasoning.text", "text": "Ä 😀 one", "signature": "sig1", "format": "anthropic-claude-v1", "index": 0},
    {"type": "reasoning.summary", "summary": "two", "format": "openai-responses-v1", "index": 1},
    {"type": "reasoning.encrypted", "data": "AAAA", "id": "rs_1", "format": "openai-responses-v1", "index": 2},
    {"type": "reasoning.encrypted", "data": "BBBB", "id": "rs_2", "format": "openai-responses-v1", "index": 2},
]
BLOCKS = [
    {"type": "thinking", "thinking": "one", "signature": "sig1"},
    {"type": "thinking", "thinking": "two", "signature": "sig2"},
    {"type": "redacted_thinking", "data": "CCCC"},
]
LISTS = [("reasoning_details", DETAILS), ("reasoning_details", DETAILS[2:]), ("thinking_blocks", BLOCKS)]


@pytest.mark.parametrize(("name", "items"), LISTS)
def test_a_list_of_reasoning_goes_back_as_it_came(name: str, items: list[Any]) -> None:
    """Whole, and in pieces: signed and encrypted items must survive, or the backend refuses the next turn."""
    answer = whole({"choices": [{"message": {name: items, "content": "a"}, "finish_reason": "stop"}]})
    pieces = [chunk({name: [piece]}) for item in items for piece in in_pieces(item)]
    for content in (answer["content"], contents(*pieces, chunk({"content": "a"}), STOP)):
        assert goes_back(content) == {"role": "assistant", "content": "a", name: items}


def goes_back(content: list[Any]) -> Any:
    """The assistant's message of the next request."""
    call = chat_call([{"role": "user", "content": "q"}, {"role": "assistant", "content": content}])
    return sent(call)["messages"][1]


def in_pieces(item: dict[str, Any]) -> list[dict[str, Any]]:
    """An item as a stream tells it: its text letter by letter, then its signature."""
    name = next((name for name in ("text", "summary", "thinking") if name in item), None)
    if name is None:
        return [item]
    bare = {key: value for key, value in item.items() if key not in (name, "signature")}
    pieces = [{**bare, name: letter} for letter in item[name]]
    return [*pieces, {**bare, name: "", "signature": item["signature"]}] if "signature" in item else pieces


def test_reasoning_whose_text_was_changed_goes_back_as_plain_text() -> None:
    block = contents(chunk({"reasoning_details": DETAILS[:1]}), STOP)[0]
    assert goes_back([{**block, "thinking": "other"}]) == {"role": "assistant", "content": "", "reasoning": "other"}


def test_encrypted_items_go_back_beside_a_text_that_came_without_items() -> None:
    stream = (chunk({"reasoning": "so"}), chunk({"reasoning_details": DETAILS[2:]}), chunk({"content": "a"}), STOP)
    back = goes_back(contents(*stream))
    assert (back["reasoning"], back["reasoning_details"]) == ("so", DETAILS[2:])


@pytest.mark.parametrize("data", ["", ":", ":###", ":e30=", ":WzFd", ":bnVsbA=="])
def test_a_spoilt_signature_costs_the_items_not_the_text(data: str) -> None:
    thought = {"type": "thinking", "thinking": "so", "signature": f"ccr-thinking-v1:reasoning_details{data}"}
    assert goes_back([thought])["reasoning"] == "so"


@pytest.mark.parametrize("junk", [None, "x", {}, [], [None, 1, "x", {}], [[]], [{"text": 5}], [{"type": None}]])
def test_junk_in_place_of_a_list_of_reasoning_breaks_nothing(junk: Any) -> None:
    for name in ("reasoning_details", "thinking_blocks"):
        assert texts_only(contents(chunk({name: junk, "content": "a"}), STOP)) == ["a"]


def texts_only(blocks: list[Any]) -> list[str]:
    return [block["text"] for block in blocks if block["type"] == "text"]


def test_halves_of_a_character_in_a_list_are_mended() -> None:
    data = b'data: {"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","text":"a\\ud83d"}]}}]}\n\n'
    assert thinking_of(data, STOP) == ["a\ufffd"]


def test_thinking_among_content_parts_is_thinking() -> None:
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "so"}]}
    blocks = contents(chunk({"content": [part]}), chunk({"content": [{"type": "text", "text": "a"}]}), STOP)
    assert [block.get("thinking") or block.get("text") for block in blocks] == ["so", "a"]


def test_a_function_call_of_the_old_form_is_a_tool_call() -> None:
    call = {"name": "Bash", "arguments": '{"a":1}'}
    answer = whole(
        {"choices": [{"message": {"content": None, "function_call": call}, "finish_reason": "function_call"}]}
    )
    assert answer["stop_reason"] == "tool_use"
    assert (answer["content"][0]["name"], answer["content"][0]["input"]) == ("Bash", {"a": 1})


def test_a_call_told_in_the_old_form_too_is_one_call() -> None:
    function = {"name": "Bash", "arguments": "{}"}
    delta = {"function_call": function, "tool_calls": [{"index": 0, "id": "c", "function": function}]}
    assert [block["id"] for block in contents(chunk(delta), STOP)] == ["c"]


WHOLE: Any = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}


@pytest.mark.parametrize("body", [msgspec.json.encode(WHOLE), b"\xef\xbb\xbf\n" + msgspec.json.encode(WHOLE) + b"\n"])
def test_a_document_that_was_announced_as_a_stream_is_read(body: bytes) -> None:
    told = message(body)
    assert (texts(body), told.stop_reason, told.usage.input_tokens) == (["a"], "end_turn", 3)


def test_a_stream_that_was_announced_as_a_document_is_read() -> None:
    stream = chunk({"content": "a"}) + chunk({}, "stop") + b"data: [DONE]\n\n"
    for body in (stream, b"\xef\xbb\xbf: hello\n\n" + stream, stream.replace(b"\n", b"\r\n")):
        answer = msgspec.json.decode(chat_call().answer(body).body)
        assert [block["text"] for block in answer["content"]] == ["a"]
    with pytest.raises(UpstreamError, match="ended its answer before"):
        chat_call().answer(chunk({"content": "a"}))


def test_lines_of_documents_are_read() -> None:
    lines: list[Any] = [{"choices": [{"delta": {"content": text}}]} for text in ("a", "b")]
    lines.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    body = b"\n".join(map(msgspec.json.encode, lines)) + b"\n"
    assert msgspec.json.decode(chat_call().answer(body).body)["content"][0]["text"] == "ab"
    assert texts(body) == ["ab"]
    with pytest.raises(UpstreamError, match="ended its answer before"):
        chat_call().answer(body[: body.index(b"\n") + 1])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty answer"),
        (b" \n", "an empty answer"),
        (b"null", "an empty answer"),
        (b"<html><title>Login</title></html>", "an HTML page (Login)"),
        (b"<!DOCTYPE html>\n\n<html>\n\n<title>Login</title></html>", "an HTML page"),
        (b"Internal Server Error", "Internal Server Error"),
        (b"[]", "did not answer with"),
        (b"{}", "ended its answer before it was complete"),
        (b'{"choices":null}', "ended its answer before it was complete"),
        (b'{"choices":{"0":{"message":{"content":"a"},"finish_reason":"stop"}}}', "ended its answer before"),
        (b'{"error":"boom"}', "boom"),
        (b'{"error":{"message":"boom"}}', "boom"),
        (b'{"errors":[{"code":1,"message":"boom"}]}', "boom"),
        (b'{"detail":"boom"}', "boom"),
        (b'{"detail":[{"loc":["body"],"msg":"boom"}]}', "boom"),
        (b'{"code":500,"msg":"boom","success":false}', "boom"),
        (b'{"choices":null,"base_resp":{"status_code":1004,"status_msg":"boom"}}', "boom"),
        (b'{"choices":[],"message":"boom","object":"error"}', "boom"),
    ],
)
def test_what_is_no_answer_is_an_error_that_names_the_provider(body: bytes, words: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        chat_call().answer(body)
    assert words in caught.value.message
    assert "provider backend" in caught.value.message
    assert failure(decode(body))  # the same announced as a stream
    if words == "boom":
        assert "boom" in failure(decode(body))


@pytest.mark.parametrize("before", [b"", chunk({"content": "a"})])
@pytest.mark.parametrize(
    "error",
    [
        b'data: {"error":{"message":"boom","code":500}}\n\n',
        b'data: {"error":"boom"}\n\n',
        b'data: {"detail":"boom"}\n\n',
        b'data: {"choices":[{"delta":{},"error":{"message":"boom","code":502},"finish_reason":"error"}]}\n\n',
        b'data: {"choices":[],"error":{"message":"boom"}}\n\n',
        b'event: error\ndata: {"message":"boom"}\n\n',
        b'event: error\ndata: {"error":{"message":"boom"}}\n\n',
        b'event: error\ndata: {"code":500,"msg":"boom"}\n\n',
        b"event: error\ndata: boom\n\n",
        b'data: {"type":"error","error":{"type":"api_error","message":"boom"}}\n\n',
        b'data: {"code":500,"msg":"boom","success":false}\n\n',
        b'{"error":{"message":"boom"}}',
        b'data: {"error":{"message":"boom"}}',
    ],
)
def test_an_error_in_any_form_ends_the_stream_with_its_words(before: bytes, error: bytes) -> None:
    events = decode(before, error, b"" if error[-1:] != b"\n" else STOP)
    if before and error[:1] == b"{":
        assert "ended its answer before" in failure(events)
    else:
        assert "boom" in failure(events)


@pytest.mark.parametrize("before", [b"", chunk({"content": "a"})])
@pytest.mark.parametrize("code", [None, 400, 500, 502, "context_length_exceeded"])
def test_an_overflow_inside_a_stream_is_told_as_one(before: bytes, code: Any) -> None:
    text = "This model's maximum context length is 32768 tokens. However, your prompt contains 40000 tokens."
    for document in ({"error": {"message": text, "code": code}}, {"choices": [{"error": {"message": text}}]}):
        events = decode(before, frame(document))
        assert failure(events) == "prompt is too long: 40000 tokens > 32768 maximum"


@pytest.mark.parametrize(
    "odd",
    [
        {}, {"choices": None}, {"choices": []}, {"choices": {}}, {"choices": "x"}, {"choices": [None]},
        {"choices": [[]]},
        {"choices": [{}]}, {"choices": [{"delta": None}]}, {"choices": [{"delta": None, "finish_reason": None}]},
        {"choices": [{"delta": []}]}, {"choices": [{"delta": {"content": None, "tool_calls": None}}]},
        {"object": "ping"}, {"type": "ping"}, {"usage": None}, {"error": None}, {"error": {}},
        {"choices": [{"delta": {}, "usage": None}], "usage": None}, {"id": "", "prompt_filter_results": []},
        {"base_resp": {"status_code": 0, "status_msg": ""}}, {"choices": None, "message": ""},
    ],
)  # fmt: skip
def test_a_chunk_that_says_nothing_changes_nothing(odd: Any) -> None:
    assert texts(frame(odd), chunk({"content": "a"}), frame(odd), chunk({"content": "b"}), STOP, frame(odd)) == ["ab"]


@pytest.mark.parametrize("odd", [b"data: [1,2]\n\n", b'data: "x"\n\n', b"data: ping\n\n", b"data: 5\n\n"])
def test_an_event_that_is_no_object_is_a_failure(odd: bytes) -> None:
    assert "not JSON" in failure(decode(chunk({"content": "a"}), odd, STOP))


def test_two_hundred_interleaved_calls_come_out_whole() -> None:
    begun = [tool(i, None, f"tool_{i}", f"call_{i}") for i in range(200)]
    pieces = [tool(i, piece) for piece in ('{"n":', "7", "}") for i in reversed(range(200))]
    blocks = contents(*begun, *pieces, chunk({}, "tool_calls"))
    assert [block["name"] for block in blocks] == [f"tool_{i}" for i in range(200)]
    assert all(block["input"] == {"n": 7} for block in blocks)
