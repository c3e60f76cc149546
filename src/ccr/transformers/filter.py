"""What stands between a dialect's decoder and the client: events in, events out."""

from typing import Protocol

from ccr.messages.events import Event


class Filter(Protocol):
    """One answer's events, batch by batch, in order, legal by `messages/grammar.py` before and after.

    The end comes in-band: `MessageStop` or `Failed` is the last event of the last batch, so whatever was held back
    leaves before it. A filter that adds, splits or removes blocks numbers them anew; one that adds a tool call to an
    answer without one corrects the stop reason.

    A filter may have more, so that it costs nothing where there is nothing to do: `is_idle` and `concerns` ask for it.
    """

    def feed(self, events: list[Event]) -> list[Event]: ...


def is_idle(one: Filter) -> bool:
    """Its attribute `idle`: from now on every event would pass as it is. Without one: never."""
    return bool(getattr(one, "idle", False))


def concerns(one: Filter, body: bytes) -> bool:
    """Its method `concerns`: whether it might change an answer that came in one piece, as JSON. Without one: always."""
    ask = getattr(one, "concerns", None)
    return ask is None or bool(ask(body))
