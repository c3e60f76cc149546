"""Which provider deviates how: data rows, read from top to bottom.

Flags of all rows that fit are put together; one that begins with `-` takes away what an earlier row gave. Evidence
stands with each flag (`dialects/openai_chat/flags.py`). Servers that people run themselves (vLLM, llama.cpp, SGLang,
LM Studio, TGI) need none: what goes out without flags is made for them.
"""

from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from ccr.providers.provider import Provider


class Row(Struct, frozen=True):
    vendor: str
    hosts: tuple[str, ...]
    """Patterns of host or host:port."""
    flags: tuple[str, ...]
    models: tuple[str, ...] = ("*",)
    """Patterns of the model's name, in lower case."""
    transformer: str = ""
    """The name in config.json that tells the vendor where the host tells none."""


_OPENAI = ("api.openai.com", "*.api.openai.com")
_AZURE = ("*.openai.azure.com", "*.cognitiveservices.azure.com", "*.services.ai.azure.com")
_DEEPSEEK = ("api.deepseek.com",)
_GROQ = ("api.groq.com",)
_CEREBRAS = ("api.cerebras.ai",)
_MOONSHOT = ("api.moonshot.ai", "api.moonshot.cn", "api.kimi.com")
_ZAI = ("api.z.ai", "open.bigmodel.cn")
_MINIMAX = ("api.minimax.io", "api.minimaxi.com")
_QWEN = ("dashscope*.aliyuncs.com", "*.dashscope.aliyuncs.com")
_XAI = ("api.x.ai", "*.api.x.ai")
_GEMINI = ("generativelanguage.googleapis.com",)

CATALOGUE: tuple[Row, ...] = (
    Row("OpenAI", (*_OPENAI, *_AZURE), ("max_completion_tokens", "drop_reasoning", "no_top_k", "prompt_cache_key")),
    Row(
        "OpenAI",
        (*_OPENAI, *_AZURE),
        ("off_is_low", "no_temperature", "no_top_p", "no_stop", "no_parallel_tool_calls"),
        models=("o1*", "o3*", "o4*"),
    ),
    Row(
        "OpenAI",
        (*_OPENAI, *_AZURE),
        ("off_is_minimal", "no_temperature", "no_top_p", "no_stop"),
        models=("gpt-5", "gpt-5-*"),
    ),
    Row("OpenAI", (*_OPENAI, *_AZURE), ("off_is_none", "no_temperature", "no_top_p", "no_stop"), models=("gpt-5.*",)),
    Row("OpenAI", (*_OPENAI, *_AZURE), ("effort_xhigh",), models=("gpt-5.[2-9]*",)),
    Row("OpenAI", (*_OPENAI, *_AZURE), ("no_effort", "no_off"), models=("gpt-3*", "gpt-4*", "chatgpt-*")),
    Row("Azure", _AZURE, ("api_key_header",)),
    Row(
        "OpenRouter",
        ("openrouter.ai",),
        ("reasoning_object", "effort_xhigh", "session_id"),
        transformer="openrouter",
    ),
    Row(
        "OpenRouter",
        ("openrouter.ai",),
        ("off_is_low",),
        models=(
            "openai/o[134]*",
            "openai/gpt-5",
            "openai/gpt-5-*",
            "openai/gpt-oss*",
            "google/gemini-2.5-pro*",
            "google/gemini-3*",
            "x-ai/grok-4",
            "minimax/*",
            "deepseek/deepseek-r1*",
            "moonshotai/kimi-k2-thinking*",
        ),
        transformer="openrouter",
    ),
    Row(
        "OpenRouter",
        ("openrouter.ai",),
        ("cache_marks",),
        models=("anthropic/*", "qwen/qwen*-max*", "qwen/qwen*-plus*", "qwen/qwen*-flash*"),
        transformer="openrouter",
    ),
    Row(
        "OpenRouter",
        ("openrouter.ai",),
        ("short_call_ids", "no_user_after_tool"),
        models=("mistralai/*",),
        transformer="openrouter",
    ),
    Row("Vercel", ("ai-gateway.vercel.sh",), ("reasoning_object",), transformer="vercel"),
    Row("Vercel", ("ai-gateway.vercel.sh",), ("cache_marks",), models=("anthropic/*",), transformer="vercel"),
    Row(
        "DeepSeek",
        _DEEPSEEK,
        ("thinking_object", "effort_max", "echo_reasoning", "auto_choice_while_thinking", "json_object"),
    ),
    Row("DeepSeek", _DEEPSEEK, ("text_only",), models=("deepseek-chat", "deepseek-reasoner")),
    Row(
        "DeepSeek",
        _DEEPSEEK,
        ("-thinking_object", "-auto_choice_while_thinking", "no_effort", "no_off"),
        models=("deepseek-chat",),
    ),
    Row("DeepSeek elsewhere", (), ("echo_reasoning",), transformer="deepseek"),
    Row("Groq", _GROQ, ("off_is_low",), models=("openai/gpt-oss*",), transformer="groq"),
    Row(
        "Groq",
        _GROQ,
        ("off_is_none", "no_effort", "parsed_reasoning", "json_object"),
        models=("qwen/*",),
        transformer="groq",
    ),
    Row("Groq", _GROQ, ("no_effort", "no_off", "json_object"), models=("llama-3*",), transformer="groq"),
    Row("Cerebras", _CEREBRAS, ("max_completion_tokens",), transformer="cerebras"),
    Row("Cerebras", _CEREBRAS, ("off_is_low",), models=("gpt-oss*",), transformer="cerebras"),
    Row("Cerebras", _CEREBRAS, ("off_is_none", "no_effort"), models=("zai-glm*",), transformer="cerebras"),
    Row(
        "Mistral",
        ("api.mistral.ai", "codestral.mistral.ai"),
        (
            "short_call_ids",
            "no_user_after_tool",
            "drop_reasoning",
            "no_effort",
            "no_off",
            "no_top_k",
            "no_stream_options",
        ),
    ),
    Row("Moonshot", _MOONSHOT, ("prompt_cache_key",)),
    Row(
        "Moonshot",
        _MOONSHOT,
        ("thinking_object", "no_effort", "echo_reasoning", "auto_choice_while_thinking", "no_temperature", "no_top_p"),
        models=("kimi-k2.*",),
    ),
    Row("Moonshot", _MOONSHOT, ("no_off",), models=("kimi-k2.7*",)),
    Row(
        "Moonshot",
        _MOONSHOT,
        ("no_effort", "no_off", "echo_reasoning", "auto_choice_while_thinking"),
        models=("kimi-k2-thinking*",),
    ),
    Row(
        "Moonshot",
        _MOONSHOT,
        ("off_is_low", "no_medium", "effort_max", "echo_reasoning", "no_temperature", "no_top_p"),
        models=("kimi-k3*",),
    ),
    Row("Moonshot", _MOONSHOT, ("no_effort", "no_off"), models=("kimi-k2-0*", "kimi-k2-turbo*", "moonshot-v1*")),
    Row(
        "Z.AI",
        _ZAI,
        ("thinking_object", "keep_thinking", "no_effort", "auto_choice_only", "json_object", "no_strict"),
    ),
    Row("Z.AI", _ZAI, ("tool_stream",), models=("glm-4.[6-9]*", "glm-[5-9]*")),
    Row("Z.AI", _ZAI, ("-no_effort", "no_medium", "effort_max"), models=("glm-5.[2-9]*",)),
    Row(
        "MiniMax",
        _MINIMAX,
        (
            "split_reasoning",
            "no_effort",
            "no_off",
            "max_completion_tokens",
            "auto_choice_only",
            "no_parallel_tool_calls",
            "json_object",
            "no_response_format",
            "no_strict",
        ),
    ),
    Row("MiniMax", _MINIMAX, ("-no_off", "thinking_object", "thinking_adaptive"), models=("minimax-m3*",)),
    Row("Qwen", _QWEN, ("enable_thinking", "no_effort", "auto_choice_while_thinking")),
    Row("Qwen", _QWEN, ("-enable_thinking", "-auto_choice_while_thinking", "no_off"), models=("qwen3-coder*",)),
    Row("Qwen", _QWEN, ("cache_marks",), models=("qwen*-max*", "qwen*-plus*", "qwen*-flash*")),
    Row("SiliconFlow", ("api.siliconflow.cn", "api.siliconflow.com"), ("enable_thinking", "no_effort")),
    Row("xAI", _XAI, ("grok_header",)),
    Row(
        "xAI",
        _XAI,
        ("no_effort", "no_off", "no_stop"),
        models=("grok-4", "grok-4-*", "grok-4.20*", "grok-code*"),
    ),
    Row("xAI", _XAI, ("off_is_low", "no_medium", "no_stop"), models=("grok-3-mini*",)),
    Row("xAI", _XAI, ("off_is_none", "no_stop"), models=("grok-4.3*",)),
    Row("xAI", _XAI, ("off_is_low", "no_stop"), models=("grok-4.[5-9]*",)),
    Row("Gemini", _GEMINI, ("skip_thought_signature", "off_is_low")),
    Row("Gemini", _GEMINI, ("-off_is_low", "off_is_none"), models=("gemini-2.5-flash*",)),
    Row("Fireworks", ("api.fireworks.ai",), ("affinity_header", "prompt_cache_key")),
    Row("Ollama", ("*:11434", "ollama.com"), ("off_is_none", "no_image_urls")),
)


def flags_of(provider: Provider, model: str) -> frozenset[str]:
    """The deviations of a model at a provider: the catalogue's, then the user's word."""
    return _flags(provider.url, provider.hints_of(model), provider.flags, model)


@lru_cache(maxsize=1024)
def _flags(url: str, hints: tuple[str, ...], own: tuple[str, ...], model: str) -> frozenset[str]:
    split = urlsplit(url)
    names = {split.hostname or "", split.netloc.rpartition("@")[2].lower()}
    rows = [row for row in CATALOGUE if any(fnmatchcase(name, host) for host in row.hosts for name in names)]
    rows = rows or [row for row in CATALOGUE if row.transformer in hints]
    flags: set[str] = set()
    for row in rows:
        if any(fnmatchcase(model.lower(), pattern) for pattern in row.models):
            _apply(row.flags, flags)
    _apply(own, flags)
    return frozenset(flags)


def _apply(words: tuple[str, ...], flags: set[str]) -> None:
    for word in words:
        if word.startswith("-"):
            flags.discard(word[1:])
        else:
            flags.add(word)
