"""What can go wrong between us and a backend, in words that fit behind a provider's name."""

import errno
import os
import ssl

from ccr.errors import CcrError, Phase


class Failure(CcrError):
    """An attempt failed on the way; no complete answer exists.

    `phase`: where; `send` is a request that cannot be sent at all (a bad URL or header value): nothing was dialled.
    `timeout`: one of the deadlines passed. `message`: a lower-case fragment such as "connection refused
    (127.0.0.1:8000)"; it never holds credentials.
    """

    def __init__(self, phase: Phase, message: str, *, timeout: bool = False) -> None:
        super().__init__(message)
        self.phase: Phase = phase
        self.timeout = timeout
        self.message = message


class Unanswered(Failure):
    """The connection ended before any byte of the answer: on a reused connection the request may be sent once more."""


_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ECONNABORTED: "connection aborted",
    errno.ETIMEDOUT: "connection timed out",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EADDRNOTAVAIL: "no local address for this connection",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}


def words_of(error: BaseException) -> str:
    """An operating system error in a few lower-case words."""
    if isinstance(error, ssl.SSLError):  # its errno is OpenSSL's, not the system's
        return f"TLS failed ({(error.reason or 'unknown reason').replace('_', ' ').lower()})"
    number = error.errno if isinstance(error, OSError) else None
    if number is None:
        return "connection reset" if isinstance(error, ConnectionError) else "connection lost"
    return _WORDS.get(number) or os.strerror(number).lower()
