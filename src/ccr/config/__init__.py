"""config.json: read, checked, and compiled into an immutable `Snapshot`."""

from ccr.config.problem import Loaded, Problem, Severity
from ccr.config.snapshot import Snapshot

__all__ = ["Loaded", "Problem", "Severity", "Snapshot"]
