"""The named ways in which OpenAI-compatible providers deviate from each other. What has none needs no flag.

A flag makes the first request right, and covers what a refusal cannot teach: fields that are passed over in silence,
histories that are refused without a name, caches that stay cold. Who has which: `providers/catalogue.py`.

The first line of each docstring stands in docs/providers.md; the rest is the evidence.
"""

from functools import lru_cache

from msgspec import Struct


class Flags(Struct, frozen=True):
    # how thinking is asked for: the first of these that is set, else `reasoning_effort`

    reasoning_object: bool = False
    """thinking is asked for, and switched off, with `reasoning: {effort, max_tokens or enabled}`

    openrouter.ai/docs/use-cases/reasoning-tokens, vercel.com/docs/ai-gateway/openai-compat/advanced
    """
    thinking_object: bool = False
    """thinking is switched with `thinking: {"type": "enabled"}` or `"disabled"`

    api-docs.deepseek.com/guides/thinking_mode (refuses an effort beside `disabled`: anthropics/claude-code#65863),
    docs.z.ai/guides/capabilities/thinking-mode, platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model
    """
    thinking_adaptive: bool = False
    """with `thinking_object`: the word is `adaptive` instead of `enabled`

    MiniMax-M3: java.agentscope.io/v2/en/integration/model/minimax
    """
    keep_thinking: bool = False
    """with `thinking_object`: `clear_thinking: false`, so that the thinking sent back is read and its prefix stays warm

    docs.z.ai/guides/capabilities/thinking-mode ("preserved thinking"; off by default at the general endpoint)
    """
    enable_thinking: bool = False
    """thinking is switched with `enable_thinking`, a budget is `thinking_budget`; never on without streaming

    alibabacloud.com/help/en/model-studio/deep-thinking; "must be set to false for non-streaming calls" for open models
    """

    # which words `reasoning_effort` has

    no_effort: bool = False
    """no effort is named

    OpenAI before the o-series: "Unrecognized request argument supplied: reasoning_effort". Grok 4: vercel/ai's
    release of @ai-sdk/xai 4.0.8. Kimi K2 refuses it beside `thinking`: HKUDS/nanobot#3939
    """
    no_medium: bool = False
    """effort `medium` is said as `high`

    Kimi K3 and GLM-5.2 know low, high and max: mnfst/modelparams.dev#168, docs.rs/crate/opencrabs (glm_reasoning.rs)
    """
    effort_xhigh: bool = False
    """effort `xhigh` is said as it is

    openrouter.ai/docs/use-cases/reasoning-tokens; gpt-5.2 and later: anomalyco/opencode#14611
    """
    effort_max: bool = False
    """effort `max` is said as it is

    api-docs.deepseek.com/guides/thinking_mode
    """
    off_is_none: bool = False
    """thinking is switched off with effort `none`

    gpt-5.1 and later: vercel/ai#10932; Ollama: docs.ollama.com/api/openai-compatibility; Qwen at Groq:
    console.groq.com/docs/reasoning; Gemini 2.5 Flash: ai.google.dev/gemini-api/docs/openai
    """
    off_is_minimal: bool = False
    """thinking cannot be switched off: effort `minimal` comes closest

    gpt-5: developers.openai.com/api/docs/guides/reasoning
    """
    off_is_low: bool = False
    """thinking cannot be switched off: effort `low` comes closest

    o-series, gpt-oss: developers.openai.com/api/docs/guides/reasoning; Grok 4.5: anomalyco/opencode#39448;
    OpenRouter: "Reasoning is mandatory for this endpoint and cannot be disabled"
    """
    no_off: bool = False
    """nothing is sent to switch thinking off: it cannot be, or there is none

    Kimi K2 Thinking: anomalyco/models.dev#2294
    """

    # how thinking comes and goes back

    parsed_reasoning: bool = False
    """`reasoning_format: parsed`: without it thinking comes as `<think>` in the text where no tools are offered

    console.groq.com/docs/reasoning
    """
    split_reasoning: bool = False
    """`reasoning_split: true`: without it thinking comes as `<think>` in the text

    platform.minimax.io/docs/api-reference/text-openai-api
    """
    echo_reasoning: bool = False
    """every assistant message has `reasoning_content`, a blank where there was no thinking: the history is refused else

    DeepSeek: anomalyco/opencode#24722, deepseek-ai/deepseek-harness discussion 739 (also without thinking). Kimi K2.5
    and K2.6 take "" for missing, " " not: theopenco/llmgateway#2093, earendil-works/pi#4178
    """
    drop_reasoning: bool = False
    """thinking of earlier turns is left out

    Mistral: 422 extra_forbidden, charmbracelet/crush#1590, BerriAI/litellm#30835. OpenAI never shows any
    """
    skip_thought_signature: bool = False
    """tool calls carry `extra_content` with the value that stands for a missing thought signature

    ai.google.dev/gemini-api/docs/thought-signatures: 400 "Function call is missing a thought_signature" else
    """

    # messages

    text_only: bool = False
    """images and PDF files are replaced by a note

    DeepSeek: "unknown variant `image_url`, expected `text`"
    """
    no_image_urls: bool = False
    """images that are only an address are replaced by a note: one such refusal must not make a model blind

    Ollama takes base64 only: docs.ollama.com/api/openai-compatibility
    """
    short_call_ids: bool = False
    """ids of tool calls are nine letters and digits

    Mistral: anomalyco/opencode#1680, langchain-ai/langchain#24668
    """
    no_user_after_tool: bool = False
    """what the user says after tool results stands in the last of them

    Mistral: mistralai/mistral-common#169 ("breaks Claude Code"), NousResearch/hermes-agent#20154
    """

    # tools and formats

    auto_choice_only: bool = False
    """a tool cannot be forced: `tool_choice` is sent as `none` or not at all

    GLM, MiniMax: java.agentscope.io/v2/en/integration/model/glm and /minimax
    """
    auto_choice_while_thinking: bool = False
    """where a tool is forced, thinking is switched off (or, where it cannot be, the tool is not forced)

    DeepSeek: deepseek-ai/DeepSeek-V3#1376; Kimi: can1357/oh-my-pi#1077; Qwen:
    alibabacloud.com/help/en/model-studio/qwen-function-calling
    """
    tool_stream: bool = False
    """`tool_stream: true`: without it the arguments of a tool call come in one piece, after minutes of silence

    docs.z.ai/guides/capabilities/stream-tool
    """
    json_object: bool = False
    """structured output is `{"type": "json_object"}`, with the schema at the end of the system text

    api-docs.deepseek.com/guides/json_mode, docs.z.ai/guides/capabilities/struct-output,
    console.groq.com/docs/structured-outputs (few models have schemas)
    """

    # fields that are left out, or have another name

    max_completion_tokens: bool = False
    """`max_completion_tokens` in place of `max_tokens`

    learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning, inference-docs.cerebras.ai/resources/openai
    """
    no_temperature: bool = False
    """`temperature` is left out

    OpenAI's reasoning models: "Only the default (1) value is supported"; Kimi: simstudioai/sim#5716
    """
    no_top_p: bool = False
    """`top_p` is left out

    the same
    """
    no_top_k: bool = False
    """`top_k` is left out

    OpenAI: "Unrecognized request argument supplied: top_k"
    """
    no_stop: bool = False
    """`stop` is left out

    OpenAI's reference: "Not supported with latest reasoning models"; docs.x.ai/docs/guides/reasoning
    """
    no_stream_options: bool = False
    """`stream_options` is left out; usage comes all the same

    Mistral: docs.mistral.ai/api (not among the fields, and others are refused: mistralai/platform-docs-public#7)
    """
    no_parallel_tool_calls: bool = False
    """`parallel_tool_calls` is left out

    o-series: "Unsupported parameter: 'parallel_tool_calls'"; MiniMax:
    java.agentscope.io/v2/en/integration/model/minimax
    """
    no_response_format: bool = False
    """`response_format` is left out (with `json_object` the schema stays in the system text)

    MiniMax: java.agentscope.io/v2/en/integration/model/minimax
    """
    no_strict: bool = False
    """`strict` of tools is left out

    GLM, MiniMax: java.agentscope.io/v2/en/integration/model/glm and /minimax
    """

    # caches

    cache_marks: bool = False
    """`cache_control` on the system text and on the last message: without marks nothing is cached

    openrouter.ai/docs/guides/best-practices/prompt-caching (Anthropic, Alibaba), vercel.com/docs/ai-gateway,
    alibabacloud.com/help/en/model-studio/context-cache
    """
    prompt_cache_key: bool = False
    """`prompt_cache_key`: the session

    developers.openai.com/api/docs/guides/prompt-caching, platform.kimi.ai/docs/api/chat
    """
    session_id: bool = False
    """`session_id`: the session

    openrouter.ai/docs/guides/best-practices/prompt-caching ("sticky routing")
    """
    session_header: bool = False
    """header `x-session-id`: the session

    for a router of your own before several servers: docs.llmgateway.io/features/sessions
    """
    affinity_header: bool = False
    """header `x-session-affinity`: the session

    fireworks.ai/docs/guides/prompt-caching
    """
    grok_header: bool = False
    """header `x-grok-conv-id`: the session

    docs.x.ai/developers/advanced-api-usage/prompt-caching/maximizing-cache-hits
    """

    # access

    api_key_header: bool = False
    """the key goes in the header `api-key`

    learn.microsoft.com/azure/ai-foundry/openai/reference
    """


FLAGS: tuple[str, ...] = Flags.__struct_fields__

_OMITTED = {f"no_{field}": field for field in (
    "temperature", "top_p", "top_k", "stop", "stream_options", "parallel_tool_calls", "response_format", "strict",
)}  # fmt: skip
"""Flag -> the optional field that is left out."""


@lru_cache(maxsize=256)
def read_flags(names: frozenset[str]) -> tuple[Flags, frozenset[str]]:
    """The flags of an endpoint, and the fields that they leave out. Names of other dialects mean nothing here."""
    flags = Flags(**{name: True for name in names if name in FLAGS})
    return flags, frozenset(field for flag, field in _OMITTED.items() if flag in names)
