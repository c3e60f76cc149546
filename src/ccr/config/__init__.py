"""config.json: read, checked, and compiled into an immutable `Snapshot`.

loaded = load(default_path(os.environ), os.environ)
loaded.snapshot     what is configured, or None
loaded.problems     what to tell the user
"""

from ccr.config.problem import Loaded, Problem, Severity
from ccr.config.reading import check, default_path, load
from ccr.config.snapshot import Snapshot

__all__ = ["Loaded", "Problem", "Severity", "Snapshot", "check", "default_path", "json_schema", "load"]


def json_schema() -> dict[str, object]:
    """The JSON Schema of config.json, for editors."""
    from ccr.config.schema import json_schema as build  # needed by one command only

    return build()
