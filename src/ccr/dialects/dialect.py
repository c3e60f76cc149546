"""What a wire language offers the gateway: pure functions for documents, `feed`/`finish` machines for streams.

A dialect knows nothing of sockets, routes or configuration: it is handed an `Endpoint` and gives plain values.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct, field

from ccr.errors import UpstreamError
from ccr.messages.estimate import Correction
from ccr.messages.events import Event, StopReason, Usage, WireEvent
from ccr.messages.request import MessagesRequest


class Learned(Struct):
    """What the answers of one model have taught. A hint that lives as long as the process."""

    omit: set[str] = field(default_factory=set)
    """Optional request fields that it refused by name."""
    context_window: int | None = None
    max_output_tokens: int | None = None
    images: bool = True
    """False: it refused images."""
    files: bool = True
    """False: it refused PDF files."""
    correction: Correction = field(default_factory=Correction)
    """Of the token estimates."""
    max_completion_tokens: bool = False
    """True: it wants `max_completion_tokens` instead of `max_tokens`."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where a call goes, and what is known of the model there."""

    name: str
    """The provider's name, for error texts."""
    url: str
    api_key: str = ""
    use_bearer: bool = False
    headers: dict[str, str] = {}
    context_window: int | None = None
    max_output_tokens: int | None = None
    flags: frozenset[str] = frozenset()
    """Names of its deviations, as its dialect knows them."""
    learned: Learned = field(default_factory=Learned)


class Inbound(Struct, frozen=True, kw_only=True):
    """The client's request as it came in, and decoded."""

    request: MessagesRequest
    body: bytes
    headers: dict[str, str] = {}
    """Lower-case names."""
    query: str = ""
    tokens: int = 1
    """Estimated input tokens, uncorrected."""
    message_id: str = "msg_0"
    """The id that a translated answer carries; unique."""


class Outbound(Struct, frozen=True):
    """One HTTP POST."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    method: str = "POST"


class Answer(Struct, frozen=True):
    """A whole answer in the Messages API's form."""

    body: bytes
    tell: Callable[[], list[WireEvent]]
    """The same as a stream, for a client that asked for one."""
    usage: Usage = Usage()
    stop_reason: StopReason | None = None


class Decoder(Protocol):
    """A streamed answer: bytes of the backend in, events out. The shape of zlib.decompressobj."""

    @property
    def content_begun(self) -> bool:
        """The first content block is among the events given so far: the answer can't be taken back."""
        ...

    @property
    def finished(self) -> bool:
        """The backend has said that the message is complete (its end mark was seen)."""
        ...

    @property
    def ended(self) -> bool:
        """The last event has been given; what still comes is passed over."""
        ...

    @property
    def usage(self) -> Usage:
        """What the backend has reported so far."""
        ...

    @property
    def stop_reason(self) -> StopReason | None: ...

    def feed(self, data: bytes) -> list[Event]: ...

    def finish(self) -> list[Event]:
        """The body has ended (or broke off): a legal end after the end mark, else `Failed`. Never an invented end."""
        ...


class Call(Protocol):
    """One attempt at one target."""

    @property
    def outbound(self) -> Outbound: ...

    def answer(self, body: bytes) -> Answer:
        """A whole answer of status 200. Raises UpstreamError when it is none."""
        ...

    def decoder(self) -> Decoder: ...

    def error(self, status: int, headers: dict[str, str], body: bytes) -> UpstreamError:
        """An answer that is not 2xx. `retry="same"` when the endpoint's `learned` now holds what will cure it."""
        ...

    def passes_header(self, name: str) -> bool:
        """Whether this header of the answer (lower-case name) goes on to the client."""
        ...


class Dialect(Protocol):
    @property
    def name(self) -> str: ...

    def call(self, inbound: Inbound, model: str, endpoint: Endpoint) -> Call: ...
