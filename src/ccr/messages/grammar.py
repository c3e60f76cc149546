"""The order in which stream events may come (docs.anthropic.com, "Streaming messages": event flow).

    message_start (block_start block_delta* block_stop)* message_delta message_stop

Blocks come one after another with indices 0, 1, 2 …; deltas belong to the open block and have its kind; a `Failed`
may end the stream anywhere. Used by the tests of every dialect.
"""

from collections.abc import Iterable

from ccr.messages.events import (
    BlockStop,
    Event,
    Failed,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextDelta,
    TextStart,
    ThinkingDelta,
    ThinkingStart,
    ToolUseStart,
)

DELTAS: dict[type[Event], tuple[type[Event], ...]] = {
    TextStart: (TextDelta,),
    ThinkingStart: (ThinkingDelta, SignatureDelta),
    ToolUseStart: (InputJsonDelta,),
}


def violation(events: Iterable[Event]) -> str:
    """The first breach of the grammar, in words; empty when there is none."""
    state, index, start = "before", 0, None
    for event in events:
        name = type(event).__name__
        match state, event:
            case "ended", _:
                return f"{name} after the end"
            case "before", MessageStart():
                state = "between"
            case _, Failed():
                state = "ended"
            case "between", TextStart() | ThinkingStart() | ToolUseStart():
                if event.index != index:
                    return f"{name} with index {event.index} instead of {index}"
                state, start = "open", type(event)
            case "open", TextDelta() | ThinkingDelta() | SignatureDelta() | InputJsonDelta():
                if event.index != index or start is None or type(event) not in DELTAS[start]:
                    return f"{name} in block {index} of {start}"
            case "open", BlockStop():
                if event.index != index:
                    return f"BlockStop {event.index} while {index} is open"
                state, index = "between", index + 1
            case "between", MessageDelta():
                state = "closing"
            case "closing", MessageStop():
                state = "ended"
            case _:
                return f"{name} while {state}"
    return "" if state in ("ended", "before") else f"the stream ends while {state}"
