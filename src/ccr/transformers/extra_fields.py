"""Fields of the user's own in the body that goes out: `customparams`, `openrouter`, `vercel`."""

from typing import Any

from msgspec import field

from ccr.transformers.body import Body
from ccr.transformers.transformer import Asked, Transformer

Fields = dict[str, Any]


class CustomParams(Transformer, frozen=True):
    """Adds fields that the body does not have, also inside objects; what is there stays."""

    name = "customparams"
    takes_anything = True
    fields: Fields = field(default_factory=dict)

    def on_outbound(self, body: Body, asked: Asked) -> None:
        for name, value in self.fields.items():
            if name not in body:
                body.set(name, value)
            elif isinstance(value, dict) and isinstance(there := body.get(name), dict):
                body.set(name, _completed(there, value))


def _completed(there: Fields, more: Fields) -> Fields:
    """`there`, with what only `more` has."""
    both = {
        name: _completed(value, more[name]) if isinstance(value, dict) and isinstance(more.get(name), dict) else value
        for name, value in there.items()
    }
    return {**more, **both}


class OpenRouter(Transformer, frozen=True):
    """Options become fields of the body, such as `provider: {only: […]}`; what is there is replaced."""

    name = "openrouter"
    takes_anything = True
    fields: Fields = field(default_factory=dict)

    def on_outbound(self, body: Body, asked: Asked) -> None:
        for name, value in self.fields.items():
            body.set(name, value)


class Vercel(OpenRouter, frozen=True):
    """The same for Vercel's AI gateway, such as `providerOptions: {…}`."""

    name = "vercel"
