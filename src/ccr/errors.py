"""What can go wrong, and how the client is told.

    CcrError
    ├── ClientError      what Claude Code is told: a status, an Anthropic error type, a sentence
    ├── UpstreamError    what a backend (or the way to it) did; becomes a ClientError when no target is left
    └── ConfigError      the user's file: path, sentence, hint

One function, `error_object`, writes the Anthropic error object: as a JSON body before the answer is committed,
as an SSE `error` event after it.
"""

from typing import Literal

import msgspec

ErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
]
"""The error types of the Messages API (docs.anthropic.com, "Errors"). No other may reach the client."""

STATUS: dict[ErrorType, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that belongs to each type."""

Phase = Literal["connect", "tls", "send", "head", "body"]
"""Where an attempt failed: dialling, TLS handshake, sending the request, waiting for the head, reading the body."""

Retry = Literal["never", "same", "next"]
"""What may cure a failure: nothing, the same target with an adapted request, or the next target of the plan."""


def type_of_status(status: int) -> ErrorType:
    """The Anthropic type that goes with an HTTP status of another vendor."""
    for error_type, code in STATUS.items():
        if code == status:
            return error_type
    if status in (408, 504):
        return "timeout_error"
    if status == 503:
        return "overloaded_error"
    return "invalid_request_error" if 400 <= status < 500 else "api_error"


class CcrError(Exception):
    """Base of all errors of this package."""


class ClientError(CcrError):
    """What Claude Code is told: status, Anthropic error type, one sentence, and response headers if any."""

    def __init__(
        self, error_type: ErrorType, message: str, *, status: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.error_type: ErrorType = error_type
        self.message = message
        self.status = status or STATUS[error_type]
        self.headers = headers or {}
        """Extra response headers, such as `retry-after` (whole seconds) and `x-should-retry` (true, false)."""
        self.log_text = message
        """What the log may say of it."""


class UpstreamError(CcrError):
    """A backend refused, failed or vanished. `retry` is decided by the raiser and obeyed by the attempt loop."""

    def __init__(
        self,
        provider: str,
        phase: Phase,
        message: str,
        *,
        retry: Retry = "next",
        error_type: ErrorType = "api_error",
        status: int | None = None,
        headers: dict[str, str] | None = None,
        quotes: bool = True,
    ) -> None:
        """`quotes`: the message holds words of the backend, which may hold the prompt."""
        super().__init__(message)
        self.provider = provider
        self.phase: Phase = phase
        self.message = message
        self.retry: Retry = retry
        self.error_type: ErrorType = error_type
        self.status = status
        """The status for the client; None: the one that belongs to the type (502 for `api_error`)."""
        self.headers = headers or {}
        self.quotes = quotes

    def for_client(self) -> ClientError:
        """The same failure as the client is told it."""
        status = self.status or (502 if self.error_type == "api_error" else STATUS[self.error_type])
        told = ClientError(self.error_type, self.message, status=status, headers=self.headers)
        if self.quotes:
            told.log_text = f"provider {self.provider} answered with an error: {self.error_type}, told as {status}."
        return told


class ConfigError(CcrError):
    """A mistake in the user's configuration: where it stands, what is wrong, what to do."""

    def __init__(self, path: str, message: str, hint: str = "") -> None:
        super().__init__(f"{path}: {message}" + (f" ({hint})" if hint else ""))
        self.path = path
        self.message = message
        self.hint = hint


def error_object(error_type: ErrorType, message: str, request_id: str) -> bytes:
    """The Anthropic error object as JSON (docs.anthropic.com, "Error shapes")."""
    return msgspec.json.encode(
        {"type": "error", "error": {"type": error_type, "message": message}, "request_id": request_id}
    )


def error_event(error_type: ErrorType, message: str, request_id: str) -> bytes:
    """The same as an SSE event, for a stream that is already under way."""
    return b"event: error\ndata: " + error_object(error_type, message, request_id) + b"\n\n"
