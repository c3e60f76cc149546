"""How much the routed model can read. The client is told, for of a name it does not know it assumes far too much."""

import threading

from ccr.config import Snapshot
from ccr.providers import Provider

BUDGET = 1.5
"""Seconds that a start of Claude Code may wait for a provider's word."""


def main_model(snapshot: Snapshot) -> tuple[Provider, str] | None:
    """Where a long conversation ends: the longContext route if there is one, else the default."""
    target = snapshot.rules.routes.get("longContext") or snapshot.rules.routes.get("default")
    provider = snapshot.providers.get(target.provider.lower()) if target else None
    return (provider, target.model) if provider and target else None


def configured_window(snapshot: Snapshot) -> int | None:
    """Tokens, as the configuration says; None: it does not."""
    main = main_model(snapshot)
    limits = main[0].limits.get(main[1]) if main else None
    return limits.context_window if limits else None


def known_window(snapshot: Snapshot) -> int | None:
    """The same, else what the provider itself says of its model within the budget; None: nobody knows."""
    main = main_model(snapshot)
    window = configured_window(snapshot)
    if main is None or window is not None or main[0].dialect == "anthropic":
        return window
    return asked_window(*main)


def asked_window(provider: Provider, model: str) -> int | None:
    """Asked in a thread of its own: a name server that does not answer could hold an event loop beyond the budget."""
    from ccr.cli.model_list import NoList, ask_alone  # asyncio: only when somebody must be asked

    heard: list[int | None] = []

    def listen() -> None:
        try:
            heard.append(ask_alone(provider, BUDGET).window(model))
        except NoList:
            heard.append(None)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    thread.join(BUDGET)
    return heard[0] if heard else None
