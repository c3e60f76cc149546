"""The signature of thinking that was not made by Anthropic.

The client sends thinking back with its signature. Ours says under which field name the backend had sent the reasoning,
so that it goes back under the same name, with no memory on our side; and an Anthropic backend is never sent it.
"""

PREFIX = "ccr-thinking-v1:"
FIELDS = ("reasoning_content", "reasoning")
"""Names in use: DeepSeek, SGLang, llama.cpp and older vLLM; OpenRouter, Ollama, Groq and current vLLM."""


def sign(field: str) -> str:
    return PREFIX + field


def field_of(signature: str) -> str:
    """The name that the reasoning goes back under; the most widely read one for thinking of another origin."""
    name = signature.removeprefix(PREFIX)
    return name if signature.startswith(PREFIX) and name in FIELDS else FIELDS[0]
