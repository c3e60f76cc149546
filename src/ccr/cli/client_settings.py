"""Claude Code's own settings beat its environment: what they say about the way may lead past the router."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct


class ClientSettings(Struct, frozen=True):
    """The part of Claude Code's settings.json that concerns us."""

    env: dict[str, str] = {}


def detours(changes: Mapping[str, str | None], environ: Mapping[str, str]) -> list[str]:
    """`FILE: NAME` for every way-leading variable that the user's settings set to something else than we do."""
    file = settings_file(environ)
    try:
        env = msgspec.json.decode(file.read_bytes(), type=ClientSettings).env
    except (OSError, msgspec.DecodeError):
        return []
    ways = [name for name in changes if name.startswith(("ANTHROPIC_", "CLAUDE_CODE_USE_"))]
    return [f"{file}: {name}" for name in ways if env.get(name, "") not in ("", changes[name])]


def settings_file(environ: Mapping[str, str]) -> Path:
    """Of the user; CLAUDE_CONFIG_DIR moves it."""
    folder = environ.get("CLAUDE_CONFIG_DIR")
    return (Path(folder) if folder else Path(environ.get("HOME", "~")).expanduser() / ".claude") / "settings.json"
