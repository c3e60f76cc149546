"""Thought signatures: on which part Gemini puts them, and where the client keeps them for us.

Gemini signs parts: the first function call of a step, a text, a thought. It wants each signature back on its very
part, and Gemini 3 refuses a call that comes back without (ai.google.dev/gemini-api/docs/thought-signatures). What the
client keeps unread and sends back is the signature of a thinking block, so that says whose signature it holds:

    ccr-thinking-v1:gemini            a thought without a signature
    ccr-thinking-v1:gemini:own:<s>    a thought, and its signature
    ccr-thinking-v1:gemini:next:<s>   a thought, or nothing to read; the signature is that of the part behind the block

Measured with Claude Code 2.1.197 and 2.1.330: thinking without text is kept with its signature. But thinking behind the
last text makes `claude -p` print an empty result: a signature that comes after its text has begun is not kept. (It is
recommended there, not required.)
"""

from msgspec import Struct

from ccr.dialects.signature import PREFIX

THOUGHT = "gemini"
_OWN = "gemini:own:"
_NEXT = "gemini:next:"

UNSIGNED = "skip_thought_signature_validator"
"""Google's word for a call that another model made, in place of its signature (same page: "FAQs")."""


class Mark(Struct, frozen=True):
    own: str = ""
    next: str = ""


def own(signature: str) -> str:
    return _OWN + signature


def of_next(signature: str) -> str:
    return _NEXT + signature


def read_mark(signature: str) -> Mark | None:
    """None: this thinking is not Gemini's."""
    mark = signature.removeprefix(PREFIX)
    if len(mark) == len(signature):
        return None
    if mark == THOUGHT:
        return Mark()
    if mark.startswith(_OWN):
        return Mark(own=mark[len(_OWN) :])
    if mark.startswith(_NEXT):
        return Mark(next=mark[len(_NEXT) :])
    return None
