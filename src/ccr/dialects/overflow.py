"""How servers say that a prompt is longer than the window, and the numbers that they name."""

import re

OVERFLOW_WORDS = (
    "prompt is too long",
    "context_length_exceeded",
    "exceed_context_size",
    "exceeds the available context size",
    "exceeds the context window",
    "exceeds the context length",
    "exceeds this limit even without any output",
    "exceeds the maximum number of tokens",
    "input is too long",
    "input length exceeds",
    "maximum context length",
    "context window exceeded",
    "maximum prompt length",
    "reduce the length of the messages",
    "reduce the length of the input",
    "range of input length should be",
    "context the overflows",
)
"""vLLM, llama.cpp, Ollama, OpenAI, DeepSeek, Gemini, OpenRouter, Bedrock, Groq, DashScope, LM Studio."""

_WINDOW = re.compile(
    r"(?:maximum (?:context|model|sequence|prompt) length (?:is|of)|max_model_len ?=|available context size \(|"
    r"context (?:length|window|size) (?:is|of)(?: only)?|maximum number of tokens allowed \(?|"
    r"input length should be \[1, ?|max_new_tokens` must be <=|tokens >|too large for model with)\s*(\d[\d,]*)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(?:request \((\d[\d,]*) tokens|prompt contains (?:at least )?(\d[\d,]*)|resulted in (\d[\d,]*)|"
    r"(\d[\d,]*) (?:in (?:the|your) (?:messages|prompt)|input tokens|of text input|`?inputs`? tokens)|"
    r"input token count \((\d[\d,]*)|too long: (\d[\d,]*))",
    re.IGNORECASE,
)
_REQUESTED = re.compile(r"requested (?:about )?(\d[\d,]*) tokens", re.IGNORECASE)
"""Prompt and output together, mostly: asked only where the prompt alone is not named."""


def least_room(window: int) -> int:
    """Tokens that an answer must have room for: a prompt that leaves less is too long, so that the client compacts."""
    return min(1024, window // 8)


def window_and_prompt(text: str) -> tuple[int | None, int | None]:
    """The window's size and the prompt's, as far as a text names them."""
    window = _WINDOW.search(text)
    prompt = _PROMPT.search(text) or _REQUESTED.search(text)
    return (
        _number(window.group(1)) if window else None,
        _number(next(group for group in prompt.groups() if group)) if prompt else None,
    )


def _number(digits: str) -> int:
    return int(digits.replace(",", ""))
