"""Names of tools in languages that allow fewer than the Messages API, which takes 128 characters."""

import hashlib
import re
from functools import lru_cache

LONGEST_NAME = 64


class ToolNames:
    """Shortens names on the way out; `shortened` restores them. The same name always gives the same short one."""

    def __init__(self, allowed: str = r"[a-zA-Z0-9_-]{1,64}") -> None:
        """`allowed`: the names that stay as they are (a regular expression)."""
        self._allowed = allowed
        self.shortened: dict[str, str] = {}
        """Short name -> the tool's own."""

    def outward(self, name: str) -> str:
        if _is_allowed(self._allowed, name):
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        short = re.sub(r"[^a-zA-Z0-9_-]", "_", name)[: LONGEST_NAME - 9] + "_" + digest
        if not _is_allowed(self._allowed, short):  # its first character
            short = "_" + short[1:]
        self.shortened[short] = name
        return short


@lru_cache(maxsize=1024)
def _is_allowed(allowed: str, name: str) -> bool:
    return re.fullmatch(allowed, name) is not None
