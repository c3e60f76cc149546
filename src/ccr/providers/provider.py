from typing import Literal

from msgspec import Struct

from ccr.transformers import Chain

DialectName = Literal["anthropic", "openai-chat", "gemini", "openai-responses"]
"""The wire language of an endpoint."""


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """How long each phase of an attempt may take, in seconds."""

    connect: float = 10.0
    """DNS, TCP and TLS together."""
    first_token: float = 600.0
    """From the request's last byte to the first content of the answer."""
    idle: float = 180.0
    """Between two reads once content has begun."""


class ModelLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one model. None: not known (never guessed)."""

    context_window: int | None = None
    """Tokens of prompt and answer together."""
    max_output_tokens: int | None = None
    """Tokens of the answer."""


class Provider(Struct, frozen=True, kw_only=True):
    """One endpoint of the configuration. Its `repr` shows neither key nor URL, headers, proxy (they may hold one)."""

    name: str
    """As the user wrote it; compared without regard to case."""
    url: str
    """The full URL that requests are posted to."""
    dialect: DialectName
    models: tuple[str, ...] = ()
    api_key: str = ""
    """Empty: no Authorization header is sent."""
    use_bearer: bool = False
    """Anthropic dialect: send the key as `Authorization: Bearer` instead of `x-api-key` (option `UseBearer`)."""
    headers: dict[str, str] = {}
    """Extra request headers of the user's."""
    hints: tuple[str, ...] = ()
    """Names of its transformers: they tell the vendor where the address tells none."""
    transformers: Chain = Chain()
    transformers_of_models: dict[str, Chain] = {}
    """Of models that have further ones: all of them, the provider's first."""
    flags: tuple[str, ...] = ()
    """The user's word on its deviations: names of flags, with `-` before those that it has not."""
    proxy: str = ""
    """`http://[user:password@]host:port` of an HTTP proxy; empty: none. NO_PROXY has been applied."""
    timeouts: Timeouts = Timeouts()
    limits: dict[str, ModelLimits] = {}
    """By model name."""

    def transformers_of(self, model: str) -> Chain:
        return self.transformers_of_models.get(model, self.transformers)

    def hints_of(self, model: str) -> tuple[str, ...]:
        """Names that tell the vendor of a model."""
        further = self.transformers_of_models.get(model)
        return self.hints if further is None else tuple([one.name for one in further.transformers])

    def __repr__(self) -> str:
        return f"Provider({self.name!r}, {self.dialect!r})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("name", self.name), ("dialect", self.dialect)]
