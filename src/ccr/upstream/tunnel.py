"""The CONNECT of an HTTP proxy (RFC 9110, 9.3.6), spoken on the bare socket before TLS begins."""

import asyncio
import socket

from ccr.upstream.address import Address, Proxy, bracketed
from ccr.upstream.failure import Failure, words_of

_ANSWER_LIMIT = 64 * 1024


async def open_tunnel(loop: asyncio.AbstractEventLoop, sock: socket.socket, address: Address, proxy: Proxy) -> None:
    """After this the socket leads to `address`. Raises Failure(phase="connect"); then the socket is closed."""
    try:
        await loop.sock_sendall(sock, _connect_request(address, proxy))
        _check(await _answer(loop, sock), address)
    except OSError as error:
        sock.close()
        raise Failure("connect", f"the proxy: {words_of(error)}") from None
    except BaseException:
        sock.close()
        raise


def _connect_request(address: Address, proxy: Proxy) -> bytes:
    place = f"{bracketed(address.host)}:{address.port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"host: {place}"]
    if proxy.authorization:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _answer(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = await loop.sock_recv(sock, 4096)
        if not data:
            raise Failure("connect", "the proxy closed the connection")
        answer += data
        if len(answer) > _ANSWER_LIMIT:
            raise Failure("connect", "the proxy does not speak HTTP")
    return answer


def _check(answer: bytes, address: Address) -> None:
    head, _, surplus = answer.partition(b"\r\n\r\n")
    version, _, status = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    if not version.startswith("HTTP/1."):
        raise Failure("connect", "the proxy does not speak HTTP")
    if not status.startswith("2"):
        raise Failure("connect", f"the proxy refused the connection to {address.authority} ({status[:80]})")
    if surplus:  # TLS begins with the client: these bytes are not the server's
        raise Failure("connect", "the proxy sent bytes of its own into the tunnel")
