"""OpenAI Responses: what goes out, what comes back, and what holds for every stream."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.dialects.openai_responses.reasoning import kept
from ccr.messages.events import Event, Failed, MessageDelta, MessageStop, ToolUseStart
from ccr.messages.message import Message, ThinkingBlock, ToolUseBlock, fold
from ccr.messages.request import PLACEHOLDER_TOOL
from tests.backends.openai import Call
from tests.backends.responses import Item, event, events, function_call, message, reasoning, response, told
from tests.dialects.calls import anthropic_call, chat_call, decode, failure, request_body, responses_call, sent
from tests.dialects.test_conversation import RECORDED, calls, moved, recorded, result, user
from tests.wire.case import HERE

SAMPLES = sorted((HERE / "openai-responses").rglob("upstream.sse"))
SMALL = settings(max_examples=60, deadline=None)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
ARGUMENTS = st.dictionaries(TEXTS, TEXTS | st.integers(0, 9), max_size=3)


def decoded(*pieces: bytes) -> list[Event]:
    return decode(*pieces, call=responses_call())


def outgoing(*turns: dict[str, Any], **fields: Any) -> list[Item]:
    items: list[Item] = sent(responses_call(list(turns), **fields))["input"]
    return items


def of_document(document: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in document.items() if name not in ("model", "messages")}
    return sent(responses_call(document["messages"], **fields))


# -------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_request_goes_out_in_good_order(path: Any) -> None:
    out = of_document(recorded(path))
    raw = msgspec.json.encode(out)
    for foreign in (b"cache_control", b"x-anthropic-billing-header", b"defer_loading", b"signature"):
        assert foreign not in raw
    assert PLACEHOLDER_TOOL not in [tool.get("name") for tool in out.get("tools", [])]
    waiting: list[str] = []
    before = ""
    for item in out["input"]:
        kind = item["type"]
        assert kind in ("message", "function_call", "function_call_output")
        said = kind == "message" and item["role"]
        assert said != "user" or (not waiting and before != "user"), "results follow their calls at once"
        if kind == "function_call":
            waiting.append(item["call_id"])
        if kind == "function_call_output":
            assert item["call_id"] == waiting.pop(0)
        before = said or kind
    assert not waiting


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_growing_conversation_only_appends(path: Any) -> None:
    document = recorded(path)
    turns = document["messages"]
    ends = [i for i, turn in enumerate(turns) if turn["role"] == "assistant"] + [len(turns)]
    previous: list[bytes] = []
    for end in filter(None, ends):
        part = [moved(turn, last=i == end - 1) for i, turn in enumerate(turns[:end])]
        out = [msgspec.json.encode(item) for item in of_document({**document, "messages": part})["input"]]
        assert out[: len(previous)] == previous
        previous = out


def test_results_come_in_the_order_of_the_calls_before_everything_else() -> None:
    out = outgoing(user("go"), calls("a", "b"), user("and", result("b", "B"), result("a", "A", is_error=True)))
    assert [item.get("output") or item.get("content") for item in out[3:]] == ["[tool error] A", "B", "and"]


def test_neighbouring_assistant_messages_are_one_turn() -> None:
    out = outgoing(user("go"), calls("a"), calls("b"), user(result("a", "A"), result("b", "B")))
    assert [item["type"] for item in out[1:]] == ["function_call"] * 2 + ["function_call_output"] * 2
    assert [item["output"] for item in out[3:]] == ["A", "B"]


def test_a_missing_result_is_said_and_an_orphan_becomes_text() -> None:
    out = outgoing(user("go"), calls("a"), user(result("z", "Z")))
    assert "no result" in out[2]["output"]
    assert (out[3]["role"], "Z" in out[3]["content"]) == ("user", True)


def test_a_result_holds_its_image_and_its_text() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    text = {"type": "text", "text": "seen"}
    shown = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    out = outgoing(user("go"), calls("a", "b"), user(result("a", [image]), result("b", [text, image])))
    assert out[3]["output"] == [shown]
    assert out[4]["output"] == [{"type": "input_text", "text": "seen"}, shown]


# ------------------------------------------------------------------------- reasoning comes back


def thinking_of(*items: Item) -> list[dict[str, Any]]:
    """The assistant's blocks of an answer with these items, as the client sends them back."""
    blocks = msgspec.json.decode(fold(decoded(*events(*items))).encode())["content"]
    assert isinstance(blocks, list)
    return blocks


def test_reasoning_without_a_summary_is_an_empty_block_that_comes_back() -> None:
    blocks = thinking_of(reasoning("rs_1", encrypted="gAAA"), function_call(Call("Bash", {"n": 1}, "a")))
    assert [(block["type"], block.get("thinking")) for block in blocks] == [("thinking", ""), ("tool_use", None)]
    out = outgoing(user("go"), {"role": "assistant", "content": blocks}, user(result("a")))
    assert out[1] == {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}


def test_each_reasoning_item_is_a_block_of_its_own() -> None:
    blocks = thinking_of(reasoning("rs_1", "A", encrypted="1"), reasoning("rs_2", "B", encrypted="2"), message("C"))
    assert [block.get("thinking") for block in blocks] == ["A", "B", None]
    out = outgoing(user("go"), {"role": "assistant", "content": blocks}, user("on"))
    assert [item.get("id") for item in out] == [None, "rs_1", "rs_2", None, None]


def test_reasoning_between_interleaved_calls_keeps_its_signature() -> None:
    first, second = function_call(Call("A", {"n": 1}, "a")), function_call(Call("B", {"n": 2}, "b"))
    thought = reasoning("rs_1", "Hm.", encrypted="gAAA")
    silent = reasoning("rs_2", encrypted="gBBB")
    one, two = framed(first, 0), framed(second, 3)
    between = [*framed(thought, 1), *framed(silent, 2)]
    end = event("response.completed", response=response("completed"))
    told_message = fold(decoded(*one[:2], *between, *two[:2], *one[2:], *two[2:], end))
    kinds = [type(block) for block in told_message.content]
    assert kinds == [ToolUseBlock, ThinkingBlock, ThinkingBlock, ToolUseBlock]
    found = [kept(block.signature) for block in told_message.content if isinstance(block, ThinkingBlock)]
    assert [one and one.encrypted_content for one in found] == ["gAAA", "gBBB"]


def framed(item: Item, index: int) -> list[bytes]:
    return [event(kind, output_index=index, **fields) for kind, fields in told(item, 4)]


@pytest.mark.parametrize(
    "next_item", [message("Hello."), function_call(Call("A", {"n": 1}, "a"))], ids=["text", "call"]
)
def test_a_seal_that_comes_after_the_next_item_has_begun_tears_nothing(next_item: Item) -> None:
    """It is lost, and the thought with it in the next turn; a block of its own would stand in the wrong place."""
    *thought, seal = framed(reasoning("rs_1", "Hm.", encrypted="gAAA"), 0)
    begin, *rest = framed(next_item, 1)
    found = fold(decoded(*thought, begin, *rest[:1], seal, *rest[1:], *events(next_item)[-1:]))
    assert [type(block) for block in found.content[:1]] == [ThinkingBlock]
    assert len(found.content) == 2


def test_two_messages_that_wait_for_a_call_stay_two() -> None:
    call = framed(function_call(Call("A", {"n": 1}, "a")), 0)
    both = [*framed(message("One.", "msg_1"), 1), *framed(message("Two.", "msg_2"), 2)]
    end = event("response.completed", response=response("completed"))
    found = fold(decoded(*call[:2], *both, *call[2:], end))
    assert [getattr(block, "text", "") for block in found.content] == ["", "One.", "Two."]


def test_anthropic_is_not_sent_it_and_a_chat_backend_gets_its_text() -> None:
    turns = [user("go"), {"role": "assistant", "content": thinking_of(reasoning("rs_1", "Hm.", encrypted="gAAA"))}]
    turns[1]["content"].append({"type": "text", "text": "Yes."})
    turns.append(user("on"))
    assert b"gAAA" not in anthropic_call(request_body(turns)).outbound.body
    chat = chat_call(turns)
    assert sent(chat)["messages"][1]["reasoning_content"] == "Hm."
    assert b"gAAA" not in chat.outbound.body


def test_one_thought_told_twice_is_shown_once() -> None:
    """As a summary and as the reasoning itself."""
    of: dict[str, Any] = {"item_id": "rs_1", "output_index": 0}
    out = decoded(
        event("response.reasoning_summary_text.delta", **of, summary_index=0, delta="Short."),
        event("response.reasoning_text.delta", **of, content_index=0, delta="Long, long."),
        event("response.completed", response=response("completed")),
    )
    (block,) = fold(out).content
    assert isinstance(block, ThinkingBlock)
    assert block.thinking == "Short."


# ---------------------------------------------------------------------------------- every stream


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def comparable(found: list[Event]) -> list[Any]:
    return [str(one.error) if isinstance(one, Failed) else one for one in found]


@SMALL
@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 10**6), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_split_of_the_bytes_gives_the_same_events(sample: Any, places: list[int], newline: bytes) -> None:
    data = sample.read_bytes()
    pieces = cut(data.replace(b"\n", newline), places)
    assert comparable(decoded(*pieces)) == comparable(decoded(data))


def test_a_cut_at_any_byte_before_the_end_mark_is_a_failure() -> None:
    data = b"".join(events(reasoning("rs_1", "I think."), message("Grüße"), function_call(Call("A", {"n": 1}, "a"))))
    mark = len(data) - len(b"\n\n")
    for length in range(mark):
        found = decoded(data[:length])
        assert isinstance(found[-1], Failed)
        assert not any(isinstance(one, MessageDelta | MessageStop) for one in found)
    for length in range(mark, len(data) + 1):
        assert fold(decoded(data[:length])).stop_reason == "tool_use"


@st.composite
def outputs(draw: st.DrawFn) -> list[Item]:
    item = st.one_of(
        st.builds(lambda parts, sealed: ("reasoning", parts, sealed), st.lists(TEXTS, max_size=3), st.booleans()),
        st.builds(lambda text: ("message", text, None), TEXTS),
        st.builds(lambda arguments: ("call", arguments, None), ARGUMENTS),
    )
    made: list[Item] = []
    for i, (kind, value, sealed) in enumerate(draw(st.lists(item, max_size=6))):
        if kind == "reasoning":
            made.append(reasoning(f"rs_{i}", *value, encrypted=f"sealed {i}" if sealed else ""))
        elif kind == "message":
            made.append(message(value, f"msg_{i}"))
        else:
            made.append(function_call(Call(f"tool_{i}", value, f"call_{i}")))
    return made


FORMS: dict[str, Callable[[str], bool]] = {
    "pieces": lambda name: True,
    "only done": lambda name: not name.endswith(".delta"),
    "only items": lambda name: "output_item" in name,
    "only whole items": lambda name: "output_item.done" in name,
    "nothing": lambda name: False,
    "pieces without an item's end": lambda name: "output_item.done" not in name,
}


@SMALL
@given(outputs(), st.sampled_from(list(FORMS)), st.sampled_from(["both", "index", "id"]), st.integers(1, 9))
def test_a_stream_tells_the_same_message_as_the_whole_answer(items: list[Item], form: str, by: str, size: int) -> None:
    whole = msgspec.json.decode(responses_call().answer(msgspec.json.encode(response("completed", items))).body)
    if form == "pieces without an item's end":
        # Where it never comes, what it alone holds is lost: the encrypted content.
        items = [{**item, "encrypted_content": ""} if item["type"] == "reasoning" else item for item in items]
        whole = msgspec.json.decode(responses_call().answer(msgspec.json.encode(response("completed", items))).body)
    frames = []
    for index, item in enumerate(items):
        for kind, fields in told(item, size):
            at = {} if by == "id" else {"output_index": index}
            shown = {name: value for name, value in fields.items() if by != "index" or name != "item_id"}
            if FORMS[form](kind):
                frames.append(event(kind, **at, **shown))
    end = event("response.completed", response=response("completed", items))
    assert msgspec.json.decode(fold(decoded(*frames, end)).encode()) == whole


@SMALL
@given(st.lists(ARGUMENTS, min_size=2, max_size=5), st.randoms(use_true_random=False), st.booleans())
def test_parallel_calls_interleaved_in_any_way_come_out_whole(
    arguments: list[dict[str, Any]], random: Any, with_index: bool
) -> None:
    queues = []
    for i, one in enumerate(arguments):
        at = {"output_index": i} if with_index else {}
        call = function_call(Call(f"tool_{i}", one, f"call_{i}"))
        queues.append([event(kind, **at, **fields) for kind, fields in told(call, random.randint(1, 9))])
    frames = []
    while any(queues):
        frames.append(random.choice([queue for queue in queues if queue]).pop(0))
        if random.random() < 0.2:
            frames.append(event("response.output_text.delta", item_id="msg_1", output_index=99, delta="in between "))
    found = decoded(*frames, event("response.completed", response=response("completed")))
    assert inputs(fold(found)) == {f"tool_{i}": one for i, one in enumerate(arguments)}
    ids = [one.id for one in found if isinstance(one, ToolUseStart)]
    assert len(set(ids)) == len(arguments)


def inputs(told_message: Message) -> dict[str, Any]:
    return {b.name: msgspec.json.decode(b.input) for b in told_message.content if isinstance(b, ToolUseBlock)}


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ('{"type":"response.failed","response":{"error":{"message":"boom","code":"server_error"}}}', "boom"),
        ('{"type":"response.failed","response":{}}', "failed"),
        ('{"type":"response.incomplete","response":{"incomplete_details":null}}', "incomplete"),
        ('{"type":"error","message":"boom","code":null}', "boom"),
        ('{"error":{"message":"boom","code":500}}', "boom"),
        ('{"error":"boom"}', "boom"),
        ("<html>", "not JSON"),
        ("[DONE]", "before it was complete"),
    ],
)
def test_what_ends_a_stream_without_an_answer_is_told(payload: str, says: str) -> None:
    assert says in failure(decoded(b"data: " + payload.encode() + b"\n\n"))


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"<html><title>down</title></html>", "down"), (b'{"error":{"message":"boom"}}', "boom"), (b"{}", "did not")],
)
def test_a_body_that_is_no_stream_is_told(body: bytes, says: str) -> None:
    assert says in failure(decoded(body))


def test_an_error_event_of_plain_words_is_told() -> None:
    assert "out of memory" in failure(decoded(b"event: error\ndata: out of memory\n\n"))


def test_an_answer_in_the_other_form_than_announced_is_taken() -> None:
    whole = msgspec.json.encode(response("completed", [message("Hello.")]))
    stream = b"".join(events(message("Hello.")))
    asked = responses_call().answer
    assert asked(stream).body == asked(whole).body
    assert msgspec.json.decode(fold(decoded(whole)).encode()) == msgspec.json.decode(asked(whole).body)


def test_odd_fields_cost_nothing_but_themselves() -> None:
    end: Any = {
        "status": "completed",
        "output": [3, {"type": "message", "content": "?"}],
        "usage": {"input_tokens": "x"},
    }
    found = decoded(
        event("response.output_item.added", output_index=0, item={"type": "message", "content": 7}),
        event("response.output_text.delta", output_index=0, delta="Hello."),
        event("response.output_text.annotation.added", output_index=0, annotation={"type": "url_citation"}),
        event("response.completed", response=end),
    )
    assert fold(found).content[0].text == "Hello."  # type: ignore[union-attr]
