"""How servers say that a prompt is longer than the window, and the numbers that they name.

The wordings come from the servers' sources and from public issue threads; tests/dialects/test_refusals.py quotes them.
"""

import re

from msgspec import Struct

_OVERFLOW = re.compile(
    "|".join(
        (
            r"prompt (?:is )?too long|prompt_too_long",  # Anthropic, Fireworks, Ollama, oMLX
            r"context[_ ]length[_ ]exceeded|context ?window ?exceeded",  # OpenAI and many others; LiteLLM
            # OpenAI, SGLang and Together, LM Studio
            r"(?:exceeds|longer than|greater than) the (?:model's )?context (?:window|length)",
            r"context the overflows",  # LM Studio
            r"context window exceeds limit",  # MiniMax
            r"model_context_window_exceeded|prompt exceeds max length",  # Z.AI
            r"exceeded model token limit",  # Moonshot
            r"exceed_context_size|exceeds the available context size",  # llama.cpp
            r"exceed(?:s|ed)? (?:the )?(?:max(?:imum)? )?context l(?:ength|imit)",  # Ollama, Bedrock
            # vLLM, SGLang, xAI, DeepInfra, TensorRT-LLM
            r"maximum (?:context|model|prompt|input|allowed input) length",
            r"input length .{0,60}exceeds|input is too long|input prompt .{0,40}is too long",  # SGLang, Bedrock, vLLM
            r"exceeds this limit even without any output",  # vLLM
            r"exceed(?:s|ed)? (?:the )?max_model_len|(?:exceed|less than) max_seq_len",  # vLLM, TensorRT, SiliconFlow
            r"exceeds the maximum number of (?:input )?tokens",  # Gemini, Bedrock
            r"too many input tokens|too many tokens: total",  # Bedrock, Cohere
            r"input tokens exceed the configured limit",  # OpenAI, Azure
            r"prompt token count of \d+ exceeds",  # GitHub Copilot
            r"must have less than \d+ tokens",  # TGI
            r"too large for model with \d+",  # Mistral
            r"configured context size is",  # ds4
            # Groq, Cerebras, SambaNova, OpenRouter
            r"reduce the length of (?:the |either )?(?:messages|input|prompt|one)",
            r"range of input length should be|message token length exceed",  # DashScope
            r"exceed max message tokens",  # Volcengine
        )
    )
)
_OUTPUT_ONLY = re.compile(r"max_(?:completion_|new_|output_)?tokens")
_OF_THE_PROMPT = re.compile(r"prompt|input|message")

_N = r"(\d[\d,]*)"
_WINDOW = re.compile(
    r"(?:maximum (?:allowed )?(?:context |model |sequence |prompt |input )?length(?: of \S+ is|s? is| of|:)? ?\(?|"
    r"max_model_len(?: of| ?=)? ?\(?|max_seq_len \(|available context size \(|"
    r"context (?:length|window|size|limit) (?:is|of|\()(?: ?only)? ?|maximum number of tokens allowed \(?|"
    r"input length should be \[1, ?|max_new_tokens` must be <= ?|tokens > ?|exceed context limit: \d+ \+ \d+ > |"
    r"too large for model with |configured limit of |tokens\) is too long and exceeds limit of |"
    r"prompt token count of \d+ exceeds the limit of |while limit is |model token limit: |must have less than |"
    r"max input tokens: |prompt cannot exceed |exceed model limit \()" + _N
)
_PROMPT = re.compile(
    rf"(?:request \({_N} tokens|prompt contains {_N}|resulted in {_N}|"
    rf"{_N} (?:in (?:the|your) (?:messages|prompt)|input tokens|of text input|`?inputs`? tokens|tokens from the input)|"
    rf"input token count:? \(?{_N}|too long: {_N}|input \({_N} tokens|input length \(?{_N}|input prompt \({_N}|"
    rf"prompt \(length {_N}|prompt length(?: of)? \(?{_N}|prompt has {_N}|request contains {_N} tokens|"
    rf"current length is {_N}|prompt token count of {_N}|given: {_N}|received {_N}|"
    rf"prompt_tokens \({_N}|exceed context limit: {_N} \+)"
)
_AT_LEAST = re.compile(rf"prompt contains at least {_N}")
_TOTAL = re.compile(rf"requested (?:about |a total of )?{_N} tokens|will take {_N} tokens|requested: {_N}\)")


class Numbers(Struct, frozen=True):
    """What a refusal says of sizes, in tokens. None: it does not say."""

    window: int | None = None
    prompt: int | None = None
    is_lower_bound: bool = False
    """The prompt is at least as long: vLLM says no more than that what was asked for does not fit."""
    is_from_total: bool = False
    """Only prompt and output together are named; the prompt is what is left when the output is taken off."""

    @property
    def is_overflow(self) -> bool | None:
        """Whether the prompt leaves no room for an answer; None: the numbers do not tell."""
        if self.window is None or self.prompt is None:
            return None
        if self.prompt + least_room(self.window) > self.window:
            return True
        return None if self.is_lower_bound or self.is_from_total else False


def says_overflow(text: str) -> bool:
    """Whether a lower-case text says that the prompt is too long. One that speaks of the output alone does not."""
    if _OUTPUT_ONLY.search(text) and not _OF_THE_PROMPT.search(text):
        return False
    return _OVERFLOW.search(text) is not None


def leaves_nothing(text: str) -> bool:
    """vLLM before 0.9 computed a `max_tokens` of its own and refused it: what remains of the window is negative."""
    return "must be at least 1, got -" in text


def least_room(window: int) -> int:
    """Tokens that an answer must have room for: a prompt that leaves less is too long, so that the client compacts."""
    return min(1024, window // 8)


def numbers_in(text: str, output: int | None) -> Numbers:
    """The sizes that a lower-case text names. `output`: the tokens asked for, part of the totals that some name."""
    window = _first(_WINDOW, text)
    at_least = _first(_AT_LEAST, text)
    if at_least is not None:
        return Numbers(window, at_least, is_lower_bound=True)
    prompt = _first(_PROMPT, text)
    if prompt is not None:
        return Numbers(window, prompt)
    total = _first(_TOTAL, text)
    if total is None:
        return Numbers(window)
    return Numbers(window, total - output if output and total > output else total, is_from_total=True)


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    digits = next((group for group in found.groups() if group), "") if found else ""
    return int(digits.replace(",", "")) if digits and len(digits) < 16 else None
