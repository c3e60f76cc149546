"""Asking a provider which models it has: `GET …/v1/models`, beside the URL that requests are posted to."""

import asyncio

import msgspec
from msgspec import Struct

from ccr.providers import Provider
from ccr.upstream.client import Client
from ccr.upstream.deadline import Deadlines
from ccr.upstream.failure import Failure
from ccr.upstream.outbound import Outbound

LIMIT = 8 * 1024 * 1024
"""Bytes of the longest list read (OpenRouter's has 0.5 MB)."""

ENDINGS = ("/chat/completions", "/messages", "/responses", "/models")
"""Of the URL, in place of which `/models` stands (Gemini's stays)."""


class NoList(Exception):
    """There is no list to be had. The text is a fragment such as `connection refused`, and holds no secret."""

    def __init__(self, reason: str, *, is_fatal: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_fatal = is_fatal
        """Requests to this provider will fail as well. False: it merely has no list."""


class Meta(Struct, frozen=True):
    """llama-server's."""

    n_ctx: int | None = None


class Model(Struct, frozen=True):
    """One entry. The window has a name of its own everywhere; it counts tokens."""

    id: str
    owned_by: str | None = None
    max_model_len: int | None = None
    """vLLM, SGLang."""
    context_length: int | None = None
    """OpenRouter, Together."""
    context_window: int | None = None
    """Groq."""
    meta: Meta | None = None

    @property
    def window(self) -> int | None:
        return (
            self.max_model_len or self.context_length or self.context_window or (self.meta.n_ctx if self.meta else None)
        )


class ModelList(Struct, frozen=True):
    data: tuple[Model, ...]

    @property
    def ids(self) -> list[str]:
        return [model.id for model in self.data]

    def find(self, name: str) -> Model | None:
        """The model that answers to a name. llama-server has one, which answers to every name."""
        if len(self.data) == 1 and self.data[0].owned_by == "llamacpp":
            return self.data[0]
        return next((model for model in self.data if model.id == name), None)

    def window(self, name: str) -> int | None:
        model = self.find(name)
        return model.window if model else None


class GeminiModel(Struct, frozen=True, rename="camel"):
    name: str
    """With `models/` before it (ai.google.dev/api/models)."""
    input_token_limit: int | None = None


class GeminiList(Struct, frozen=True):
    models: tuple[GeminiModel, ...]

    def as_models(self) -> ModelList:
        found = (
            Model(model.name.removeprefix("models/"), context_length=model.input_token_limit) for model in self.models
        )
        return ModelList(tuple(found))


def ask_alone(provider: Provider, patience: float) -> ModelList:
    """One question, from outside an event loop. Raises NoList."""

    async def question() -> ModelList:
        client = Client()
        try:
            return await ask(client, provider, patience)
        finally:
            client.close()

    return asyncio.run(question())


async def ask(client: Client, provider: Provider, patience: float) -> ModelList:
    """The provider's list; `patience`: seconds for each phase. Raises NoList."""
    outbound = list_request(provider)
    try:
        response = await client.send(outbound, Deadlines(patience, patience, patience), provider.proxy)
        body = await response.read_all(LIMIT)
    except Failure as failure:
        raise NoList(failure.message, is_fatal=True) from None
    if response.status in (401, 403):
        raise NoList(f"it refuses our key (status {response.status})", is_fatal=True)
    if response.status != 200:
        raise NoList(f"it has no model list (status {response.status})", is_fatal=response.status >= 500)
    try:
        if provider.dialect == "gemini":
            return msgspec.json.decode(body, type=GeminiList, strict=False).as_models()
        return msgspec.json.decode(body, type=ModelList, strict=False)
    except msgspec.DecodeError:
        raise NoList("its answer is not a model list", is_fatal=False) from None


def list_request(provider: Provider) -> Outbound:
    """Raises NoList when the URL does not tell where the list is."""
    path, _, query = provider.url.partition("?")
    ending = next((ending for ending in ENDINGS if path.rstrip("/").endswith(ending)), None)
    if ending is None:
        raise NoList("its URL does not tell where its model list is", is_fatal=False)
    queries = [query] if query else []
    if provider.dialect == "anthropic":
        queries.append("limit=1000")
    if provider.dialect == "gemini":
        queries.append("pageSize=1000")
    url = path.rstrip("/").removesuffix(ending) + "/models" + ("?" + "&".join(queries) if queries else "")
    return Outbound(
        "GET", url, (("accept", "application/json"), *credentials(provider), *provider.headers.items()), b""
    )


def credentials(provider: Provider) -> list[tuple[str, str]]:
    """As the provider's dialect has them."""
    if provider.dialect == "gemini":
        return [("x-goog-api-key", provider.api_key)] if provider.api_key else []
    version = [("anthropic-version", "2023-06-01")] if provider.dialect == "anthropic" else []
    if not provider.api_key:
        return version
    if provider.dialect == "anthropic" and not provider.use_bearer:
        return [*version, ("x-api-key", provider.api_key)]
    return [*version, ("authorization", f"Bearer {provider.api_key}")]
