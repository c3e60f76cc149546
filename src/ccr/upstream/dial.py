"""From a name to a connection: DNS, TCP, the proxy's CONNECT, TLS. The caller limits the time of all of it."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import cache

from ccr.upstream.address import Address, Proxy
from ccr.upstream.connection import Connection
from ccr.upstream.failure import Failure, words_of
from ccr.upstream.tcp import connect
from ccr.upstream.tunnel import open_tunnel


async def dial(
    loop: asyncio.AbstractEventLoop, address: Address, proxy: Proxy | None, make: Callable[[], Connection]
) -> Connection:
    """A new connection made by `make`. Raises Failure(phase="connect" or "tls"); cancelled, nothing stays open."""
    sock = await connect(loop, address.host, address.port) if proxy is None else await _to_proxy(loop, proxy)
    if address.scheme == "https":
        return await _secured(loop, sock, address, proxy, make)
    _, connection = await loop.create_connection(make, sock=sock)
    return connection


@cache
def tls_context() -> ssl.SSLContext:
    """The system's trusted certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR. Read once: it takes 20 ms."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _secured(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    address: Address,
    proxy: Proxy | None,
    make: Callable[[], Connection],
) -> Connection:
    if proxy is not None:
        await open_tunnel(loop, sock, address, proxy)
    try:
        # from here on the loop owns the socket, also when this fails
        _, connection = await loop.create_connection(make, sock=sock, ssl=tls_context(), server_hostname=address.host)
    except ssl.SSLError as error:
        raise Failure("tls", _tls_words(error, address)) from None
    except OSError as error:
        raise Failure("tls", f"{words_of(error)} during the TLS handshake with {address.authority}") from None
    return connection


async def _to_proxy(loop: asyncio.AbstractEventLoop, proxy: Proxy) -> socket.socket:
    try:
        return await connect(loop, proxy.host, proxy.port)
    except Failure as failure:
        raise Failure("connect", f"the proxy cannot be reached: {failure.message}", timeout=failure.timeout) from None


def _tls_words(error: ssl.SSLError, address: Address) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {address.host} is not accepted ({error.verify_message.rstrip('.')})"
    reason = (error.reason or "handshake failure").replace("_", " ").lower()
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return f"{address.authority} does not speak TLS (is it an http:// address?)"
    return f"the TLS handshake with {address.authority} failed ({reason})"
