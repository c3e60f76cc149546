"""What a transformer is: its options, and what it does to a request and to the answer."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from ccr.messages.request import MessagesRequest
from ccr.transformers.body import Body
from ccr.transformers.filter import Filter

Count = Annotated[int, Meta(ge=1, le=2**53, extra={"is": "a whole number above 0"})]
Number = Annotated[float, Meta(ge=0, extra={"is": "a number, 0 or above"})]
Switch = Annotated[bool, Meta(extra={"is": "true or false"})]
Text = Annotated[str, Meta(extra={"is": "a text in quotes"})]


class Asked(Struct, frozen=True, kw_only=True):
    """The request that is being transformed, and where it goes."""

    request: MessagesRequest
    model: str
    """As the backend calls it."""
    dialect: str
    signature: str
    """Of thinking that a filter finds in a text."""


class Transformer(Struct, frozen=True):
    """The fields are the options as `config.json` spells them, each with a default.

    A kind overrides the hooks that it needs; the others are never called. Hooks are pure: the same request gives the
    same bytes, and a growing conversation only appends to them.
    """

    name: ClassVar[str] = ""
    """As it is written in `config.json`, where case does not matter."""
    takes_anything: ClassVar[bool] = False
    """All options go into the first field, whatever their names."""
    later: ClassVar[str] = ""
    """What is not there yet. Empty: nothing."""

    @property
    def without_effect(self) -> str:
        """What is missing for it to do anything. Empty: nothing."""
        return ""

    def on_request(self, body: Body, asked: Asked) -> None:
        """Change the client's request, before it is translated or passed on."""

    def on_outbound(self, body: Body, asked: Asked) -> None:
        """Change the JSON that goes to the backend. `asked` holds the request as `on_request` left it."""

    def filter(self, asked: Asked) -> Filter | None:
        """A new filter for the answer. None: this answer needs none."""
        return None


class Chain(Struct, frozen=True):
    """The transformers of one model, sorted by hook once, when the configuration is read."""

    transformers: tuple[Transformer, ...] = ()
    """In the order of the file: those of the provider, then those of the model."""
    on_request: tuple[Transformer, ...] = ()
    on_outbound: tuple[Transformer, ...] = ()
    filters: tuple[Transformer, ...] = ()
    """In reverse: the last to change the request is the first to see the answer."""


def chain(*transformers: Transformer) -> Chain:
    return Chain(
        transformers,
        tuple(one for one in transformers if type(one).on_request is not Transformer.on_request),
        tuple(one for one in transformers if type(one).on_outbound is not Transformer.on_outbound),
        tuple(one for one in reversed(transformers) if type(one).filter is not Transformer.filter),
    )
