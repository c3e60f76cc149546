"""How much Gemini shall think: from Gemini 3 on by level, before by tokens (ai.google.dev/gemini-api/docs/thinking)."""

import re
from typing import Any

from ccr.messages.request import MessagesRequest

_GENERATION = re.compile(r"gemini-(\d+(?:\.\d+)?)")
_NEWEST = 99.0

LEVELS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
BUDGETS = {"low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576, "max": 24_576}
"""Effort -> `thinkingBudget`, as Google itself translates it (ai.google.dev/gemini-api/docs/openai: "Thinking")."""
LARGEST, LARGEST_PRO = 24_576, 32_768
SMALLEST_PRO = 128
"""2.5 Pro cannot be told not to think."""


def generation(model: str) -> float:
    """2.5, 3, 3.1 … A name without a number (`gemini-flash-latest`) is of the newest; 0: no Gemini (Gemma, say)."""
    found = _GENERATION.search(model)
    if found:
        return float(found.group(1))
    return _NEWEST if "gemini" in model else 0.0


def thinking_config(request: MessagesRequest, model: str) -> dict[str, Any]:
    """Empty where the request says nothing, or the model does not think."""
    thinking, number = request.thinking, generation(model)
    if thinking is None or number < 2.5:
        return {}
    by_level, is_pro = number >= 3, "pro" in model
    if thinking.type == "disabled":
        if by_level:
            return {"thinkingLevel": "minimal" if "flash" in model else "low"}
        return {"thinkingBudget": SMALLEST_PRO if is_pro else 0}
    config: dict[str, Any] = {"includeThoughts": True}
    effort = request.output_config and request.output_config.effort
    budget = thinking.budget_tokens if thinking.type == "enabled" else None
    if budget is not None and by_level:
        # The npm tool's steps, so that old configurations think as much as before.
        config["thinkingLevel"] = "low" if budget <= 1024 else "medium" if budget <= 8192 else "high"
    elif budget is not None:
        config["thinkingBudget"] = min(budget, LARGEST_PRO if is_pro else LARGEST)
    elif effort in LEVELS:
        config.update({"thinkingLevel": LEVELS[effort]} if by_level else {"thinkingBudget": BUDGETS[effort]})
    return config
