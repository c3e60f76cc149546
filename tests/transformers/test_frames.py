"""Filters on an Anthropic endpoint: frames become events and frames again, and nothing is lost on the way."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ccr.messages.events import Event
from ccr.transformers.extra_think_tag import ExtraThinkTag
from ccr.transformers.frames import Frames
from ccr.transformers.tool_use import EXIT, ToolUse
from tests.backends.anthropic import event, events
from tests.transformers.calls import READ, call_with, wire

SAMPLES = sorted((Path(__file__).parents[1] / "wire" / "anthropic").rglob("upstream.sse"))

SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "x", "index": 7}]}
REDACTED = {"type": "redacted_thinking", "data": "abc"}
CITED = {"type": "text", "text": "As they say.", "citations": [{"type": "web_search_result_location", "url": "u"}]}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "a"}, "caller": {"type": "direct"}}
EXIT_CALL = {"type": "tool_use", "id": "toolu_2", "name": EXIT, "input": {"response": "Done."}}


def message(*blocks: dict[str, Any], stop_reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [*blocks],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 3, "service_tier": "standard"},
        "container": {"id": "c"},
    }


def text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def call() -> Any:
    return call_with(ToolUse(), ExtraThinkTag(), dialect="anthropic", tools=[READ])


def streamed(frames: list[bytes]) -> list[dict[str, Any]]:
    decoder = call().decoder()
    out: list[Event] = [one for frame in frames for one in decoder.feed(frame)]
    return wire([*out, *decoder.finish()])


def whole(document: dict[str, Any]) -> dict[str, Any]:
    answer = call().answer(msgspec.json.encode(document))
    told: dict[str, Any] = msgspec.json.decode(answer.body)
    assert rebuilt(wire(answer.tell())) == told["content"]
    return told


def rebuilt(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks that a client puts together."""
    blocks: list[dict[str, Any]] = []
    for frame in frames:
        if frame["type"] == "content_block_start":
            assert frame["index"] == len(blocks)
            blocks.append({**frame["content_block"]})
        elif frame["type"] == "content_block_delta":
            block, delta = blocks[frame["index"]], frame["delta"]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] = delta["signature"]
                case "input_json_delta":
                    block["json"] = block.get("json", "") + delta["partial_json"]
                case "citations_delta":
                    block.setdefault("citations", []).append(delta["citation"])
    for block in blocks:
        if block["type"] == "thinking":
            block.setdefault("signature", "")
        if "json" in block:
            try:
                block["input"] = json.loads(block["json"])
                del block["json"]
            except ValueError:
                pass  # it was cut
    return blocks


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.parent.name)
def test_real_streams_say_the_same_after_it(sample: Path) -> None:
    data = sample.read_bytes()
    plain, filtered = call_with(dialect="anthropic").decoder(), call().decoder()
    before, after = ([*one.feed(data), *one.finish()] for one in (plain, filtered))
    assert rebuilt(unlapped(wire(after))) == rebuilt(unlapped(wire(before)))
    assert type(before[-1]) is type(after[-1]) or type(after[-1]).__name__ == "MessageStop"
    for said in ("usage", "stop_reason", "finished", "ended", "content_begun"):
        assert getattr(plain, said) == getattr(filtered, said)
    starts = ("message_start", "message_delta")
    assert [one for one in wire(after) if one["type"] in starts] == [
        one for one in wire(before) if one["type"] in starts
    ]


def unlapped(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without signatures that came after the next block began (llama.cpp sends empty ones there)."""
    latest = -1
    kept = []
    for frame in frames:
        latest = max(latest, frame.get("index", -1))
        if frame.get("index", latest) == latest or frame["type"] != "content_block_delta":
            kept.append(frame)
    return kept


def test_a_whole_answer_that_no_filter_changes_keeps_its_bytes() -> None:
    body = json.dumps(message(SEARCH, FOUND, CITED, text("hi"), CALL, stop_reason="tool_use"), indent=1).encode()
    assert call().answer(body).body == body


def test_filters_work_on_frames_and_unknown_blocks_are_renumbered() -> None:
    blocks = [text("<think>hm</think>Yes."), REDACTED, SEARCH, FOUND, CITED, CALL, EXIT_CALL]
    expected = [
        {"type": "thinking", "thinking": "hm", "signature": "ccr-thinking-v1:reasoning_content"},
        text("Yes."),
        REDACTED,
        SEARCH,
        FOUND,
        CITED,
        CALL,
        text("Done."),
    ]
    document = message(*blocks, stop_reason="tool_use")
    told = whole(document)
    assert told == {**document, "content": expected}
    frames = streamed(
        call_with(dialect="anthropic").answer(msgspec.json.encode(document)).tell()[0].encode().splitlines(True)
    )
    assert rebuilt(frames) == expected
    assert frames[-2]["delta"]["stop_reason"] == "tool_use"


def test_a_stop_reason_that_a_filter_corrects_is_the_log_s_too() -> None:
    document = message(EXIT_CALL, stop_reason="tool_use")
    answer = call().answer(msgspec.json.encode(document))
    assert (msgspec.json.decode(answer.body)["stop_reason"], answer.stop_reason) == ("end_turn", "end_turn")
    decoder = call().decoder()
    frames = wire([one for frame in events(document) for one in decoder.feed(frame)])
    assert (frames[-2]["delta"]["stop_reason"], decoder.stop_reason) == ("end_turn", "end_turn")
    assert frames[0]["message"]["usage"] == {"input_tokens": 5, "output_tokens": 1, "service_tier": "standard"}


def test_a_stream_that_was_not_announced_as_one_is_filtered_too() -> None:
    answer = call().answer(b"".join(events(message(EXIT_CALL, stop_reason="tool_use"))))
    assert rebuilt(wire(answer.tell())) == [text("Done.")]
    assert answer.stop_reason == "end_turn"


def test_citations_and_pings_pass() -> None:
    cite = {"type": "citations_delta", "citation": {"url": "u"}}
    frames = events(message(text("<think>a</think>b")))
    frames[3:3] = [event({"type": "ping"}), event({"type": "content_block_delta", "index": 0, "delta": cite})]
    told = streamed(frames)
    assert [one["type"] for one in told].count("ping") == 1
    assert rebuilt(told)[1]["citations"] == [{"url": "u"}]


def test_blocks_that_overlap_are_put_one_after_another() -> None:
    first, second = events(message(text("a"), text("b")))[1:4], events(message(text("a"), text("b")))[4:7]
    frames = [*first[:2], *second[:2], first[2], second[2]]
    kinds = [type(one).__name__ for one in Frames().read([*decoded(frames)])]
    assert kinds == ["TextStart", "TextDelta", "BlockStop", "TextStart", "TextDelta", "BlockStop"]


def decoded(frames: list[bytes]) -> list[Event]:
    decoder = call_with(dialect="anthropic").decoder()
    return [one for frame in frames for one in decoder.feed(frame)]


def test_a_stream_that_breaks_off_says_what_it_had() -> None:
    decoder = call().decoder()
    out = [one for frame in events(message(text("Hel")))[:3] for one in decoder.feed(frame)]
    out += decoder.finish()
    assert type(out[-1]).__name__ == "Failed"
    assert rebuilt(wire(out)) == [text("Hel")]
