"""What goes out for what came in: tag, system prompt, session, bytes; and the line in the log."""

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from ccr.gateway.log import RequestLog
from tests.backends import anthropic
from tests.backends.fake import FakeBackend
from tests.backends.openai import chunks, reply
from tests.backends.playbook import Close, status, stream
from tests.gateway.client import messages
from tests.gateway.conftest import StartGateway
from tests.gateway.gateway import Gateway, provider

TAG = "<CCR-SUBAGENT-MODEL>fake,small</CCR-SUBAGENT-MODEL>"
SECRET = "the-secret-plan"


# ---------------------------------------------------------------------------------------- the log


def test_a_request_is_one_line_with_all_that_decided_it(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello", usage=(120, 7)))
    headers = {"x-claude-code-session-id": "s-1", "x-claude-code-request-class": "main"}

    answer = gateway.ask(messages(f"Tell me {SECRET}", system=SECRET, stream=True), headers=headers)

    line = gateway.lines(1)[0]
    assert line["request_id"] == answer.headers["request-id"]
    assert (line["level"], line["status"], line["route"], line["target"]) == ("info", 200, "default", "fake,big")
    assert line["reason"] == answer.headers["x-ccr-reason"]
    assert line["usage"] == {"input_tokens": 120, "output_tokens": 7}
    assert line["usage_estimated"] is False
    assert line["stop_reason"] == "end_turn"
    assert 0 < line["first_content_ms"] <= line["duration_ms"]
    assert (line["facts"]["session"], line["facts"]["request_class"]) == ("s-1", "main")
    assert line["facts"]["tokens"] > 0
    assert abs(line["time"] - time.time()) < 60
    assert SECRET not in gateway.logged()
    assert "key-of-fake" not in gateway.logged()
    assert "Hello" not in gateway.logged()


def test_an_answer_without_usage_is_marked(gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps = [chunk for chunk in chunks(text="Hello") if b'"usage"' not in chunk]
    fake_backend.plays(stream(*steps))

    gateway.ask(messages(stream=True))

    assert gateway.lines(1)[0]["usage_estimated"] is True


@pytest.mark.parametrize("streamed", [True, False])
def test_failures_are_one_line_too(gateway: Gateway, fake_backend: FakeBackend, streamed: bool) -> None:
    fake_backend.plays(status(500, {"error": {"message": "busy with: the words of the prompt"}}))
    gateway.ask(messages(stream=streamed))
    gateway.ask(b"{")

    first, second = gateway.lines(2)

    assert (first["level"], first["status"], first["error"]) == (
        "warn",
        500,
        "provider fake answered with an error: api_error, told as 500.",
    )
    assert (second["status"], second["route"]) == (400, None)


def test_a_failed_answer_is_logged_with_its_target(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(stream(*chunks(text="Once upon")[:2], Close()))
    gateway.ask(messages(stream=True))

    line = gateway.lines(1)[0]
    assert line["target"] == "fake,big"
    assert "connection closed" in line["error"] or "before it was complete" in line["error"]


def test_log_files_are_for_the_owner_only(gateway: Gateway, fake_backend: FakeBackend) -> None:
    before = os.umask(0)
    try:
        fake_backend.plays(reply(text="Hello"))
        gateway.ask(messages())
        gateway.lines(1)
    finally:
        os.umask(before)

    assert [stat.S_IMODE(file.stat().st_mode) for file in gateway.logs.glob("*")] == [0o600]
    assert stat.S_IMODE(gateway.logs.stat().st_mode) == 0o700


def test_log_false_writes_nothing(tmp_path: Path, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))
    config = {"LOG": False, "Providers": [provider("fake", fake_backend, "big")], "Router": {"default": "fake,big"}}

    with Gateway(tmp_path, config) as gateway:
        gateway.ask(messages())

    assert not gateway.logs.exists()


def test_log_files_are_rotated_and_few_are_kept(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    log = RequestLog(tmp_path / "logs", clock=lambda: now[0])
    for day in range(6):
        now[0] += 25 * 3600
        log._append([b'{"day":%d}' % day])
    log.close()

    kept = sorted(path.read_text() for path in (tmp_path / "logs").glob("ccr-*.log"))
    assert kept == ['{"day":3}\n', '{"day":4}\n', '{"day":5}\n']


def test_a_disk_that_fails_loses_lines_and_says_how_many(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.write_text("in the way")
    log = RequestLog(folder)
    log._append([b"{}", b"{}"])
    folder.unlink()
    log._append([b'{"last":1}'])
    log.close()

    lines = [json.loads(line) for path in folder.glob("*") for line in path.read_text().splitlines()]
    assert lines == [{"level": "warn", "lost_lines": 2}, {"last": 1}]


# ------------------------------------------------------------------------ the tag, the system prompt


@pytest.mark.parametrize(
    "body",
    [
        messages(system=f"{TAG}\n\nYou are an agent."),
        messages(system=[{"type": "text", "text": "billing"}, {"type": "text", "text": f"An agent. {TAG}"}]),
        messages(messages=[{"role": "user", "content": f"{TAG} Do it"}]),
        messages(messages=[{"role": "user", "content": [{"type": "text", "text": f"{TAG}\nDo it"}]}]),
        json.dumps(messages(system=f"{TAG}\n\nYou are an agent."))
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .encode(),
    ],
)
def test_the_tag_is_obeyed_and_taken_out(gateway: Gateway, fake_backend: FakeBackend, body: Any) -> None:
    fake_backend.plays(reply(text="Hello"))

    answer = gateway.ask(body)

    assert (answer.headers["x-ccr-route"], answer.headers["x-ccr-target"]) == ("subagent", "fake,small")
    assert b"CCR-SUBAGENT-MODEL" not in fake_backend.requests[0].raw


def test_half_a_tag_beside_a_whole_one_spoils_nothing(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))
    said = ["half a <CCR-SUBAGENT-MODEL>", "the middle", f"whole {TAG} end"]
    blocks = [{"type": "text", "text": text} for text in said]

    answer = gateway.ask(messages(system=f"{TAG}agent", messages=[{"role": "user", "content": blocks}]))

    assert answer.text == "Hello"
    sent = fake_backend.requests[0].raw.decode()
    assert "the middle" in sent
    assert "fake,small" not in sent


def test_a_tag_that_is_quoted_stays(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(reply(text="Hello"))

    gateway.ask(messages(f"Write {TAG} into the agent's file"))

    assert fake_backend.requests[0].body["model"] == "big"
    assert TAG in json.dumps(fake_backend.requests[0].body)


def test_the_system_prompt_is_rewritten_up_to_its_environment(
    start_gateway: StartGateway, fake_backend: FakeBackend, tmp_path: Path
) -> None:
    (tmp_path / "prompt.md").write_text('You are "terse".\n')
    fake_backend.always(reply(text="Hello"))
    gateway = start_gateway(
        {
            "REWRITE_SYSTEM_PROMPT": "prompt.md",
            "Providers": [provider("fake", fake_backend, "big")],
            "Router": {"default": "fake,big"},
        }
    )
    blocks = ["You are Claude Code.", "Be long-winded.\n<env>\ncwd: /home/me\n</env>\nMore."]

    gateway.ask(messages(system=[{"type": "text", "text": text} for text in blocks]))
    gateway.ask(messages(system=[{"type": "text", "text": "No environment here."}]))

    first, second = (json.dumps(request.body["messages"][0]) for request in fake_backend.requests)
    assert "You are Claude Code." in first
    assert 'You are \\"terse\\".\\n<env>\\ncwd: /home/me\\n</env>\\nMore.' in json.dumps(fake_backend.requests[0].body)
    assert "long-winded" not in first
    assert "No environment here." in second


# ----------------------------------------------------------------------------------------- sessions


def session(name: str) -> dict[str, str]:
    return {"x-claude-code-session-id": name}


def test_a_compaction_follows_its_conversation(gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.always(reply(text="Hello"))
    compact = session("s-1") | {"x-claude-code-request-class": "compaction"}

    gateway.ask(messages(model="fake,small"), headers=session("s-1"))

    answer = gateway.ask(messages(), headers=compact)
    assert (answer.headers["x-ccr-route"], answer.headers["x-ccr-target"]) == ("compaction", "fake,small")
    other = gateway.ask(messages(), headers=compact | session("s-2"))
    assert (other.headers["x-ccr-route"], other.headers["x-ccr-target"]) == ("default", "fake,big")


def test_a_small_request_beside_it_is_not_where_a_conversation_ran(
    start_gateway: StartGateway, fake_backend: FakeBackend
) -> None:
    fake_backend.always(reply(text="Hello"))
    routes = {"default": "fake,big", "background": "fake,small"}
    gateway = start_gateway({"Providers": [provider("fake", fake_backend, "big", "small")], "Router": routes})

    gateway.ask(messages(), headers=session("s-1"))
    gateway.ask(messages(model="claude-3-5-haiku"), headers=session("s-1"))

    compact = session("s-1") | {"x-claude-code-request-class": "compaction"}
    assert gateway.ask(messages(), headers=compact).headers["x-ccr-target"] == "fake,big"


@pytest.mark.parametrize("form", ["header", "json", "old"])
def test_a_session_that_was_long_stays_on_long_context(
    start_gateway: StartGateway, fake_backend: FakeBackend, form: str
) -> None:
    fake_backend.always(reply(text="Hello", usage=(70_000, 5)))
    routes = {"default": "fake,big", "longContext": "fake,long"}
    gateway = start_gateway({"Providers": [provider("fake", fake_backend, "big", "long")], "Router": routes})
    user_id = {"header": None, "json": '{"session_id":"s-1"}', "old": "user_x_account__session_s-1"}[form]
    headers = session("s-1") if form == "header" else {}
    body = messages("some words " * 12_000, metadata={"user_id": user_id})

    first = gateway.ask(body, headers=headers)
    second = gateway.ask(body, headers=headers)

    assert first.headers["x-ccr-route"] == "default"
    assert second.headers["x-ccr-route"] == "longContext"


# ------------------------------------------------------------------------------- Anthropic, unchanged


def test_a_request_passes_byte_for_byte_but_for_its_model(
    anthropic_gateway: Gateway, fake_backend: FakeBackend
) -> None:
    fake_backend.plays(anthropic.reply(text="Hello"))
    body = (
        b'{ "max_tokens":9 , "new_field" : {"b":1.50, "a":"\\u00e9"}, "model": "claude-x",\n '
        b'"messages":[{"role":"user","content":"\xc3\xa9"}]}'
    )
    headers = {
        "anthropic-beta": "a-1,b-2",
        "anthropic-version": "2023-06-01",
        "x-api-key": "the-clients",
        "authorization": "Bearer the-clients",
        "cookie": "the-clients",
        "x-stainless-lang": "js",
        "user-agent": "claude-cli/2.1.330",
    }

    anthropic_gateway.ask(body, "/v1/messages?beta=true&x=%20y", headers=headers)

    request = fake_backend.requests[0]
    assert request.raw == body.replace(b'"claude-x"', b'"claude-big"')
    assert (request.path, request.query) == ("/v1/messages", "beta=true&x=%20y")
    assert request.headers["anthropic-beta"] == "a-1,b-2"
    assert request.headers["x-stainless-lang"] == "js"
    assert request.headers["user-agent"] == "claude-cli/2.1.330"
    assert request.headers["x-api-key"] == "key-of-claude-api"
    assert "the-clients" not in str(request.headers)


def frame(kind: str, fields: str) -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}",{fields}}}\n\n'.encode()


def test_an_answers_bytes_and_headers_pass(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    steps = [
        frame("message_start", ' "message":{"id":"m","usage":{"input_tokens":3}},"new":1'),
        frame("content_block_start", '"index":0,"content_block":{"type":"new"}'),
        frame("novelty", '"text":"\\u00e9"'),
        frame("content_block_stop", '"index":0'),
        frame("message_delta", '"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}'),
        frame("message_stop", '"n":null'),
    ]
    told = {"request-id": "req_theirs", "anthropic-ratelimit-requests-remaining": "7", "set-cookie": "no"}
    fake_backend.plays(stream(*steps, headers=told))

    answer = anthropic_gateway.ask(messages(stream=True))

    assert answer.body == b"".join(steps)
    assert answer.headers["request-id"] == "req_theirs"
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "7"
    assert "set-cookie" not in answer.headers
    line = anthropic_gateway.lines(1)[0]
    assert line["usage"] == {"input_tokens": 3, "output_tokens": 4}


def test_a_whole_answers_bytes_pass(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    message = anthropic.whole(text="Hello", thinking="", calls=[], usage=(3, 4)) | {"new": [1.5]}
    fake_backend.plays(status(200, message, {"anthropic-organization-id": "o-1"}))

    answer = anthropic_gateway.ask(messages())

    assert answer.body == json.dumps(message).encode()
    assert answer.headers["anthropic-organization-id"] == "o-1"


def test_an_anthropic_error_keeps_its_words_type_and_headers(
    anthropic_gateway: Gateway, fake_backend: FakeBackend
) -> None:
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down, please."}}
    told = {"retry-after": "9", "x-should-retry": "true", "request-id": "req_theirs", "anthropic-x": "0"}
    fake_backend.plays(status(429, error, told))

    answer = anthropic_gateway.ask(messages(stream=True))

    assert answer.status == 429
    assert answer.error == ("rate_limit_error", "Slow down, please.")
    assert told.items() <= answer.headers.items()
    assert answer.json["request_id"] == "req_theirs"


def test_an_error_of_another_form_is_mended(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(status(400, {"object": "error", "message": "tools are broken", "type": "BadRequestError"}))

    answer = anthropic_gateway.ask(messages())

    assert answer.status == 400
    assert answer.error == ("invalid_request_error", "provider claude-api: tools are broken")


@pytest.mark.parametrize("last", [2, 3, 4, 5])
def test_an_anthropic_stream_that_is_cut_ends_in_an_error_event(
    anthropic_gateway: Gateway, fake_backend: FakeBackend, last: int
) -> None:
    whole = anthropic.events(anthropic.whole(text="Hello", thinking="", calls=[], usage=(3, 4)))
    fake_backend.plays(stream(*whole[:last], whole[last][:30], Close()))

    answer = anthropic_gateway.ask(messages(stream=True))

    assert answer.body.startswith(b"".join(whole[:last]))
    assert answer.kinds[-1] == "error"
    assert "message_stop" not in answer.kinds


def test_foreign_thinking_does_not_reach_anthropic(anthropic_gateway: Gateway, fake_backend: FakeBackend) -> None:
    fake_backend.plays(anthropic.reply(text="Hello"))
    said = [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "foreign", "signature": ""},
                {"type": "thinking", "thinking": "native", "signature": "EqQBCkYIBxgCKkA="},
                {"type": "text", "text": "Hello"},
            ],
        },
        {"role": "user", "content": "Go on"},
    ]

    anthropic_gateway.ask(messages(messages=said))

    sent = fake_backend.requests[0].raw
    assert b"foreign" not in sent
    assert b"native" in sent
