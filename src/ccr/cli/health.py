"""Asking a server whether it is there and what it is."""

import http.client

import msgspec
from msgspec import Struct

SERVICE = "claude-code-router"


class Health(Struct, frozen=True):
    """What `GET /health` answers. Other programs answer something else: then the fields keep their defaults."""

    service: str = ""
    version: str = ""
    pid: int = 0
    home: str = ""
    """Whose router it is (`home_digest`)."""
    uptime: float = 0.0
    """Seconds."""
    requests: int = 0
    """Served since the start."""


def ask(host: str, port: int, timeout: float = 1.0) -> Health | None:
    """The health of the router at an address (`timeout` in seconds); None: nobody there, or somebody else."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        body = connection.getresponse().read(65_536)
        health = msgspec.json.decode(body, type=Health)
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()
    return health if health.service == SERVICE else None


def dial_host(host: str) -> str:
    """The address under which a server that listens on `host` is reached from this machine."""
    match host:
        case "" | "0.0.0.0":
            return "127.0.0.1"
        case "::":
            return "::1"
        case _:
            return host


def base_url(host: str, port: int) -> str:
    """The same as a URL."""
    reached = dial_host(host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
