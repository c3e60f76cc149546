"""Transformers as the file names them: `"name"`, `["name", {options}]`, in a list, under `use`, per model."""

from msgspec import Struct

from ccr.config.findings import Findings, Where
from ccr.config.forms import read
from ccr.config.names import did_you_mean, normal
from ccr.transformers import TRANSFORMERS, Transformer

PLUGINS = ("gemini-cli", "qwen-cli", "rovo-cli", "chutes-glm")
"""Plugins of third parties that many people use by name."""
KNOWN = (*TRANSFORMERS, *PLUGINS)

_CANONICAL = {normal(name): name for name in KNOWN}
_FORMS = 'write "name" or ["name", {options}], for example {"use": ["deepseek", ["maxtoken", {"max_tokens": 8192}]]}'


class Use(Struct, frozen=True):
    """One transformer as it is named."""

    name: str
    """As in `KNOWN` where it is known, else as written."""
    where: Where
    """Its options, else its name."""
    options: dict[str, object] = {}
    is_exact: bool = True
    """Spelled as in `KNOWN`: claude-code-router 2.0 ignores any other spelling."""


class Uses(Struct, frozen=True):
    """Those of one provider."""

    provider: list[Use] = []
    models: dict[str, list[Use]] = {}
    """Further ones, by model as the provider lists it."""


def read_uses(value: object, models: list[str], where: Where, findings: Findings) -> Uses:
    """What `transformer` of a provider says."""
    if not isinstance(value, dict):
        return Uses(_items(value, where, findings))
    per_model: dict[str, list[Use]] = {}
    for written, item in value.items():
        if written == "use":
            continue
        at = (*where, written)
        model = next((model for model in models if model.lower() == written.strip().lower()), written)
        if models and model not in models:
            hint = did_you_mean(written, models) or 'keys beside "use" are names of models'
            findings.warning(at, "is no model of this provider", hint)
        item, at = (item.get("use"), (*at, "use")) if isinstance(item, dict) else (item, at)
        per_model[model] = _items(item, at, findings)
    return Uses(_items(value.get("use"), (*where, "use"), findings), per_model)


def _items(value: object, where: Where, findings: Findings) -> list[Use]:
    match value:
        case None | "":
            return []
        case str(name):
            return [make_use(name, {}, where)]
        case [str(name), dict(options)]:  # one item that stands without its list
            return [make_use(name, options, (*where, 1))]
        case list():
            read = [_item(item, (*where, index), findings) for index, item in enumerate(value)]
            return [use for use in read if use is not None]
        case _:
            findings.error(where, "must be a list of transformers", _FORMS)
            return []


def _item(value: object, where: Where, findings: Findings) -> Use | None:
    match value:
        case str(name) | [str(name)] | [str(name), None]:
            return make_use(name, {}, where)
        case [str(name), dict(options)]:
            return make_use(name, options, (*where, 1))
        case _:
            findings.error(where, "is not a transformer", _FORMS)
            return None


def make_use(name: str, options: dict[str, object], where: Where) -> Use:
    canonical = _CANONICAL.get(normal(name.strip()), name)
    return Use(canonical, where, options, name == canonical)


def compile_use(use: Use, has_plugins: bool, findings: Findings) -> Transformer | None:
    """The transformer with its options read. Says what is unknown, not there yet, or without effect."""
    kind = TRANSFORMERS.get(use.name)
    if kind is None:
        if use.name in PLUGINS or has_plugins:
            findings.note(use.where, f"accepted, not active yet: {use.name} is a plugin")
        else:
            findings.warning(use.where, f'unknown transformer "{use.name}", ignored', did_you_mean(use.name, KNOWN))
        return None
    if kind.takes_anything:
        return kind(use.options)
    transformer = read(kind, use.options, use.where, findings)
    if transformer.later:
        findings.note(use.where, f"{use.name} is accepted, not active yet: {transformer.later}")
    if transformer.without_effect:
        findings.warning(use.where, f"{use.name} {transformer.without_effect}")
    return transformer
