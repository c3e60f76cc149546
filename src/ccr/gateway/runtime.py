"""What lives longer than a request and survives a new configuration: connections, what was learned, sessions, counters.

All of it is a hint that makes answers better; none of it is needed for a right one.
"""

import time
from collections import OrderedDict

from msgspec import Struct, field

from ccr.dialects import Learned
from ccr.providers import Provider
from ccr.routing.rules import Target
from ccr.upstream.client import Client

MOST_SESSIONS = 10_000
MOST_MODELS = 10_000


class Session(Struct):
    """What is remembered of one conversation (session and agent)."""

    target: Target | None = None
    """Where it ran last."""
    input_tokens: int = 0
    """What its last answer reported."""


class Sessions:
    """A bounded memory, least recently used out first."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._most = most
        self._sessions: OrderedDict[tuple[str, str], Session] = OrderedDict()

    def get(self, session: str, agent: str) -> Session | None:
        return self._sessions.get((session, agent))

    def put(self, session: str, agent: str, value: Session) -> None:
        if not session:
            return
        self._sessions[session, agent] = value
        self._sessions.move_to_end((session, agent))
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)


class Counters(Struct):
    requests: int = 0
    """Requests for messages so far, however they ended."""


class Runtime(Struct):
    client: Client
    home: str = ""
    """Whose router this is (`identity.home_digest`)."""
    sessions: Sessions = field(default_factory=Sessions)
    counters: Counters = field(default_factory=Counters)
    started: float = field(default_factory=time.time)
    models: dict[tuple[str, str], Learned] = field(default_factory=dict)

    def learned(self, provider: Provider, model: str) -> Learned:
        """What was learned of a model at an endpoint."""
        key = (provider.url, model)
        known = self.models.get(key)
        if known is None:
            if len(self.models) >= MOST_MODELS:  # model names come from clients
                self.models.clear()
            known = self.models[key] = Learned()
        return known
