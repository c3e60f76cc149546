"""Google's errors: `{"error": {"code", "message", "status", "details"}}`; from streams also an array of that."""

import math
import re

import msgspec
from msgspec import Raw, Struct

from ccr.dialects.dialect import Learned
from ccr.dialects.error_body import Refusal, read_refusal
from ccr.dialects.refusals import Sent, judge, told
from ccr.errors import UpstreamError

LESSONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("thinkingLevel", ("thinking level", "thinking_level", "thinkinglevel")),
    ("thinkingBudget", ("budget",)),
    ("thinkingConfig", ("thinking",)),
    ("responseJsonSchema", ("mime type", "mime_type", "mimetype", "json schema", "json_schema", "json mode")),
)
"""What of `generationConfig` a request can do without, and the words by which it is refused: "Thinking level is not
supported for this model", "Budget 0 is invalid. This model only works in thinking mode", "Function calling with a
response mime type: 'application/json' is unsupported". The narrow ones first."""


class Detail(Struct, frozen=True, rename="camel"):
    retry_delay: str = ""
    """Of google.rpc.RetryInfo: seconds with an `s`."""
    reason: str = ""
    """Of google.rpc.ErrorInfo."""


class ErrorObject(Struct, frozen=True):
    details: tuple[Detail, ...] = ()


class ErrorBody(Struct):
    error: ErrorObject = ErrorObject()


def read(provider: str, status: int, headers: dict[str, str], body: bytes) -> Refusal:
    body = _out_of_array(body)
    refusal = read_refusal(provider, status, headers, body)
    text = re.sub(r"(\d+) \(exclusive\)", lambda match: str(int(match.group(1)) - 1), refusal.text)
    details = _details(body)
    if any(detail.reason == "API_KEY_INVALID" for detail in details):
        status = 401  # Google says 400
    delay = next((detail.retry_delay for detail in details if detail.retry_delay), "")
    advice = refusal.advice
    if "retry-after" not in advice and (seconds := _seconds(delay)):
        advice = {**advice, "retry-after": seconds}
    return msgspec.structs.replace(refusal, status=status, text=text, advice=advice)


def judge_refusal(refusal: Refusal, config: dict[str, object], sent: Sent, learned: Learned) -> UpstreamError:
    """The error to raise; `config` is the `generationConfig` that was sent."""
    if refusal.status == 400 and _learn(refusal.text.lower(), config, learned):
        failure = told(refusal)
        failure.retry = "same"
        return failure
    return judge(refusal, sent, learned)


def _learn(text: str, config: dict[str, object], learned: Learned) -> bool:
    thinking = config.get("thinkingConfig")
    names = {*config, *(thinking if isinstance(thinking, dict) else ())}
    for name, words in LESSONS:
        if name in names and name not in learned.omit and any(word in text for word in words):
            learned.omit.add(name)
            return True
    return False


def _out_of_array(body: bytes) -> bytes:
    if body.lstrip()[:1] != b"[":
        return body
    try:
        return bytes(msgspec.json.decode(body, type=list[Raw])[0])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError):
        return body


def _details(body: bytes) -> tuple[Detail, ...]:
    try:
        return msgspec.json.decode(body, type=ErrorBody).error.details
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def _seconds(delay: str) -> str:
    try:
        return str(math.ceil(float(delay.removesuffix("s")))) if delay else ""
    except (ValueError, OverflowError):
        return ""
