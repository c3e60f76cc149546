"""The environment in which an unmodified Claude Code works through the router.

Three kinds: what leads it here (ours, whatever the environment says), what makes it work well behind a router (the
user's own value, if any, stays), and what would lead it elsewhere (removed). docs/commands.md says why each is there.
"""

from collections.abc import Mapping

from ccr.cli.health import base_url, dial_host
from ccr.config import Snapshot

ELSEWHERE = (
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
)
"""Would make the client ask about a key, or talk to a cloud directly."""

WELL: dict[str, str] = {
    "DISABLE_TELEMETRY": "true",
    "DISABLE_ERROR_REPORTING": "true",
    "DISABLE_COST_WARNINGS": "true",
    # The kind of each request in a header: routing need not guess (clients from 2.1.273 on).
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
    # The router's models in `/model`. CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC would end it.
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
}

PIPELINE: dict[str, str] = {"CI": "true", "FORCE_COLOR": "0", "NODE_NO_READLINE": "1", "TERM": "dumb"}
"""NON_INTERACTIVE_MODE, as the npm tool has it."""


def client_environment(snapshot: Snapshot, window: int | None, environ: Mapping[str, str]) -> dict[str, str | None]:
    """What to change in `environ`, by name; None: unset. `snapshot` has the address that the server really has;
    `window`: tokens of the routed model, None: not known."""
    here: dict[str, str | None] = {
        "ANTHROPIC_AUTH_TOKEN": snapshot.api_key or "test",
        "ANTHROPIC_BASE_URL": base_url(snapshot.host, snapshot.port),
        **direct(dial_host(snapshot.host), environ),
        "API_TIMEOUT_MS": str(snapshot.api_timeout_ms),
    }
    well = WELL if window is None else WELL | {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": str(window)}
    pipeline = PIPELINE if snapshot.non_interactive else {}
    free = {name: value for name, value in well.items() if name not in environ}
    return here | free | pipeline | dict.fromkeys(ELSEWHERE)


def direct(host: str, environ: Mapping[str, str]) -> dict[str, str | None]:
    """NO_PROXY with the router added to what the user has; in lower case too where that is set, for it would win."""
    names = ["NO_PROXY", *(["no_proxy"] if "no_proxy" in environ else [])]
    return {name: joined(environ.get(name) or environ.get("no_proxy") or "", host) for name in names}


def joined(hosts: str, host: str) -> str:
    """`*` alone means every host already, and only alone."""
    if hosts.strip() == "*":
        return hosts
    present = [part for part in (part.strip() for part in hosts.split(",")) if part]
    wanted = [name for name in dict.fromkeys(("127.0.0.1", "localhost", host)) if name not in present]
    return ",".join([*present, *wanted])
