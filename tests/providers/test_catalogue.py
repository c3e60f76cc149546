"""Which provider deviates how, and that the documentation says the same."""

import ast
from pathlib import Path

import pytest

from ccr.dialects.openai_chat import flags as module
from ccr.dialects.openai_chat.flags import FLAGS
from ccr.providers import Provider, flags_of
from ccr.providers.catalogue import CATALOGUE
from tests.documents import quoted, table


def provider(host: str, hints: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> Provider:
    url = f"https://{host}/v1/chat/completions"
    return Provider(name="p", url=url, dialect="openai-chat", hints=hints, flags=flags)


def test_the_catalogue_names_flags_that_there_are() -> None:
    assert {word.removeprefix("-") for row in CATALOGUE for word in row.flags} <= set(FLAGS)


@pytest.mark.parametrize(
    ("host", "model", "has", "has_not"),
    [
        ("api.deepseek.com", "deepseek-v4-pro", {"thinking_object", "echo_reasoning"}, {"no_effort", "text_only"}),
        ("api.deepseek.com", "deepseek-chat", {"no_effort", "no_off", "text_only"}, {"thinking_object"}),
        ("openrouter.ai", "anthropic/claude-opus-4.1", {"reasoning_object", "cache_marks"}, {"short_call_ids"}),
        ("openrouter.ai", "mistralai/devstral-medium", {"short_call_ids"}, {"cache_marks"}),
        ("api.openai.com", "gpt-5-mini", {"off_is_minimal", "no_stop"}, {"off_is_none", "effort_xhigh"}),
        ("api.openai.com", "gpt-5.1", {"off_is_none"}, {"off_is_minimal", "effort_xhigh"}),
        ("api.openai.com", "gpt-5.2-codex", {"off_is_none", "effort_xhigh"}, set()),
        ("api.openai.com", "gpt-4o", {"no_effort", "no_off"}, {"no_temperature"}),
        ("team.openai.azure.com", "gpt-5", {"api_key_header", "max_completion_tokens"}, set()),
        ("api.moonshot.ai", "kimi-k2.6", {"thinking_object", "echo_reasoning"}, {"no_off"}),
        ("api.moonshot.ai", "kimi-k2-0905-preview", {"no_off"}, {"echo_reasoning"}),
        ("api.z.ai", "GLM-5.2", {"tool_stream", "effort_max"}, {"no_effort"}),
        ("api.minimax.io", "MiniMax-M3", {"thinking_adaptive"}, {"no_off"}),
        ("dashscope-intl.aliyuncs.com", "qwen3-coder-plus", {"cache_marks", "no_off"}, {"enable_thinking"}),
        ("generativelanguage.googleapis.com", "gemini-2.5-flash-lite", {"off_is_none"}, {"off_is_low"}),
        ("localhost:11434", "qwen3", {"off_is_none"}, set()),
    ],
)
def test_a_host_and_a_model_have_their_flags(host: str, model: str, has: set[str], has_not: set[str]) -> None:
    flags = flags_of(provider(host), model)
    assert flags >= has
    assert not flags & has_not


@pytest.mark.parametrize(
    "host", ["localhost:8000", "vllm.internal:8000", "api.openai.com.evil.org", "notopenrouter.ai"]
)
def test_an_unknown_host_has_none(host: str) -> None:
    assert flags_of(provider(host), "deepseek-chat") == frozenset()


def test_a_transformer_tells_the_vendor_where_the_host_tells_none() -> None:
    assert "reasoning_object" in flags_of(provider("proxy.internal", hints=("openrouter",)), "z-ai/glm-4.6")
    assert flags_of(provider("ark.example.org", hints=("deepseek",)), "v3") == {"echo_reasoning"}
    assert "echo_reasoning" not in flags_of(provider("openrouter.ai", hints=("deepseek",)), "deepseek/v3")


def test_the_user_has_the_last_word() -> None:
    own = provider("api.deepseek.com", flags=("-echo_reasoning", "session_header"))
    flags = flags_of(own, "deepseek-v4-pro")
    assert "session_header" in flags
    assert "echo_reasoning" not in flags


def test_the_documentation_has_the_rows_of_the_catalogue() -> None:
    rows = table("docs/providers.md", "provider", "address", "models")
    shown = [(row[0], *(tuple(quoted(cell)) for cell in row[1:])) for row in rows]
    assert shown == [
        (row.vendor, row.hosts or (row.transformer,), row.models if row.models != ("*",) else (), row.flags)
        for row in CATALOGUE
    ]


def test_the_documentation_says_of_each_flag_what_the_code_says() -> None:
    shown = {quoted(name)[0]: what for name, what in table("docs/providers.md", "flag", "what it does")}
    assert shown == meanings()


def test_every_flag_has_its_evidence() -> None:
    for name, text in docstrings().items():
        assert len(text.strip().splitlines()) > 2, name


def meanings() -> dict[str, str]:
    return {name: text.strip().splitlines()[0] for name, text in docstrings().items()}


def docstrings() -> dict[str, str]:
    """The text under each field of Flags."""
    tree = ast.parse(Path(module.__file__).read_text())
    (form,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    texts = {}
    for field, text in zip(form.body, form.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            assert isinstance(field.target, ast.Name)
            texts[field.target.id] = str(text.value.value)
    assert tuple(texts) == FLAGS
    return texts
