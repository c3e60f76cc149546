"""Which language a provider speaks, and where requests to it are posted."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ccr.config import Loaded, load
from ccr.providers import Provider

Write = Callable[[str], Path]


def loaded_with(write: Write, **keys: object) -> Loaded:
    entry = {"name": "p", "models": ["m"]} | keys
    return load(write(msgspec.json.encode({"Providers": [entry], "Router": {"default": "p,m"}}).decode()), {})


def provider_with(write: Write, **keys: object) -> Provider:
    snapshot = loaded_with(write, **keys).snapshot
    assert snapshot is not None
    return snapshot.providers["p"]


@pytest.mark.parametrize(
    ("written", "url", "dialect"),
    [
        ("http://h:8000/v1/chat/completions", "http://h:8000/v1/chat/completions", "openai-chat"),
        ("http://h:8000", "http://h:8000/v1/chat/completions", "openai-chat"),
        ("http://h:8000/", "http://h:8000/v1/chat/completions", "openai-chat"),
        ("http://h:8000/v1/", "http://h:8000/v1/chat/completions", "openai-chat"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions", "openai-chat"),
        ("https://api.z.ai/api/paas/v4", "https://api.z.ai/api/paas/v4/chat/completions", "openai-chat"),
        ("https://h/v1beta/openai/", "https://h/v1beta/openai/chat/completions", "openai-chat"),
        ("https://h/odd/path", "https://h/odd/path", "openai-chat"),
        ("https://h/chat/completions?api-version=1", "https://h/chat/completions?api-version=1", "openai-chat"),
        ("https://h/v1/messages", "https://h/v1/messages", "anthropic"),
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages", "anthropic"),
        ("https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages", "anthropic"),
        ("https://api.deepseek.com/anthropic", "https://api.deepseek.com/anthropic/v1/messages", "anthropic"),
        ("https://h/v1/responses", "https://h/v1/responses", "openai-responses"),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/",
            "https://generativelanguage.googleapis.com/v1beta/models/",
            "gemini",
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
            "openai-chat",
        ),
    ],
)
def test_the_path_tells_the_dialect_and_is_completed(write: Write, written: str, url: str, dialect: str) -> None:
    provider = provider_with(write, api_base_url=written)
    assert (provider.url, provider.dialect) == (url, dialect)


@pytest.mark.parametrize(
    ("use", "written", "url", "dialect"),
    [
        (["Anthropic"], "https://h", "https://h/v1/messages", "anthropic"),
        (["Anthropic"], "https://h/v1", "https://h/v1/messages", "anthropic"),
        (["Anthropic"], "https://h/any/path", "https://h/any/path", "anthropic"),
        (["Anthropic"], "https://h/chat/completions", "https://h/chat/completions", "anthropic"),
        (["anthropic"], "https://h/v1", "https://h/v1/messages", "anthropic"),
        (["gemini"], "https://h/v1beta/models/", "https://h/v1beta/models/", "gemini"),
        (["vertex-gemini"], "https://h", "https://h/v1beta/models", "gemini"),
        (["openai-responses"], "https://h", "https://h/v1/responses", "openai-responses"),
        (["deepseek"], "https://h", "https://h/v1/chat/completions", "openai-chat"),
    ],
)
def test_a_transformer_chooses_the_dialect(write: Write, use: list[str], written: str, url: str, dialect: str) -> None:
    provider = provider_with(write, api_base_url=written, transformer={"use": use})
    assert (provider.url, provider.dialect) == (url, dialect)


def test_anthropic_in_lower_case_does_not_overrule_a_chat_path(write: Write) -> None:
    url = "https://h/v1/chat/completions"
    assert provider_with(write, api_base_url=url, transformer={"use": ["anthropic"]}).dialect == "openai-chat"


def test_the_documented_spelling_with_transformers_speaks_openai_chat(write: Write) -> None:
    text = """{Providers: [{NAME: "groq", HOST: "https://api.groq.com/openai/v1", APIKEY: "k",
        MODELS: ["llama"], transformers: ["anthropic"]}], Router: {default: "groq,llama"}}"""
    loaded = load(write(text), {})
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    provider = loaded.snapshot.providers["groq"]
    assert (provider.url, provider.dialect) == ("https://api.groq.com/openai/v1/chat/completions", "openai-chat")
    assert (provider.api_key, provider.models) == ("k", ("llama",))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h:1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1", "http://h:1/v1/chat/completions"),
        ("http://h:1/own/gateway", "http://h:1/own/gateway/chat/completions"),
        ("http://h:1/v1/chat/completions", "http://h:1/v1/chat/completions"),
    ],
)
def test_a_base_url_always_gets_the_endpoint(write: Write, base: str, url: str) -> None:
    assert provider_with(write, baseUrl=base, apiKey="k").url == url


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://h/v1", "http://", "http://h:port/v1", "http://h/a b", "h"])
def test_an_address_that_is_none_is_an_error_with_a_hint(write: Write, url: str) -> None:
    loaded = loaded_with(write, api_base_url=url)
    assert loaded.snapshot is None
    (problem,) = loaded.problems
    assert (problem.severity, problem.path) == ("error", "Providers[0].api_base_url")
    assert "http://localhost:11434/v1/chat/completions" in problem.hint


@pytest.mark.parametrize("name", ["gemini", "openai-responses"])
def test_choosing_the_language_is_no_problem(write: Write, name: str) -> None:
    assert loaded_with(write, api_base_url="https://h", transformer={"use": [name]}).problems == ()


@pytest.mark.parametrize(
    ("options", "bearer"), [({"UseBearer": True}, True), ({"UseBearer": False}, False), ({}, False)]
)
def test_use_bearer_is_an_option_of_anthropic(write: Write, options: dict[str, bool], bearer: bool) -> None:
    loaded = loaded_with(write, api_base_url="https://h", transformer={"use": [["Anthropic", options]]})
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    assert loaded.snapshot.providers["p"].use_bearer is bearer
