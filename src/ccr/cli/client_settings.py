"""Claude Code's own settings files beat its environment (measured, 2.1.197 and 2.1.330).

So an ANTHROPIC_BASE_URL in one of them, where many vendors' instructions put it, leads past the router.
CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST makes the client ignore what they say about the way; it ignores their models too,
so it is set only where it is needed.
"""

from collections.abc import Mapping
from pathlib import Path

import click
import msgspec
from msgspec import Struct

SWITCH = "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"

WAYS = ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_")
"""How the names begin of the variables that decide where the client goes."""


class ClientSettings(Struct, frozen=True):
    """The part of a settings.json that concerns us."""

    env: dict[str, object] = {}


def overrule(
    changes: Mapping[str, str | None], environ: Mapping[str, str], project: Path | None
) -> dict[str, str | None]:
    """The changes, and the switch with them when a settings file of the user or of the project wants another way."""
    detour = next((found for file in files(environ, project) if (found := detour_in(file, changes))), None)
    if detour is None or SWITCH in environ:
        return dict(changes)
    click.echo(f"{detour} leads past the router: Claude Code is told to ignore it.", err=True)
    return {**changes, SWITCH: "1"}


def files(environ: Mapping[str, str], project: Path | None) -> list[Path]:
    """CLAUDE_CONFIG_DIR moves the user's file. `project`: the folder that claude starts in; None: not known yet."""
    folder = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or Path.home()) / ".claude")
    local = [project / ".claude" / name for name in ("settings.json", "settings.local.json")] if project else []
    return [folder / "settings.json", *local]


def detour_in(file: Path, changes: Mapping[str, str | None]) -> str | None:
    """`ANTHROPIC_BASE_URL in FILE`: the first way-leading variable that the file sets otherwise than we do."""
    try:
        env = msgspec.json.decode(file.read_bytes(), type=ClientSettings).env
    except (OSError, msgspec.DecodeError):
        return None
    names = [name for name, value in env.items() if name.startswith(WAYS) and value not in ("", changes.get(name))]
    return f"{names[0]} in {file}" if names else None
