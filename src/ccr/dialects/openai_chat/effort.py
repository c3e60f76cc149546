"""How much the model shall think, in the words of each backend."""

from typing import Any

from ccr.dialects.openai_chat.flags import Flags
from ccr.messages.request import MessagesRequest

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""Words of `output_config.effort`. The first three are understood by all backends that have `reasoning_effort`."""


def thinking_fields(request: MessagesRequest, flags: Flags, forced: bool = False) -> dict[str, Any]:
    """Thinking as far as it is said aloud. `forced`: a tool is forced, which some models only take without thinking."""
    thinking = request.thinking
    if (thinking and thinking.type == "disabled") or (forced and flags.auto_choice_while_thinking):
        return _off(flags)
    if thinking is None:
        return {}
    return _on(wanted_effort(request), budget_of(request), flags, bool(request.stream))


def budget_of(request: MessagesRequest) -> int | None:
    thinking = request.thinking
    return thinking.budget_tokens if thinking and thinking.type == "enabled" else None


def wanted_effort(request: MessagesRequest) -> str:
    """The word that the client uses or its budget amounts to; empty where it says neither."""
    budget = budget_of(request)
    if budget is not None:
        # The npm tool's steps, so that old configurations think as much as before.
        return "low" if budget <= 1024 else "medium" if budget <= 8192 else "high"
    effort = request.output_config and request.output_config.effort
    return effort if effort in EFFORTS else ""


def _on(effort: str, budget: int | None, flags: Flags, stream: bool) -> dict[str, Any]:
    """Nothing where only `adaptive` is said and the backend has no switch: its default is right."""
    if flags.reasoning_object:
        if budget is not None:
            return {"reasoning": {"max_tokens": budget}}
        return {"reasoning": {"effort": effort_word(effort, flags)} if effort else {"enabled": True}}
    fields: dict[str, Any] = {}
    if flags.thinking_object:
        fields["thinking"] = {"type": "adaptive" if flags.thinking_adaptive else "enabled"}
        if flags.keep_thinking:
            fields["thinking"]["clear_thinking"] = False
    elif flags.enable_thinking:
        fields["enable_thinking"] = stream
        if budget is not None and stream:
            fields["thinking_budget"] = budget
    if effort and not flags.no_effort:
        fields["reasoning_effort"] = effort_word(effort, flags)
    return fields


def effort_word(effort: str, flags: Flags) -> str:
    match effort:
        case "max" if flags.effort_max:
            return "max"
        case "max" | "xhigh":
            return "xhigh" if flags.effort_xhigh else "high"
        case "medium" if flags.no_medium:
            return "high"
        case _:
            return effort


def least_effort(flags: Flags) -> str:
    return "minimal" if flags.off_is_minimal else "low" if flags.off_is_low else "none"


def _off(flags: Flags) -> dict[str, Any]:
    if flags.no_off:
        return {}
    least = least_effort(flags)
    if flags.reasoning_object:
        return {"reasoning": {"effort": least}}
    if flags.thinking_object:
        return {"thinking": {"type": "disabled"}}
    if flags.enable_thinking:
        return {"enable_thinking": False}
    if flags.off_is_none or flags.off_is_minimal or flags.off_is_low:
        return {"reasoning_effort": least}
    return {"chat_template_kwargs": {"enable_thinking": False}}
