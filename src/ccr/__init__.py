"""claude-code-router: the routing layer between Claude Code and many model backends."""

from importlib.metadata import version as _version

__version__ = _version("claude-code-router")
