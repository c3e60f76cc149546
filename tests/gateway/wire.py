"""What a client sees of an answer: status, headers, body, and the events of a stream."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[str, str]:
        """(type, message) of an error object, checked for Anthropic's form."""
        document = self.json
        assert document["type"] == "error"
        assert set(document["error"]) == {"type", "message"}
        assert document["request_id"]
        assert self.headers["request-id"]
        assert self.headers["content-type"] == "application/json"
        assert "Traceback" not in document["error"]["message"]
        return document["error"]["type"], document["error"]["message"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of a stream without pings, each frame checked: its `event:` line says its type."""
        return [event for event in self.all_events if event["type"] != "ping"]

    @property
    def all_events(self) -> list[dict[str, Any]]:
        assert self.headers["content-type"].startswith("text/event-stream")
        return parse_events(self.body)

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def text(self) -> str:
        """The text of a message, streamed or whole."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            return "".join(block.get("text", "") for block in self.json["content"])
        return "".join(
            event["delta"].get("text", "") for event in self.events if event["type"] == "content_block_delta"
        )


def parse_events(body: bytes) -> list[dict[str, Any]]:
    found = []
    for frame in body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]:
        name, data = frame.split(b"\n", 1)
        event = json.loads(data.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode()
        found.append(event)
    return found
