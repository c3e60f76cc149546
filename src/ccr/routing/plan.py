"""Who answers a request: the table of rules, in order, and the targets to try.

With none of the additive routes set (subagent, compaction, opus, sonnet, haiku) it is the npm tool's order.
"""

from collections.abc import Callable
from typing import get_args

from msgspec import Struct

from ccr.errors import ClientError
from ccr.routing.facts import Facts
from ccr.routing.rules import Effort, RouteName, Rules, Target
from ccr.routing.targets import UnknownProvider, find_target

LONG_SESSION_TOKENS = 20_000
"""A session that was long before stays on longContext for requests above this size."""

EFFORTS: tuple[str, ...] = get_args(Effort)
TIERS: tuple[RouteName, ...] = ("opus", "sonnet", "haiku")


class Decision(Struct, frozen=True):
    """One rule that fired."""

    route: str
    """A route's name, or `explicit`."""
    target: Target
    reason: str


class Plan(Struct, frozen=True, kw_only=True):
    """The targets of a request in the order of trying, and why."""

    route: str
    reason: str
    targets: tuple[Target, ...]


Rule = Callable[[Facts, Rules, Target | None], Decision | None]
"""(facts, rules, where this conversation ran last) -> a decision, or None when the rule does not apply."""


def make_plan(facts: Facts, rules: Rules, last: Target | None = None) -> Plan:
    """The first rule that fires decides. Raises ClientError when none does, or when the model named is not there."""
    for rule in TABLE.values():
        decision = rule(facts, rules, last)
        if decision is not None:
            fallbacks = _fallbacks(decision.route, rules)
            targets = dict.fromkeys((decision.target, *fallbacks))
            return Plan(route=decision.route, reason=decision.reason, targets=tuple(targets))
    if not rules.providers:
        raise ClientError("invalid_request_error", "No provider is configured: add one to Providers in config.json.")
    raise ClientError(
        "invalid_request_error",
        "No route for this request: set Router.default in config.json to a target such as "
        f'"{_example(rules)}", or ask for a model as provider,model.',
    )


def _image(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    if facts.has_new_image:
        return _route("image", "the newest message shows an image", rules)
    return None


def _explicit(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    target = _find(facts.model, rules)
    return Decision("explicit", target, f"the client asked for {facts.model}") if target else None


def _compaction(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    if not facts.is_compaction:
        return None
    if last is not None and "compaction" not in rules.routes:
        return Decision("compaction", last, "a compaction goes where the conversation ran last")
    return _route("compaction", "a compaction request", rules)


def _long_context(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    threshold = rules.long_context_threshold
    if facts.tokens > threshold:
        return _route("longContext", f"about {facts.tokens} input tokens are more than {threshold}", rules)
    if facts.last_input_tokens > threshold and facts.tokens > LONG_SESSION_TOKENS:
        reason = f"the session's last request had {facts.last_input_tokens} input tokens, more than {threshold}"
        return _route("longContext", reason, rules)
    return None


def _subagent_tag(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    if not facts.subagent_model:
        return None
    target = _find(facts.subagent_model, rules)
    if target is None:
        raise ClientError(
            "not_found_error",
            f"The subagent's tag asks for {facts.subagent_model!r}, which is not of the form provider,model.",
        )
    return Decision("subagent", target, f"the subagent's tag asks for {facts.subagent_model}")


def _background(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    model = facts.model.lower()
    if "claude" in model and "haiku" in model:
        return _route("background", f"{facts.model} is a background model", rules)
    if facts.request_class == "auxiliary" and not facts.has_web_search:
        return _route("background", "the client calls it auxiliary", rules)
    if facts.is_title:
        return _route("background", "a title request", rules)
    return None


def _subagent(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    return _route("subagent", "a subagent's request", rules) if facts.is_subagent else None


def _web_search(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    return _route("webSearch", "it offers the web_search tool", rules) if facts.has_web_search else None


def _think(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    """`adaptive` is on in every request of today's client: a budget, or a high effort, is what asks for thought."""
    if facts.thinking == "disabled":
        return None
    if facts.thinking == "enabled" and facts.thinking_budget > 0:
        return _route("think", f"thinking is enabled with a budget of {facts.thinking_budget} tokens", rules)
    if facts.effort in EFFORTS and EFFORTS.index(facts.effort) >= EFFORTS.index(rules.think_effort):
        return _route("think", f"effort {facts.effort} is at or above {rules.think_effort}", rules)
    return None


def _tier(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    for tier in TIERS:
        if tier in facts.model.lower() and tier in rules.routes:
            return _route(tier, f"{facts.model} is of the tier {tier}", rules)
    return None


def _default(facts: Facts, rules: Rules, last: Target | None) -> Decision | None:
    return _route("default", "no other rule applies", rules)


TABLE: dict[str, Rule] = {
    "image": _image,
    "explicit": _explicit,
    "compaction": _compaction,
    "longContext": _long_context,
    "subagent tag": _subagent_tag,
    "background": _background,
    "subagent": _subagent,
    "webSearch": _web_search,
    "think": _think,
    "tier": _tier,
    "default": _default,
}
"""The order of the rules. `docs/routing.md` shows the same table; a test keeps them equal."""


def _route(name: RouteName, reason: str, rules: Rules) -> Decision | None:
    target = rules.routes.get(name)
    return Decision(name, target, reason) if target else None


def _find(name: str, rules: Rules) -> Target | None:
    try:
        return find_target(name, rules.providers)
    except UnknownProvider as unknown:
        known = ", ".join(rules.providers) or "none"
        raise ClientError(
            "not_found_error", f"Provider {str(unknown)!r} of model {name!r} is not configured (configured: {known})."
        ) from None


def _fallbacks(route: str, rules: Rules) -> tuple[Target, ...]:
    """The route's own list. Routes that the npm tool had no list for use the one of `default`."""
    for name, targets in rules.fallback.items():
        if name == route:
            return targets
    if route in ("background", "think", "longContext", "webSearch"):
        return ()
    return rules.fallback.get("default", ())


def _example(rules: Rules) -> str:
    provider, models = next(iter(rules.providers.items()))
    return str(Target(provider, models[0] if models else "model"))
