"""Adaptations of single providers and models, by the names that claude-code-router gave them, and those that are always on."""
