"""Adaptations of single providers and models by their names in claude-code-router, and those that are always on."""

from ccr.transformers.clean_cache import CleanCache
from ccr.transformers.enhance_tool import EnhanceTool
from ccr.transformers.extra_fields import CustomParams, OpenRouter, Vercel
from ccr.transformers.extra_think_tag import ExtraThinkTag
from ccr.transformers.filter import Filter
from ccr.transformers.force_reasoning import ForceReasoning
from ccr.transformers.limits import MaxCompletionTokens, MaxToken, Sampling
from ccr.transformers.named import (
    Anthropic,
    Cerebras,
    Gemini,
    OpenAi,
    OpenAiResponses,
    StreamOptions,
    VertexClaude,
    VertexGemini,
    VertexOpenAi,
)
from ccr.transformers.providers import DeepSeek, Groq
from ccr.transformers.reasoning import Reasoning
from ccr.transformers.tool_use import ToolUse
from ccr.transformers.transformer import Asked, Chain, Transformer, chain

_ALL: tuple[type[Transformer], ...] = (
    Anthropic, OpenAi, Gemini, OpenAiResponses, VertexGemini, VertexClaude, VertexOpenAi,
    DeepSeek, Reasoning, OpenRouter, Vercel, Groq, Cerebras,
    MaxToken, MaxCompletionTokens, Sampling, CleanCache, StreamOptions, CustomParams,
    ToolUse, EnhanceTool, ForceReasoning, ExtraThinkTag,
)  # fmt: skip
TRANSFORMERS = {kind.name: kind for kind in _ALL}
"""By the name in `config.json`."""

__all__ = ["TRANSFORMERS", "Asked", "Chain", "Filter", "Transformer", "chain"]
