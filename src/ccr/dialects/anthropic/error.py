"""Anthropic's own form of an error."""

import msgspec
from msgspec import Struct

from ccr.errors import STATUS


class _ErrorDetail(Struct):
    type: str
    message: str


class _ErrorBody(Struct):
    error: _ErrorDetail
    type: str


def anthropic_error(body: bytes) -> _ErrorBody | None:
    """The error, when it has Anthropic's form and one of Anthropic's types."""
    try:
        error = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return error if error.type == "error" and error.error.type in STATUS else None
