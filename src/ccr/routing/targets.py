"""Finding a target by the name a user wrote: `provider,model`, `provider/model`, `claude/provider/model`; any case."""

from collections.abc import Iterator, Mapping

from ccr.routing.rules import Target

LISTED_PREFIX = "claude/"
"""Ids of `GET /v1/models` begin with it: the client shows only models whose id has `claude` in it."""

Providers = Mapping[str, tuple[str, ...]]
"""Provider name as configured -> its models."""


class UnknownProvider(LookupError):
    """`provider,model` names a provider that is not configured."""


def find_target(name: str, providers: Providers) -> Target | None:
    """The target that a model name means; None when it names none (an ordinary model id).

    Raises UnknownProvider for `provider,model` with a provider that is not configured. Names are repaired to the
    configured spelling; a model that the provider does not list is taken as it is.
    """
    if "," in name:
        provider, _, model = (part.strip() for part in name.partition(","))
        known = _spelling(provider, providers)
        if known is None or not model:
            raise UnknownProvider(provider)
        return Target(known, _model(model, providers[known]))
    found = list(_by_slash(name, providers))
    return next((target for target in found if target.model in providers[target.provider]), found[0] if found else None)


def _by_slash(name: str, providers: Providers) -> Iterator[Target]:
    """Every way to read the name, as a listed id first: a provider may be called `claude`, or `a` beside `a/b`."""
    if name.lower().startswith(LISTED_PREFIX):
        yield from _by_head(name[len(LISTED_PREFIX) :], providers)
    yield from _by_head(name, providers)


def _by_head(name: str, providers: Providers) -> Iterator[Target]:
    lower = name.lower()
    for known in sorted(providers, key=len, reverse=True):
        head = known.lower() + "/"
        if lower.startswith(head) and len(name) > len(head):
            yield Target(known, _model(name[len(head) :], providers[known]))


def _spelling(name: str, known: Mapping[str, object]) -> str | None:
    if name in known:
        return name
    lower = name.lower()
    return next((one for one in known if one.lower() == lower), None)


def _model(name: str, listed: tuple[str, ...]) -> str:
    if name in listed:
        return name
    lower = name.lower()
    return next((one for one in listed if one.lower() == lower), name)


def listed_id(target: Target) -> str:
    """The id under which `GET /v1/models` shows a target."""
    return f"{LISTED_PREFIX}{target.provider}/{target.model}"
