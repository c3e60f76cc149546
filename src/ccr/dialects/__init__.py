"""Wire languages of backends, each a folder or file, and the registry that names them."""

from ccr.dialects.anthropic import Anthropic
from ccr.dialects.dialect import Answer, Call, Decoder, Dialect, Endpoint, Inbound, Learned, Outbound
from ccr.dialects.gemini import Gemini
from ccr.dialects.openai_chat import OpenAiChat
from ccr.dialects.openai_responses import OpenAiResponses

_ALL: tuple[Dialect, ...] = (Anthropic(), OpenAiChat(), OpenAiResponses(), Gemini())
DIALECTS = {dialect.name: dialect for dialect in _ALL}

__all__ = ["DIALECTS", "Answer", "Call", "Decoder", "Dialect", "Endpoint", "Inbound", "Learned", "Outbound"]
