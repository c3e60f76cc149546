"""The wire structs of an answer (ai.google.dev/api/generate-content#GenerateContentResponse), streamed or whole.

Only the fields that are used; texts and arguments stay JSON.
"""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ccr.messages.events import Usage
from ccr.messages.request import mend_text


class FunctionCall(Struct, gc=False, rename="camel"):
    name: str = ""
    id: str | None = None
    args: Raw | UnsetType = UNSET


class Part(Struct, gc=False, rename="camel"):
    text: Raw | UnsetType = UNSET
    """A JSON string literal."""
    thought: bool = False
    thought_signature: str | None = None
    function_call: FunctionCall | None = None


class Content(Struct, gc=False):
    parts: list[Part] | None = None


class Web(Struct, gc=False):
    uri: str = ""
    title: str = ""


class GroundingChunk(Struct, gc=False):
    web: Web | None = None


class GroundingMetadata(Struct, gc=False, rename="camel"):
    grounding_chunks: list[GroundingChunk] | None = None

    @property
    def pages(self) -> list[Web]:
        return [chunk.web for chunk in self.grounding_chunks or [] if chunk.web and chunk.web.uri]


class Candidate(Struct, gc=False, rename="camel"):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    """Why it ended in an unusual way."""
    grounding_metadata: GroundingMetadata | None = None


class PromptFeedback(Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class UsageMetadata(Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None
    """The whole prompt, what came from the cache included."""
    tool_use_prompt_token_count: int | None = None
    """What Google's own tools (its search) added to the prompt; not in the count above."""
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None

    def as_messages(self) -> Usage:
        """The counts of the Messages API: input without what came from the cache, output with the thoughts."""
        cached = self.cached_content_token_count
        candidates, thoughts = self.candidates_token_count, self.thoughts_token_count
        output = None if candidates is None and thoughts is None else (candidates or 0) + (thoughts or 0)
        if self.prompt_token_count is None:
            return Usage(output_tokens=output)
        prompt = self.prompt_token_count + (self.tool_use_prompt_token_count or 0)
        return Usage(input_tokens=max(0, prompt - (cached or 0)), cache_read_input_tokens=cached, output_tokens=output)


class Response(Struct, gc=False, rename="camel"):
    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    error: Raw | UnsetType = UNSET


_RESPONSE = msgspec.json.Decoder(Response)
_RESPONSES = msgspec.json.Decoder(list[Response])


def decode_responses(data: bytes) -> list[Response]:
    """One response, or several in an array (a stream that was not asked for as events).

    Raises msgspec.DecodeError when it is neither.
    """
    decode = _RESPONSES.decode if data.lstrip()[:1] == b"[" else _one
    try:
        return decode(data)
    except UnicodeDecodeError:
        return decode(mend_text(data))
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None


def _one(data: bytes) -> list[Response]:
    return [_RESPONSE.decode(data)]
