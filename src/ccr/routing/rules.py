"""What the user configured about routing, compiled from `Router`, `fallback` and the names of `Providers`."""

from typing import Literal

from msgspec import Struct

Effort = Literal["low", "medium", "high", "xhigh", "max"]
"""The client's effort levels, in rising order."""

RouteName = Literal[
    "default",
    "background",
    "think",
    "longContext",
    "webSearch",
    "image",
    "subagent",
    "compaction",
    "opus",
    "sonnet",
    "haiku",
]
"""The keys of `Router` that hold a target. The first six are the npm tool's; the others are additive."""


class Target(Struct, frozen=True):
    """A provider and one of its models, as configured."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider},{self.model}"


class Rules(Struct, frozen=True, kw_only=True):
    """Everything that routing decides by. Immutable; one per configuration text."""

    routes: dict[RouteName, Target] = {}
    """The configured routes. A missing key: the rule does not fire."""
    fallback: dict[RouteName, tuple[Target, ...]] = {}
    """Targets to try after the route's own, in order."""
    providers: dict[str, tuple[str, ...]] = {}
    """Provider name as configured -> its listed models, in the file's order."""
    long_context_threshold: int = 60_000
    """Input tokens above which `longContext` applies."""
    think_effort: Effort = "xhigh"
    """`output_config.effort` at or above which `think` applies."""
