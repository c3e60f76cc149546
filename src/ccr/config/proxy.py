"""Which providers are reached through PROXY_URL. As curl does it: loopback and NO_PROXY go straight."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from ccr.config.findings import Findings, Where


def read_proxy(text: str, where: Where, findings: Findings) -> str:
    """`http://[user:password@]host:port`, or empty after an error. No message shows it: it may hold a password."""
    if not text:
        return ""
    hint = "write an HTTP proxy such as http://127.0.0.1:7890"
    try:
        url = urlsplit(text.strip())
        usable = url.scheme == "http" and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable:
        findings.error(where, "is not an http:// address; only HTTP proxies are supported", hint)
        return ""
    return f"http://{url.netloc}" + ("" if url.port else ":80")


def is_loopback(host: str) -> bool:
    """`localhost` and its subdomains (RFC 6761), 127.0.0.0/8, ::1."""
    name = host.lower().strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def goes_straight(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Whether a provider's host bypasses the proxy."""
    entries = (environ.get("NO_PROXY") or environ.get("no_proxy") or "").replace(",", " ").split()
    return is_loopback(host) or any(_matches(entry.lower(), host.lower(), port) for entry in entries)


def _matches(entry: str, host: str, port: int) -> bool:
    """`*`, a domain with all below it, an address, a network in CIDR notation; each may carry a port."""
    if entry == "*":
        return True
    name, colon, digits = entry.rpartition(":")
    if colon and digits.isdigit() and name.count(":") == 0:
        if int(digits) != port:
            return False
        entry = name
    name = entry.removeprefix("*").lstrip(".").strip("[]")
    if host == name or (name and host.endswith(f".{name}")):
        return True
    try:
        return "/" in entry and ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
