"""From an entry of `Providers` to an endpoint that can be called."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import msgspec

from ccr.config.chains import read_chains
from ccr.config.endpoint import dialect_of, full_url, parse_url, warn_of_other_endpoint
from ccr.config.findings import Findings, Where
from ccr.config.keys import File, ProviderEntry, TimeoutsEntry
from ccr.config.names import did_you_mean, normal
from ccr.config.proxy import goes_straight, read_proxy
from ccr.config.shared_transformers import Shared, read_shared
from ccr.dialects.openai_chat.flags import FLAGS
from ccr.providers import ModelLimits, Provider, Timeouts
from ccr.transformers import Chain
from ccr.transformers.named import Anthropic

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
"""RFC 9110 5.1 and 5.5, without the obsolete bytes above 127."""


def compile_providers(file: File, environ: Mapping[str, str], findings: Findings) -> dict[str, Provider]:
    """The providers by lower-case name, without those that an error was reported of."""
    proxy = read_proxy(file.PROXY_URL, ("PROXY_URL",), findings)
    shared = read_shared(file.transformers, [entry.name for entry in file.Providers], findings)
    has_plugins = any(entry.path for entry in file.transformers)
    providers: dict[str, Provider] = {}
    for index, entry in enumerate(file.Providers):
        where: Where = ("Providers", index)
        provider = _provider(entry, file.timeouts, shared, has_plugins, where, findings)
        if provider is None:
            continue
        if provider.name.lower() in providers:
            findings.error((*where, "name"), f'a second provider "{provider.name}"', "give each its own name")
        providers[provider.name.lower()] = _behind(proxy, provider, environ)
    if not providers and findings.usable:
        findings.warning(("Providers",), "no provider is configured: every request will be refused", "add one")
    return providers


def _provider(
    entry: ProviderEntry,
    timeouts: TimeoutsEntry,
    shared: list[Shared],
    has_plugins: bool,
    where: Where,
    findings: Findings,
) -> Provider | None:
    if findings.blames(where):
        return None
    name = _name(entry, where, findings)
    models = [model.strip() for model in entry.models if model.strip()]
    chains = read_chains(entry, models, shared, has_plugins, where, findings)
    url = _address(entry, where, findings)
    if url is None or not name:
        return None
    if not models and not findings.blames((*where, "models")):
        findings.warning((*where, "models"), f"the provider {name} lists no models", 'add "models": ["…"]')
    dialect = dialect_of(url, chains.uses)
    warn_of_other_endpoint(url, dialect, (*where, "api_base_url"), findings)
    _warn_of_limits(entry, models, (*where, "limits"), findings)
    return Provider(
        name=name,
        url=full_url(url, dialect, is_base=not entry.api_base_url),
        dialect=dialect,
        models=tuple(models),
        api_key=_key(entry.api_key, (*where, "api_key"), findings),
        use_bearer=_use_bearer(chains.provider),
        headers=_headers(entry.headers, (*where, "headers"), findings),
        hints=tuple(use.name for use in chains.uses),
        transformers=chains.provider,
        transformers_of_models=chains.models,
        flags=_flags(entry.flags, (*where, "flags"), findings),
        timeouts=_timeouts(entry.timeouts, timeouts),
        limits={
            model: ModelLimits(limits.context_window, limits.max_output_tokens)
            for model, limits in entry.limits.items()
        },
    )


def _name(entry: ProviderEntry, where: Where, findings: Findings) -> str:
    name, at = entry.name.strip(), (*where, "name")
    if not name and not findings.blames(at):
        findings.error(at, "the provider has no name", 'add "name": "…"; routes refer to it')
    if "," in name:
        findings.error(at, "a provider's name holds no comma", 'the comma separates provider and model in "p,m"')
    return name


def _key(text: str, where: Where, findings: Findings) -> str:
    key = text.strip()
    if key.lower().startswith("bearer "):
        findings.warning(where, 'the key begins with "Bearer", which is added anyway', "write the key alone")
    if _HEADER_VALUE.fullmatch(key):
        return key
    findings.broken(where, "the key holds a character that no HTTP header can carry; requests are sent without it")
    return ""


def _headers(headers: dict[str, str], where: Where, findings: Findings) -> dict[str, str]:
    sound = {}
    for name, value in headers.items():
        if _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value):
            sound[name] = value
        else:
            findings.broken((*where, name), "is not a valid HTTP header; it is left out")
    return sound


def _flags(words: list[str], where: Where, findings: Findings) -> tuple[str, ...]:
    known = {normal(name): name for name in FLAGS}
    read = []
    for index, word in enumerate(words):
        text = word.strip()
        sign = "-" if text.startswith("-") else ""
        name = known.get(normal(text))
        if name is None:
            findings.broken((*where, index), f'unknown flag "{text}"; it is left out', did_you_mean(text, FLAGS))
        else:
            read.append(sign + name)
    return tuple(read)


def _address(entry: ProviderEntry, where: Where, findings: Findings) -> SplitResult | None:
    if entry.api_base_url or not entry.baseUrl:
        where, text = (*where, "api_base_url"), entry.api_base_url
    else:
        where, text = (*where, "baseUrl"), entry.baseUrl
    if text:
        return parse_url(text, where, findings)
    if not findings.blames(where) and not findings.blames((*where[:-1], "baseUrl")):
        hint = 'add "api_base_url": "http://localhost:11434/v1/chat/completions"'
        findings.error(where, "the provider has no address", hint)
    return None


def _warn_of_limits(entry: ProviderEntry, models: list[str], where: Where, findings: Findings) -> None:
    for model in entry.limits if models else ():
        if model not in models:
            findings.warning((*where, model), "is no model of this provider", did_you_mean(model, models))


def _use_bearer(transformers: Chain) -> bool:
    return any(isinstance(one, Anthropic) and one.UseBearer for one in transformers.transformers)


def _timeouts(own: TimeoutsEntry, general: TimeoutsEntry) -> Timeouts:
    given = msgspec.structs.asdict(general) | {
        phase: seconds for phase, seconds in msgspec.structs.asdict(own).items() if seconds is not None
    }
    return Timeouts(**{phase: seconds for phase, seconds in given.items() if seconds is not None})


def _behind(proxy: str, provider: Provider, environ: Mapping[str, str]) -> Provider:
    url = urlsplit(provider.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    if not proxy or goes_straight(url.hostname or "", port, environ):
        return provider
    return msgspec.structs.replace(provider, proxy=proxy)
