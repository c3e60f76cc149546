"""From the forms of the file to the values that the program works with."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ccr.config.endpoint import dialect_of, full_url, parse_url
from ccr.config.findings import Findings, Where
from ccr.config.keys import File, ProviderEntry, RoutesEntry, TimeoutsEntry
from ccr.config.proxy import goes_straight, is_loopback, read_proxy
from ccr.config.snapshot import DEFAULT_HOST, Snapshot
from ccr.config.targets import resolve
from ccr.config.transformers import Use, read_transformers
from ccr.providers import ModelLimits, Provider, Timeouts
from ccr.routing.rules import RouteName, Rules, Target

ROUTES: tuple[RouteName, ...] = RoutesEntry.__struct_fields__  # type: ignore[assignment]  # the form has one field per route

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
"""RFC 9110 5.1 and 5.5, without the obsolete bytes above 127."""


def compile_file(file: File, path: Path, environ: Mapping[str, str], findings: Findings) -> Snapshot:
    """The snapshot; without meaning when `findings` is not usable."""
    providers = _providers(file, environ, findings)
    return Snapshot(
        path=path,
        host=_host(file, findings),
        port=_port(file, environ, findings),
        api_key=file.APIKEY,
        log=file.LOG,
        log_level=file.LOG_LEVEL,
        api_timeout_ms=file.API_TIMEOUT_MS,
        non_interactive=file.NON_INTERACTIVE_MODE,
        claude_path=file.CLAUDE_PATH,
        system_prompt=_system_prompt(file.REWRITE_SYSTEM_PROMPT, path, environ, findings),
        body_limit=file.BODY_LIMIT,
        providers=providers,
        rules=_rules(file, providers, findings),
    )


def _host(file: File, findings: Findings) -> str:
    if file.APIKEY or is_loopback(file.HOST):
        return file.HOST
    findings.warning(
        ("HOST",), f"without an APIKEY the server listens on {DEFAULT_HOST} only", "set APIKEY to open it to others"
    )
    return DEFAULT_HOST


def _port(file: File, environ: Mapping[str, str], findings: Findings) -> int:
    text = environ.get("SERVICE_PORT", "")
    if not text:
        return file.PORT
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    findings.error((), "the environment variable SERVICE_PORT is not a port from 1 to 65535", "unset SERVICE_PORT")
    return file.PORT


def _system_prompt(name: str, config: Path, environ: Mapping[str, str], findings: Findings) -> str | None:
    if not name:
        return None
    where: Where = ("REWRITE_SYSTEM_PROMPT",)
    try:
        return (config.parent / expand_home(name, environ)).read_text(encoding="utf-8-sig")
    except OSError as error:
        findings.error(where, f"the file cannot be read: {error.strerror}", "name a readable text file")
    except ValueError:  # not UTF-8, or a path with a null character
        findings.error(where, "the file is not a text in UTF-8", "name a readable text file")
    return None


def expand_home(name: str, environ: Mapping[str, str]) -> Path:
    """A path of the user's, `~` replaced."""
    return home(environ) / name[2:] if name.startswith(("~/", "~\\")) else Path(name)


def home(environ: Mapping[str, str]) -> Path:
    """The user's home folder."""
    return Path(environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~"))


def _providers(file: File, environ: Mapping[str, str], findings: Findings) -> dict[str, Provider]:
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
    is_base = not entry.api_base_url
    at = (*where, "baseUrl" if entry.baseUrl and is_base else "api_base_url")
    if not (entry.api_base_url or entry.baseUrl):
        if not findings.blames((*where, "api_base_url")) and not findings.blames((*where, "baseUrl")):
            hint = 'add "api_base_url": "http://localhost:11434/v1/chat/completions"'
            findings.error(at, "the provider has no address", hint)
        return None
    url = parse_url(entry.api_base_url or entry.baseUrl, at, findings)
    if url is None or not name:
        return None
    if not models:
        findings.warning((*where, "models"), f"the provider {name} lists no models", 'add "models": ["…"]')
    dialect = dialect_of(url, uses)
    if dialect in ("gemini", "openai-responses"):
        findings.note(where, f"{name} speaks {dialect}, which is not active yet: requests to it are refused")
    return Provider(
        name=name,
        url=full_url(url, dialect, is_base),
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


def _use_bearer(uses: tuple[Use, ...]) -> bool:
    return any(use.name == "Anthropic" and use.options.get("UseBearer") in (True, "true") for use in uses)


def _timeouts(own: TimeoutsEntry, general: TimeoutsEntry) -> Timeouts:
    given = msgspec.structs.asdict(general) | {
        phase: seconds for phase, seconds in msgspec.structs.asdict(own).items() if seconds is not None
    }
    return Timeouts(**{phase: seconds for phase, seconds in given.items() if seconds is not None})


def _behind(proxy: str, provider: Provider, environ: Mapping[str, str]) -> Provider:
    from urllib.parse import urlsplit

    url = urlsplit(provider.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    if not proxy or goes_straight(url.hostname or "", port, environ):
        return provider
    return msgspec.structs.replace(provider, proxy=proxy)


def _rules(file: File, providers: dict[str, Provider], findings: Findings) -> Rules:
    if not findings.usable:  # with providers missing, every complaint about a route would be an echo
        return Rules()
    routes: dict[RouteName, Target] = {}
    fallback: dict[RouteName, tuple[Target, ...]] = {}
    for route in ROUTES:
        text: str = getattr(file.Router, route)
        if text and (target := resolve(text, providers, ("Router", route), findings)):
            routes[route] = target
        chain: list[str] = getattr(file.fallback, route)
        if targets := _chain(chain, providers, ("fallback", route), findings):
            fallback[route] = targets
    if "default" not in routes and providers and not findings.blames(("Router", "default")):
        first = next(iter(providers.values()))
        hint = f'add "default": "{first.name},{first.models[0] if first.models else "MODEL"}"'
        findings.warning(("Router",), "there is no default route: requests that no other route takes are refused", hint)
    return Rules(
        routes=routes,
        fallback=fallback,
        providers={provider.name: provider.models for provider in providers.values()},
        long_context_threshold=file.Router.longContextThreshold,
        think_effort=file.Router.thinkEffort,
    )


def _chain(chain: list[str], providers: dict[str, Provider], where: Where, findings: Findings) -> tuple[Target, ...]:
    targets = [resolve(text, providers, (*where, index), findings) for index, text in enumerate(chain) if text.strip()]
    return tuple(target for target in targets if target is not None)
