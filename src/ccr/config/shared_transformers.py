"""The top-level `transformers`: built-in ones for several providers or models, and plugins.

claude-code-router's documentation describes the form; its code read the plugins only.
"""

from msgspec import Struct

from ccr.config.findings import Findings
from ccr.config.keys import SharedTransformer
from ccr.config.names import did_you_mean
from ccr.config.transformers import Use, compile_use, make_use
from ccr.transformers import Transformer


class Shared(Struct, frozen=True):
    """One entry, read."""

    use: Use
    transformer: Transformer
    providers: list[str]
    """In lower case, as the models. Both empty: it is for everything."""
    models: list[str]


def read_shared(entries: list[SharedTransformer], providers: list[str], findings: Findings) -> list[Shared]:
    """Those that are no plugins. `providers`: the names of all that are configured."""
    shared = []
    for index, entry in enumerate(entries):
        where = ("transformers", index)
        if entry.path:
            findings.note(where, "accepted, not active yet: it is a plugin")
            continue
        if not entry.name.strip():
            findings.warning(where, "names no transformer, ignored", 'add "name": "…"')
            continue
        known = [name.strip().lower() for name in providers]
        for position, name in enumerate(entry.providers):
            if name.strip().lower() not in known:
                at = (*where, "providers", position)
                findings.warning(at, f'there is no provider "{name}"', did_you_mean(name, providers))
        use = make_use(entry.name, entry.options, (*where, "options"))
        transformer = compile_use(use, has_plugins=False, findings=findings)
        if transformer is not None:
            shared.append(Shared(use, transformer, _lower(entry.providers), _lower(entry.models)))
    return shared


def _lower(names: list[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def is_for_provider(shared: Shared, provider: str) -> bool:
    return provider.lower() in shared.providers or not (shared.providers or shared.models)


def is_for_model(shared: Shared, provider: str, model: str) -> bool:
    """By its name alone, or with the provider's."""
    ways = (model, f"{provider},{model}", f"{provider}/{model}")
    return not is_for_provider(shared, provider) and any(way.lower() in shared.models for way in ways)
