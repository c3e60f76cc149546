"""Transformers as the file names them: `"name"`, `["name", {options}]`, in a list, under `use`, per model."""

from msgspec import Struct

from ccr.config.findings import Findings, Where
from ccr.config.names import did_you_mean, normal

KNOWN = (
    "Anthropic", "OpenAI", "deepseek", "reasoning", "openrouter", "vercel", "groq", "gemini", "vertex-gemini",
    "vertex-claude", "vertex-openai", "maxtoken", "maxcompletiontokens", "sampling", "cleancache", "streamoptions",
    "customparams", "tooluse", "enhancetool", "forcereasoning", "cerebras", "openai-responses", "extrathinktag",
    "gemini-cli", "qwen-cli", "rovo-cli", "chutes-glm",
)  # fmt: skip
"""Those of claude-code-router 2.0, and the plugins that many people use by name."""

_CANONICAL = {normal(name): name for name in KNOWN}
_FORMS = 'write "name" or ["name", {options}], for example {"use": ["deepseek", ["maxtoken", {"max_tokens": 8192}]]}'


class Use(Struct, frozen=True):
    """One transformer of a provider."""

    name: str
    """As in `KNOWN` where it is known, else as written."""
    options: dict[str, object] = {}
    is_exact: bool = True
    """Spelled as in `KNOWN`: claude-code-router 2.0 ignores any other spelling."""


def read_transformers(
    value: object, models: list[str], has_plugins: bool, where: Where, findings: Findings
) -> tuple[Use, ...]:
    """Those of the provider itself; those of its models are checked only. With plugins, unknown names may be theirs."""
    per_model: dict[str, object] = {}
    if isinstance(value, dict):
        per_model = {key: item for key, item in value.items() if key != "use"}
        uses = _items(value.get("use"), (*where, "use"), findings)
    else:
        uses = _items(value, where, findings)
    for model, item in per_model.items():
        at = (*where, model)
        if models and model not in models:
            hint = did_you_mean(model, models) or 'keys beside "use" are names of models'
            findings.warning(at, "is no model of this provider", hint)
        item = item.get("use") if isinstance(item, dict) else item
        _report(_items(item, (*at, "use"), findings), has_plugins, at, findings)
    _report(uses, has_plugins, where, findings)
    return tuple(uses)


def _items(value: object, where: Where, findings: Findings) -> list[Use]:
    match value:
        case None | "":
            return []
        case str(name):
            return [_use(name, {})]
        case [str(name), dict(options)]:  # one item that stands without its list
            return [_use(name, options)]
        case list():
            read = [_item(item, (*where, index), findings) for index, item in enumerate(value)]
            return [use for use in read if use is not None]
        case _:
            findings.error(where, "must be a list of transformers", _FORMS)
            return []


def _item(value: object, where: Where, findings: Findings) -> Use | None:
    match value:
        case str(name) | [str(name)] | [str(name), None]:
            return _use(name, {})
        case [str(name), dict(options)]:
            return _use(name, options)
        case _:
            findings.error(where, "is not a transformer", _FORMS)
            return None


def _use(name: str, options: dict[str, object]) -> Use:
    canonical = _CANONICAL.get(normal(name), name)
    return Use(canonical, options, name == canonical)


def _report(uses: list[Use], has_plugins: bool, where: Where, findings: Findings) -> None:
    known = [use.name for use in uses if use.name in KNOWN or has_plugins]
    waiting = [name for name in known if name not in ("Anthropic", "OpenAI", "gemini", "openai-responses")]
    if waiting:
        findings.note(where, f"accepted, not active yet: {', '.join(waiting)}")
    for use in uses:
        if use.name not in known:
            findings.warning(where, f'unknown transformer "{use.name}", ignored', did_you_mean(use.name, KNOWN))
