"""OpenAI chat completions: the language of vLLM, llama.cpp, Ollama, OpenRouter, DeepSeek and many others."""

from ccr.dialects.openai_chat.call import OpenAiChat

__all__ = ["OpenAiChat"]
