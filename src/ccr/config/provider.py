"""From an entry of `Providers` to an endpoint that can be called."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import msgspec

from ccr.config.endpoint import dialect_of, full_url, parse_url, warn_of_other_endpoint
from ccr.config.findings import Findings, Where
from ccr.config.keys import File, ProviderEntry, TimeoutsEntry
from ccr.config.names import did_you_mean
from ccr.config.proxy import goes_straight, read_proxy
from ccr.config.transformers import Use, read_transformers
from ccr.providers import ModelLimits, Provider, Timeouts

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
"""RFC 9110 5.1 and 5.5, without the obsolete bytes above 127."""


def compile_providers(file: File, environ: Mapping[str, str], findings: Findings) -> dict[str, Provider]:
    """The providers by lower-case name, without those that an error was reported of."""
    proxy = read_proxy(file.PROXY_URL, ("PROXY_URL",), findings)
    has_plugins = bool(file.transformers)
    providers: dict[str, Provider] = {}
    for index, entry in enumerate(file.Providers):
        where: Where = ("Providers", index)
        provider = _provider(entry, file.timeouts, has_plugins, where, findings)
        if provider is None:
            continue
        if provider.name.lower() in providers:
            findings.error((*where, "name"), f'a second provider "{provider.name}"', "give each its own name")
        providers[provider.name.lower()] = _behind(proxy, provider, environ)
    if not providers and findings.usable:
        findings.warning(("Providers",), "no provider is configured: every request will be refused", "add one")
    return providers


def _provider(
    entry: ProviderEntry, timeouts: TimeoutsEntry, has_plugins: bool, where: Where, findings: Findings
) -> Provider | None:
    if findings.blames(where):
        return None
    name = _name(entry, where, findings)
    models = [model.strip() for model in entry.models if model.strip()]
    uses = read_transformers(entry.transformer, models, has_plugins, (*where, "transformer"), findings)
    read_transformers(entry.transformers, models, has_plugins, (*where, "transformers"), findings)
    url = _address(entry, where, findings)
    if url is None or not name:
        return None
    if not models and not findings.blames((*where, "models")):
        findings.warning((*where, "models"), f"the provider {name} lists no models", 'add "models": ["…"]')
    dialect = dialect_of(url, uses)
    warn_of_other_endpoint(url, dialect, (*where, "api_base_url"), findings)
    _warn_of_limits(entry, models, (*where, "limits"), findings)
    if dialect in ("gemini", "openai-responses"):
        findings.note(where, f"{name} speaks {dialect}, which is not active yet: requests to it are refused")
    return Provider(
        name=name,
        url=full_url(url, dialect, is_base=not entry.api_base_url),
        dialect=dialect,
        models=tuple(models),
        api_key=_key(entry.api_key, (*where, "api_key"), findings),
        use_bearer=_use_bearer(uses),
        headers=_headers(entry.headers, (*where, "headers"), findings),
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


def _use_bearer(uses: tuple[Use, ...]) -> bool:
    return any(use.name == "Anthropic" and use.options.get("UseBearer") in (True, "true") for use in uses)


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
