"""TCP to a name: its addresses tried in turn, the next one also when the last is slow (RFC 8305, "happy eyeballs").

Done here because uvloop has no happy eyeballs: with a dead IPv6 route every dial would spend its time limit on it.
"""

import asyncio
import errno
import itertools
import socket
from typing import Any

from ccr.upstream.address import bracketed
from ccr.upstream.failure import Failure, words_of

HEAD_START = 0.25
"""Seconds an address has before the next one is tried beside it (RFC 8305, 5)."""

Resolved = tuple[socket.AddressFamily, Any]
"""Family and socket address, as `getaddrinfo` gives them."""


async def connect(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    """A connected non-blocking socket, TCP_NODELAY and SO_KEEPALIVE set. Raises Failure(phase="connect")."""
    return await connect_any(loop, await _resolve(loop, host, port))


async def connect_any(loop: asyncio.AbstractEventLoop, addresses: list[Resolved]) -> socket.socket:
    """The same for resolved addresses, at least one, in order of preference."""
    if len(addresses) == 1:
        outcomes = [await _attempt(loop, addresses[0])]
    else:
        outcomes = await _race(loop, addresses)
    if isinstance(outcomes[-1], socket.socket):
        return outcomes[-1]
    raise _failure(addresses, [outcome for outcome in outcomes if isinstance(outcome, OSError)])


async def _resolve(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[Resolved]:
    try:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Failure("connect", f"the name {host} cannot be resolved") from None
    return _by_turns([(family, address) for family, _, _, _, address in found])


def _by_turns(addresses: list[Resolved]) -> list[Resolved]:
    """IPv6 and IPv4 alternate, beginning with the family the system prefers (RFC 8305, 4)."""
    preferred = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    pairs = itertools.zip_longest(preferred, others)
    return [one for pair in pairs for one in pair if one is not None]


async def _attempt(loop: asyncio.AbstractEventLoop, address: Resolved) -> socket.socket | OSError:
    try:
        sock = socket.socket(address[0], socket.SOCK_STREAM)
    except OSError as error:
        return error
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await loop.sock_connect(sock, address[1])
    except OSError as error:
        sock.close()
        return error
    except BaseException:
        sock.close()
        raise
    return sock


async def _race(loop: asyncio.AbstractEventLoop, addresses: list[Resolved]) -> list[socket.socket | OSError]:
    """Outcomes in order of their coming; the last one is a socket if any attempt succeeded."""
    attempts: set[asyncio.Task[socket.socket | OSError]] = set()
    outcomes: list[socket.socket | OSError] = []
    waiting = list(addresses)
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(loop.create_task(_attempt(loop, waiting.pop(0))))
            limit = HEAD_START if waiting else None
            done, _ = await asyncio.wait(attempts, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                attempts.discard(attempt)
                outcomes.append(attempt.result())
                if isinstance(outcomes[-1], socket.socket):
                    attempts |= done
                    attempts.discard(attempt)
                    return outcomes
    finally:
        for attempt in attempts:
            _drop(attempt)
    return outcomes


def _drop(attempt: asyncio.Task[socket.socket | OSError]) -> None:
    if not attempt.done():
        attempt.cancel()
        return
    outcome = attempt.result()
    if isinstance(outcome, socket.socket):
        outcome.close()


def _failure(addresses: list[Resolved], errors: list[OSError]) -> Failure:
    words = list(dict.fromkeys(words_of(error) for error in errors))
    places = ", ".join(f"{bracketed(address[0])}:{address[1]}" for _, address in addresses)
    timed_out = any(error.errno == errno.ETIMEDOUT for error in errors)
    return Failure("connect", f"{', '.join(words)} ({places})", timeout=timed_out)
