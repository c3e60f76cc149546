"""Shapes of streams and whole answers that backends were seen to send."""

from typing import Any

import msgspec
import pytest

from ccr.errors import UpstreamError
from ccr.messages.events import MessageStart, Usage
from tests.dialects.calls import chat_call, chunk, decode, failure, frame, message, tool

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
