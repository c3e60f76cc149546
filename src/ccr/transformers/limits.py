"""Limits and sampling: `maxtoken`, `maxcompletiontokens`, `sampling`."""

from ccr.transformers.body import Body
from ccr.transformers.transformer import Asked, Count, Number, Transformer


class MaxToken(Transformer, frozen=True):
    """Caps `max_tokens`."""

    name = "maxtoken"
    max_tokens: Count | None = None

    @property
    def without_effect(self) -> str:
        return "" if self.max_tokens else 'has no effect without its option: ["maxtoken", {"max_tokens": 8192}]'

    def on_request(self, body: Body, asked: Asked) -> None:
        cap(body, self.max_tokens)


class MaxCompletionTokens(Transformer, frozen=True):
    """Sends the limit as `max_completion_tokens`, from the first request on (else it is learned from a refusal)."""

    name = "maxcompletiontokens"

    def on_outbound(self, body: Body, asked: Asked) -> None:
        if asked.dialect == "openai-chat":
            body.rename("max_tokens", "max_completion_tokens")


class Sampling(Transformer, frozen=True):
    """Overrides the client's sampling; caps `max_tokens`."""

    name = "sampling"
    max_tokens: Count | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    top_k: Count | None = None
    repetition_penalty: Number | None = None

    @property
    def without_effect(self) -> str:
        given = any(getattr(self, name) is not None for name in self.__struct_fields__)
        return "" if given else 'has no effect without options: ["sampling", {"temperature": 0.7}]'

    def on_request(self, body: Body, asked: Asked) -> None:
        cap(body, self.max_tokens)
        for name in ("temperature", "top_p", "top_k"):
            if getattr(self, name) is not None:
                body.set(name, getattr(self, name))

    def on_outbound(self, body: Body, asked: Asked) -> None:
        # No word of the Messages API: it joins the body that goes out. Gemini and OpenAI responses refuse it.
        if self.repetition_penalty is not None and asked.dialect in ("openai-chat", "anthropic"):
            body.set("repetition_penalty", self.repetition_penalty)


def cap(body: Body, limit: int | None) -> None:
    """Lower `max_tokens` to the limit. It is never raised, nor set where the client did not."""
    wanted = body.get("max_tokens")
    if limit is not None and isinstance(wanted, int) and wanted > limit:
        body.set("max_tokens", limit)
