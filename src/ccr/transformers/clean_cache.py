"""`cleancache`: no cache marks in the request. Only an Anthropic endpoint is ever sent any."""

from ccr.transformers.body import Body
from ccr.transformers.transformer import Asked, Transformer

MARK = "cache_control"


class CleanCache(Transformer, frozen=True):
    """Takes `cache_control` out of the system prompt, the tools and the messages."""

    name = "cleancache"

    def on_request(self, body: Body, asked: Asked) -> None:
        body.remove(MARK)
        for name in ("system", "tools", "messages"):
            if b'"cache_control"' in body.raw(name):
                body.set(name, _cleaned(body.get(name), inside=name))


def _cleaned(value: object, inside: str) -> object:
    """Without marks, except in what is data: arguments of calls, schemas."""
    if isinstance(value, list):
        return [_cleaned(item, inside) for item in value]
    if isinstance(value, dict) and inside not in ("input", "input_schema"):
        return {name: _cleaned(item, name) for name, item in value.items() if name != MARK}
    return value
