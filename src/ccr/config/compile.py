"""From the forms of the file to the values that the program works with."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ccr.config.findings import Findings, Where
from ccr.config.keys import File, RoutesEntry
from ccr.config.provider import compile_providers
from ccr.config.proxy import is_loopback
from ccr.config.snapshot import DEFAULT_HOST, Snapshot
from ccr.config.targets import resolve
from ccr.providers import Provider
from ccr.routing.rules import RouteName, Rules, Target

ROUTES: tuple[RouteName, ...] = RoutesEntry.__struct_fields__  # type: ignore[assignment]  # the form has one field per route


def compile_file(file: File, path: Path, environ: Mapping[str, str], findings: Findings) -> Snapshot:
    """The snapshot; without meaning when `findings` is not usable."""
    port = _port(file, environ, findings)
    providers = compile_providers(file, environ, findings)
    _warn_of_circles(file, providers, port, findings)
    return Snapshot(
        path=path,
        host=_host(file, findings),
        port=port,
        api_key=file.APIKEY.strip(),  # no header carries the spaces around it (RFC 9110 5.5)
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
    host = file.HOST.strip().removeprefix("[").removesuffix("]")
    if not file.APIKEY and not is_loopback(host):
        message = f"without an APIKEY the server listens on {DEFAULT_HOST} only"
        findings.warning(("HOST",), message, "set APIKEY to open it to others")
        return DEFAULT_HOST
    if not _is_host(host):
        hint = 'for example "HOST": "0.0.0.0"; the port is PORT'
        findings.error(("HOST",), "must be an address or a name alone, without http:// and port", hint)
    return host


def _is_host(text: str) -> bool:
    """An IP address (IPv6 perhaps with a zone), or what could be a name. Whether it exists is seen when it is used."""
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return re.fullmatch(r"[\w.-]+", text) is not None


def _warn_of_circles(file: File, providers: dict[str, Provider], port: int, findings: Findings) -> None:
    for index, entry in enumerate(file.Providers):
        provider = providers.get(entry.name.strip().lower())
        url = urlsplit(provider.url) if provider else None
        if url is not None and is_loopback(url.hostname or "") and url.port == port:
            message = "this is the router's own address: requests would go round in a circle"
            findings.warning(("Providers", index, "api_base_url"), message, "write that of the model's server")


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


def _rules(file: File, providers: dict[str, Provider], findings: Findings) -> Rules:
    if len(providers) < len(file.Providers) or findings.blames(("Providers",)):
        return Rules()  # an error has been reported: complaints about routes to what is missing would be its echo
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
