"""From `provider,model` (or `provider/model`), in any case, to a target spelled as configured."""

from msgspec import Struct

from ccr.config.findings import Findings, Where
from ccr.config.names import did_you_mean
from ccr.providers import Provider
from ccr.routing.rules import Target


class _Split(Struct, frozen=True):
    provider: Provider
    model: str


def resolve(text: str, providers: dict[str, Provider], where: Where, findings: Findings) -> Target | None:
    """The target that a route names. None: said why there is none.

    Only the first comma separates: a model may hold commas, colons and slashes. Without a known provider before the
    comma, a slash may separate too, where just one provider fits.
    """
    splits = _splits(text, providers)
    if not splits:
        findings.broken(where, *_no_provider(text, providers))
        return None
    if len(splits) > 1:
        names = " or ".join(f'"{split.provider.name},{split.model}"' for split in splits)
        findings.broken(where, "more than one provider fits this target", f"write {names}")
        return None
    provider, wanted = splits[0].provider, splits[0].model
    if not wanted:
        findings.broken(where, "names no model", _example(provider))
        return None
    model = _listed(wanted, provider.models)
    if not model and provider.models:
        findings.warning(
            where,
            f'{provider.name} does not list the model "{wanted}"; it is asked for as written',
            did_you_mean(wanted, provider.models) or "add it to the provider's models",
        )
    return Target(provider.name, model or wanted)


def _splits(text: str, providers: dict[str, Provider]) -> list[_Split]:
    name, comma, model = text.partition(",")
    if comma and name.strip().lower() in providers:
        return [_Split(providers[name.strip().lower()], model.strip())]
    fitting = [
        _Split(provider, text.strip()[len(key) + 1 :].strip())
        for key, provider in providers.items()
        if text.strip().lower().startswith(f"{key}/")
    ]
    listing = [split for split in fitting if _listed(split.model, split.provider.models)]
    return listing if len(listing) == 1 else fitting


def _listed(wanted: str, models: tuple[str, ...]) -> str:
    """The configured spelling of a model; empty when it is not listed."""
    if wanted in models:
        return wanted
    return next((model for model in models if model.lower() == wanted.lower()), "")


def _no_provider(text: str, providers: dict[str, Provider]) -> tuple[str, str]:
    name, comma, _ = text.partition(",")
    if comma:
        names = [provider.name for provider in providers.values()]
        hint = did_you_mean(name.strip(), names) or (f"known: {', '.join(names)}" if names else "add it to Providers")
        return f'there is no provider "{name.strip()}"; the target is left out', hint
    listing = [provider for provider in providers.values() if _listed(text.strip(), provider.models)]
    if listing:
        return "names no provider; the target is left out", f'write "{listing[0].name},{text.strip()}"'
    if provider := providers.get(text.strip().lower()):
        return "names no model; the target is left out", _example(provider)
    return 'is not of the form "provider,model"; the target is left out', 'for example "ollama,qwen3"'


def _example(provider: Provider) -> str:
    return f'write "{provider.name},{provider.models[0] if provider.models else "MODEL"}"'
