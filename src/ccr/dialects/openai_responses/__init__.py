"""OpenAI Responses: OpenAI's own newer language, which vLLM, llama.cpp, OpenRouter and others serve too."""

from ccr.dialects.openai_responses.call import OpenAiResponses

__all__ = ["OpenAiResponses"]
