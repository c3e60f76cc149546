"""claude-code-router: the routing layer between Claude Code and many model backends."""

__version__ = "0.1.0"
