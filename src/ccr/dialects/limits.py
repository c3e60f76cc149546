"""How long an answer may become."""

from ccr.dialects.dialect import Endpoint
from ccr.dialects.overflow import least_room
from ccr.messages.request import MessagesRequest

MARGIN = 256
"""Tokens kept free between prompt and answer, besides a fiftieth of the prompt: the prompt's size is an estimate."""


def max_tokens(request: MessagesRequest, tokens: int, endpoint: Endpoint) -> int | None:
    """What the client asks for, clamped to what is known of the model's output limit and of the room in its window."""
    wanted = request.max_tokens
    if wanted is None:
        return None
    learned = endpoint.learned
    output = _least(endpoint.max_output_tokens, learned.max_output_tokens)
    window = _least(endpoint.context_window, learned.context_window)
    limit = wanted if output is None else min(wanted, output)
    if window is None:
        return limit
    prompt = learned.correction.apply(tokens)
    room = window - prompt - prompt // 50 - MARGIN
    # Where the estimate sees no room, the backend shall judge: it counts exactly.
    return min(limit, max(room, least_room(window)))


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
