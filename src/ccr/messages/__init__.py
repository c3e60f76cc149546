"""The hub: Anthropic Messages as values, stream events and their grammar (docs.anthropic.com, "Messages")."""
