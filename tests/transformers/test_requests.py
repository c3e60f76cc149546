"""What each transformer does to a request: the table of the npm tool's documentation, row by row."""

from typing import Any

import pytest

from ccr.gateway.runtime import Runtime
from ccr.gateway.transformed import TransformedCall
from ccr.transformers import TRANSFORMERS, Transformer
from ccr.transformers.clean_cache import CleanCache
from ccr.transformers.extra_fields import CustomParams, OpenRouter, Vercel
from ccr.transformers.limits import MaxCompletionTokens, MaxToken, Sampling
from ccr.transformers.providers import DeepSeek, Groq
from ccr.transformers.reasoning import Reasoning
from tests.transformers.calls import READ, call_with, sent_with

NOTHING = ("Anthropic", "OpenAI", "gemini", "openai-responses", "streamoptions", "enhancetool", "cerebras", "deepseek")
MARK = {"type": "ephemeral"}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic"])
def test_names_without_work_change_no_byte(name: str, dialect: Any) -> None:
    plain, named = call_with(dialect=dialect), call_with(TRANSFORMERS[name](), dialect=dialect)
    assert named.outbound == plain.outbound


def test_an_anthropic_call_without_work_is_the_dialect_s_own() -> None:
    assert not isinstance(call_with(dialect="anthropic"), TransformedCall)
    assert not isinstance(call_with(MaxToken(5), dialect="anthropic"), TransformedCall)


def test_usage_is_asked_for_without_streamoptions() -> None:
    assert sent_with()["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic"])
@pytest.mark.parametrize(
    ("transformer", "limit"),
    [(MaxToken(50), 50), (MaxToken(500), 100), (DeepSeek(50), 50), (DeepSeek(), 100), (Sampling(max_tokens=50), 50)],
)
def test_max_tokens_is_capped_and_never_raised(transformer: Transformer, limit: int, dialect: Any) -> None:
    assert sent_with(transformer, dialect=dialect)["max_tokens"] == limit


def test_max_tokens_is_not_invented() -> None:
    assert "max_tokens" not in sent_with(MaxToken(50), max_tokens=None)


def test_maxcompletiontokens_renames_in_place() -> None:
    plain, renamed = sent_with(), sent_with(MaxCompletionTokens())
    assert list(renamed) == [name if name != "max_tokens" else "max_completion_tokens" for name in plain]
    assert renamed["max_completion_tokens"] == 100
    assert sent_with(MaxCompletionTokens(), dialect="anthropic")["max_tokens"] == 100


@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic"])
def test_sampling_overrides_the_client(dialect: Any) -> None:
    sampling = Sampling(temperature=0.2, top_p=0.9, top_k=20, repetition_penalty=1.05)
    body = sent_with(sampling, dialect=dialect, temperature=1.0)
    assert {name: body[name] for name in ("temperature", "top_p", "top_k", "repetition_penalty")} == {
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 20,
        "repetition_penalty": 1.05,
    }


def test_a_penalty_stays_out_of_languages_that_have_no_word_for_it() -> None:
    assert "repetition_penalty" not in sent_with(Sampling(repetition_penalty=1.1), dialect="gemini")


def test_a_field_that_sampling_adds_is_withdrawn_when_the_model_refuses_it() -> None:
    runtime = Runtime(client=None)  # type: ignore[arg-type]  # nothing is sent
    call = call_with(Sampling(temperature=0.2), runtime=runtime)
    refused = call.error(400, {}, b'{"error":{"message":"Unsupported parameter: temperature"}}')
    assert refused.retry == "same"
    assert "temperature" not in sent_with(Sampling(temperature=0.2), runtime=runtime)


@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic"])
def test_customparams_adds_and_never_overwrites(dialect: Any) -> None:
    params = CustomParams({"model": "other", "max_tokens": 1, "extra": {"a": 1}, "metadata": {"user_id": "x", "b": 2}})
    body = sent_with(params, dialect=dialect, metadata={"user_id": "kim"})
    assert (body["model"], body["max_tokens"], body["extra"]) == ("m", 100, {"a": 1})
    if dialect == "anthropic":
        assert body["metadata"] == {"user_id": "kim", "b": 2}


def test_customparams_completes_objects_at_any_depth() -> None:
    both = sent_with(CustomParams({"a": {"b": {"c": 1}}}), CustomParams({"a": {"b": {"c": 2, "d": 3}, "e": [4]}}))
    assert both["a"] == {"b": {"c": 1, "d": 3}, "e": [4]}


@pytest.mark.parametrize("kind", [OpenRouter, Vercel])
def test_options_of_gateways_become_fields_and_replace(kind: type[OpenRouter]) -> None:
    body = sent_with(kind({"provider": {"only": ["anthropic"]}, "max_tokens": 7}), CustomParams({"provider": {"x": 1}}))
    assert body["provider"] == {"only": ["anthropic"], "x": 1}
    assert body["max_tokens"] == 7


def test_cleancache_takes_the_marks_from_an_anthropic_request() -> None:
    schema = {"type": "object", "properties": {"cache_control": {"type": "string"}}}
    call = {"type": "tool_use", "id": "t", "name": "Read", "input": {"cache_control": "x"}, "cache_control": MARK}
    body = sent_with(
        CleanCache(),
        dialect="anthropic",
        cache_control=MARK,
        system=[{"type": "text", "text": "s", "cache_control": MARK}],
        tools=[{"name": "Read", "input_schema": schema, "cache_control": MARK}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": MARK}]},
            {"role": "assistant", "content": [call]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t",
                        "cache_control": MARK,
                        "content": [{"type": "text", "text": "r", "cache_control": MARK}],
                    }
                ],
            },
        ],
    )
    assert "cache_control" not in body
    assert body["system"] == [{"type": "text", "text": "s"}]
    assert body["tools"] == [{"name": "Read", "input_schema": schema}]
    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "t", "name": "Read", "input": {"cache_control": "x"}}
    ]
    assert body["messages"][2]["content"][0] == {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": [{"type": "text", "text": "r"}],
    }


def test_no_marks_reach_a_chat_endpoint_without_cleancache() -> None:
    body = call_with(messages=[{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": MARK}]}])
    assert b"cache_control" not in body.outbound.body


def test_groq_leaves_the_schema_s_name_out() -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {"$schema": {}}}
    (tool,) = sent_with(Groq(), tools=[{"name": "Read", "description": "reads", "input_schema": schema}])["tools"]
    assert tool["function"] == {
        "name": "Read",
        "description": "reads",
        "parameters": {"type": "object", "properties": {"$schema": {}}},
    }
    assert sent_with(Groq(), tools=[READ])["tools"] == sent_with(tools=[READ])["tools"]


def test_reasoning_says_what_the_client_wants() -> None:
    on = sent_with(Reasoning(), thinking={"type": "enabled", "budget_tokens": 2000})
    assert (on["thinking"], on["enable_thinking"]) == ({"type": "enabled"}, True)
    off = sent_with(Reasoning(), thinking={"type": "disabled"})
    assert (off["thinking"], off["enable_thinking"]) == ({"type": "disabled"}, False)
    assert not {"thinking", "enable_thinking"} & sent_with(Reasoning()).keys()
    assert "enable_thinking" not in sent_with(Reasoning(), thinking={"type": "adaptive"}, stream=False)


def test_reasoning_with_enable_false_switches_thinking_off() -> None:
    for thinking in ({"type": "adaptive"}, {"type": "enabled", "budget_tokens": 2000}, None):
        body = sent_with(Reasoning(enable=False), thinking=thinking, output_config={"effort": "high"})
        assert (body["thinking"], body["enable_thinking"]) == ({"type": "disabled"}, False)
        assert "reasoning_effort" not in body
    body = sent_with(Reasoning(enable=False), dialect="anthropic", thinking={"type": "adaptive"})
    assert body["thinking"] == {"type": "disabled"}
    assert "enable_thinking" not in body


def test_what_no_transformer_touches_keeps_its_bytes() -> None:
    messages = [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {"x": 1.0}}]}]
    before = call_with(dialect="anthropic", messages=messages).outbound.body
    after = call_with(MaxToken(50), dialect="anthropic", messages=messages).outbound.body
    assert after == before.replace(b'"max_tokens":100', b'"max_tokens":50')


def test_all_together_in_any_order() -> None:
    every = [kind() for kind in TRANSFORMERS.values()]
    for transformers in (every, every[::-1]):
        for dialect in ("openai-chat", "anthropic"):
            body = sent_with(*transformers, dialect=dialect, tools=[READ])
            assert body["model"] == "m"
            assert len(body["tools"]) == 2
