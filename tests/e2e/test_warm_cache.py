"""A session that grows, turn by turn, before a real llama-server: what it has read once it need not read again.

The session has the real client's system text and tools (tests/wire/requests), and its habits: the newest message is a
list with a cache mark, older ones are bare; system messages stand in mid-conversation; results come with reminders.
"""

import json
from typing import Any

import pytest

from tests.e2e.router import Router
from tests.gateway.client import ask_gateway
from tests.gateway.wire import Answer
from tests.wire.case import HERE

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
TURNS = 10
REREAD = 16
"""Tokens of the previous prompt that may be read again (measured: 1, the one that the answer began with)."""


def test_each_turn_finds_nearly_all_of_the_one_before_in_the_servers_cache(llama_router: Router) -> None:
    session = Session(llama_router)
    before = 0
    for turn in range(TURNS):
        prompt, cached = session.turn()
        assert prompt > max(before, 5_000)
        if turn:
            assert cached >= before - REREAD, f"turn {turn}: {cached} of {before} tokens were still known"
        before = prompt


class Session:
    """What Claude Code keeps of one conversation."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._recorded: Json = json.loads((HERE / "requests" / "main_turn_330.json").read_text())
        self._messages: list[Json] = self._recorded["body"]["messages"]
        self._asked = 0

    def turn(self) -> tuple[int, int]:
        """One request; the tokens of its prompt, and how many of them came from the cache."""
        body = {**self._recorded["body"], "max_tokens": 200, "messages": self._as_sent()}
        headers = {name: self._recorded["headers"][name] for name in ("x-claude-code-session-id", "anthropic-beta")}
        answer = ask_gateway(self._router.port, body, "/v1/messages", headers=headers)
        assert answer.status == 200, answer.body
        blocks, usage = told(answer)
        self._messages.append({"role": "assistant", "content": blocks})
        self._reply(blocks)
        cached = usage["cache_read_input_tokens"]
        return usage["input_tokens"] + cached, cached

    def _reply(self, blocks: list[Json]) -> None:
        """What the user does next: the results of the calls, else another question."""
        self._asked += 1
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        results: list[Json] = [
            {"tool_use_id": call, "type": "tool_result", "content": "a file\n" * 20, "is_error": False}
            for call in calls
        ]
        words = "<system-reminder>\nMind the time.\n</system-reminder>" if calls else f"And then? ({self._asked})"
        self._messages.append({"role": "user", "content": [*results, {"type": "text", "text": words}]})
        if self._asked == 4:
            self._messages.append({"role": "system", "content": [{"type": "text", "text": "Plan mode is on."}]})

    def _as_sent(self) -> list[Json]:
        *older, newest = self._messages
        blocks = newest["content"]
        blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        marked = [*blocks[:-1], {**blocks[-1], "cache_control": {"type": "ephemeral"}}]
        return [*map(bare, older), {**newest, "content": marked}]


def bare(message: Json) -> Json:
    """Without cache marks; a single text as a string."""
    if isinstance(message["content"], str):
        return message
    blocks = [{key: value for key, value in block.items() if key != "cache_control"} for block in message["content"]]
    only = blocks[0]["text"] if [block["type"] for block in blocks] == ["text"] else None
    return {**message, "content": blocks if only is None else only}


def told(answer: Answer) -> tuple[list[Json], Json]:
    """The blocks of a streamed message as the client keeps them, and its usage."""
    blocks: list[Json] = []
    usage: Json = {}
    for event in answer.events:
        match event["type"]:
            case "message_start":
                usage.update(event["message"]["usage"])
            case "content_block_start":
                blocks.append({**event["content_block"], "pieces": ""})
            case "content_block_delta":
                delta = event["delta"]
                if delta["type"] == "signature_delta":
                    blocks[-1]["signature"] = delta["signature"]
                else:
                    blocks[-1]["pieces"] += (
                        delta.get("text") or delta.get("thinking") or delta.get("partial_json") or ""
                    )
            case "message_delta":
                usage.update(event["usage"])
    return [finished(block) for block in blocks], usage


def finished(block: Json) -> Json:
    pieces = block.pop("pieces")
    if block["type"] == "tool_use":
        return {**block, "input": json.loads(pieces or "{}")}
    return {**block, block["type"]: pieces}
