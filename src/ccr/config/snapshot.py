"""The configuration as the rest of the program sees it: one immutable value per text of the file."""

from pathlib import Path

from msgspec import Struct

from ccr.providers import Provider
from ccr.routing.rules import Rules

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3456
DEFAULT_BODY_LIMIT = 50 * 1024 * 1024


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything that was configured, checked and with its defaults. Its `repr` shows no secret."""

    path: Path
    """The file that was read, absolute."""
    host: str = DEFAULT_HOST
    """The address to listen on; a loopback address whenever `api_key` is empty."""
    port: int = DEFAULT_PORT
    """1 to 65535."""
    api_key: str = ""
    """What clients must present (`APIKEY`). Empty: nothing."""
    log: bool = True
    """False: no log is written."""
    log_level: str = "info"
    """One of fatal, error, warn, info, debug, trace, silent."""
    api_timeout_ms: int = 600_000
    """Milliseconds that Claude Code waits for an answer."""
    non_interactive: bool = False
    """Claude Code is started for a pipeline: no colours, no terminal."""
    claude_path: str = ""
    """The claude binary as configured (`CLAUDE_PATH`). Empty: not configured."""
    system_prompt: str | None = None
    """The text of the REWRITE_SYSTEM_PROMPT file. None: the prompt is not rewritten."""
    body_limit: int = DEFAULT_BODY_LIMIT
    """The longest request body, in bytes."""
    providers: dict[str, Provider] = {}
    """By lower-case name."""
    rules: Rules = Rules()

    def __repr__(self) -> str:
        return f"Snapshot({str(self.path)!r}, {self.host}:{self.port}, providers={[*self.providers]})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("path", self.path), ("host", self.host), ("port", self.port), ("providers", [*self.providers])]
