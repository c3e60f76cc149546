"""What stands between a dialect's decoder and the client: events in, events out."""

from typing import Protocol

from ccr.messages.events import Event


class Filter(Protocol):
    """One answer's events, batch by batch, in order, legal by `messages/grammar.py` before and after.

    The end comes in-band: `MessageStop` or `Failed` is the last event of the last batch, so whatever was held back
    leaves before it. A filter that adds, splits or removes blocks numbers them anew; one that adds a tool call to an
    answer without one corrects the stop reason.

    `idle` (an attribute; absent: never) says that from now on every event would pass as it is: it is asked no more.
    """

    def feed(self, events: list[Event]) -> list[Event]: ...
