"""Single providers: `deepseek`, `groq`.

Most of what the npm tool did under these names needs none: answers are read in every form, and how a provider deviates
in requests is known by its address, or by the name that stands here (`providers/catalogue.py`).
"""

import msgspec
from msgspec import Raw

from ccr.transformers.body import Body
from ccr.transformers.limits import cap
from ccr.transformers.transformer import Asked, Count, Transformer


class DeepSeek(Transformer, frozen=True):
    """Caps `max_tokens` where the option is given.

    The npm tool capped at 8192, DeepSeek's limit of 2024. It is 384 K today (api-docs.deepseek.com, "Models & Pricing",
    April 2026), and another one at each of the servers that this name is used for: a refusal tells it, and is heeded.
    """

    name = "deepseek"
    max_tokens: Count | None = None

    def on_request(self, body: Body, asked: Asked) -> None:
        cap(body, self.max_tokens)


class Groq(Transformer, frozen=True):
    """Leaves `$schema` out of the tools' schemas."""

    name = "groq"

    def on_outbound(self, body: Body, asked: Asked) -> None:
        if asked.dialect == "openai-chat" and "tools" in body:
            body.set("tools", [_without_schema(tool) for tool in body.items("tools")])


def _without_schema(tool: dict[str, Raw]) -> dict[str, object]:
    try:
        function = msgspec.json.decode(tool.get("function", b"{}"), type=dict[str, Raw])
        parameters = msgspec.json.decode(function.get("parameters", b"{}"), type=dict[str, Raw])
    except msgspec.ValidationError:
        return {**tool}
    if "$schema" not in parameters:
        return {**tool}
    del parameters["$schema"]
    return {**tool, "function": {**function, "parameters": parameters}}
