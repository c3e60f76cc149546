"""Which transformers work on the requests of a provider, and of each of its models, in which order."""

from msgspec import Struct

from ccr.config.endpoint import BY_TRANSFORMER
from ccr.config.findings import Findings, Where
from ccr.config.keys import ProviderEntry
from ccr.config.shared_transformers import Shared, is_for_model, is_for_provider
from ccr.config.transformers import Use, compile_use, read_uses
from ccr.transformers import Chain, Transformer, chain


class Chains(Struct, frozen=True):
    """Of one provider."""

    uses: tuple[Use, ...]
    """Those that say which language it speaks, and whose it is."""
    provider: Chain
    models: dict[str, Chain]
    """Of the models that have further ones: the provider's first, then the model's."""


def read_chains(
    entry: ProviderEntry, models: list[str], shared: list[Shared], has_plugins: bool, where: Where, findings: Findings
) -> Chains:
    """First what the provider says itself, then what is said of it at the top level."""

    def compiled(uses: list[Use]) -> list[Transformer]:
        made = [compile_use(use, has_plugins, findings) for use in uses]
        return [transformer for transformer in made if transformer is not None]

    own = read_uses(entry.transformer, models, (*where, "transformer"), findings)
    also = read_uses(entry.transformers, models, (*where, "transformers"), findings)
    for use in [use for uses in own.models.values() for use in uses]:
        if use.name in BY_TRANSFORMER:
            findings.warning(use.where, f"{use.name} is for a whole provider, ignored", 'write it under "use"')
    name = entry.name.strip()
    everywhere = [one for one in shared if is_for_provider(one, name)]
    whole = [*compiled(own.provider), *compiled(also.provider), *[one.transformer for one in everywhere]]
    per_model: dict[str, Chain] = {}
    for model in [*models, *(own.models.keys() | also.models.keys()).difference(models)]:
        further = [
            *compiled(own.models.get(model, [])),
            *compiled(also.models.get(model, [])),
            *[one.transformer for one in shared if is_for_model(one, name, model)],
        ]
        if further:
            per_model[model] = chain(*whole, *further)
    # Without a list of providers a language would be everybody's: `anthropic` there names the client's side.
    choosing = [one.use for one in everywhere if one.providers]
    return Chains((*own.provider, *choosing), chain(*whole), per_model)
