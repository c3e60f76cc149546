"""Adaptations of single providers and models, by the names of claude-code-router, and those that are always on."""
