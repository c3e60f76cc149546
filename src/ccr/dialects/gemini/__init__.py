"""Gemini generateContent: the language of Google's Gemini API (ai.google.dev/api/generate-content)."""

from ccr.dialects.gemini.call import Gemini

__all__ = ["Gemini"]
