"""Backends whose content type says something else than their bytes."""

import json

import pytest

from tests.backends.fake import FakeBackend
from tests.backends.openai import chunks, whole
from tests.backends.playbook import Answer
from tests.gateway.client import messages
from tests.gateway.gateway import Gateway

STREAM = b"".join(chunks(text="Hello there"))
DOCUMENT = json.dumps(whole(text="Hello there", thinking="", calls=(), finish="", usage=(9, 2))).encode()
KINDS = ["application/json", "text/plain", "text/event-stream", "application/octet-stream", "application/x-ndjson", ""]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [STREAM, DOCUMENT], ids=["stream", "document"])
@pytest.mark.parametrize("stream", [True, False], ids=["asked as stream", "asked whole"])
def test_the_bytes_count(gateway: Gateway, fake_backend: FakeBackend, kind: str, body: bytes, stream: bool) -> None:
    headers = (("content-type", kind),) if kind else ()
    fake_backend.plays(Answer((body,), 200, headers=headers))

    assert gateway.ask(messages(stream=stream)).text == "Hello there"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"<html><title>Sign in</title></html>", b"nothing here", b'{"error":"boom"}'])
def test_what_is_no_answer_is_an_error(gateway: Gateway, fake_backend: FakeBackend, kind: str, body: bytes) -> None:
    headers = (("content-type", kind),) if kind else ()
    fake_backend.always(Answer((body,), 200, headers=headers))

    answer = gateway.ask(messages(stream=True))

    assert answer.status >= 400
    assert "provider fake" in answer.json["error"]["message"]
