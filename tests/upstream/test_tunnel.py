"""HTTP proxies: absolute form for http://, CONNECT for https://."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from tests.upstream.backend import CALM, OK, Backend, OwnClient, Peer, answering, ask
from tests.upstream.certificate import Certificate
from tests.upstream.conftest import Run
from tests.upstream.test_tcp import free_port

from ccr.upstream.client import Deadlines, Failure
from ccr.upstream.dial import tls_context


@pytest.fixture
def certificate(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Certificate]:
    certificate = Certificate(tmp_path_factory.mktemp("tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    tls_context.cache_clear()
    yield certificate
    tls_context.cache_clear()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def proxy_to(port: int, heads: list[bytes]) -> "Backend":
    """A proxy whose every tunnel leads to a local port."""

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await peer.send(b"HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n")
            await asyncio.gather(pipe(peer.reader, writer), pipe(reader, peer.writer))
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    return Backend(script)


def test_http_goes_to_the_proxy_in_absolute_form(run: Run) -> None:
    async def story() -> None:
        heads: list[bytes] = []

        async def script(peer: Peer) -> None:
            while True:
                heads.append(await peer.request())
                await peer.send(OK)

        async with Backend(script) as proxy, OwnClient() as client:
            for _ in range(2):
                via = f"http://me:pass@127.0.0.1:{proxy.port}"
                assert await ask(client, "http://model.internal:8000/v1?x=1", CALM, via) == b"ok"
            assert proxy.connections == 1
            line, host, *_ = heads[0].split(b"\r\n")
            assert line == b"POST http://model.internal:8000/v1?x=1 HTTP/1.1"
            assert host == b"host: model.internal:8000"
            assert b"\r\nproxy-authorization: Basic bWU6cGFzcw==\r\n" in heads[0]

    run(story())


def test_https_goes_through_a_tunnel_that_is_kept(run: Run, certificate: Certificate) -> None:
    async def story() -> None:
        heads: list[bytes] = []
        requests: list[bytes] = []

        async def script(peer: Peer) -> None:
            while True:
                requests.append(await peer.request())
                await peer.send(OK)

        async with (
            Backend(script, certificate.server()) as backend,
            proxy_to(backend.port, heads) as proxy,
            OwnClient() as client,
        ):
            for _ in range(2):
                via = f"http://me:pass@127.0.0.1:{proxy.port}"
                assert await ask(client, "https://localhost/v1", CALM, via) == b"ok"
            authorization = b"proxy-authorization: Basic bWU6cGFzcw=="
            assert heads == [b"CONNECT localhost:443 HTTP/1.1\r\nhost: localhost:443\r\n%s\r\n\r\n" % authorization]
            assert requests[0].startswith(b"POST /v1 HTTP/1.1\r\nhost: localhost\r\n")
            assert b"proxy-authorization" not in requests[0]

    run(story())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", r"refused .* model\.internal \(407 Proxy Auth"),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nbad", "502 Bad Gateway"),
        (b"SSH-2.0-x\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus", "bytes of its own"),
        (b"x" * 70_000, "does not speak HTTP"),
        (b"", "the proxy closed the connection"),
        (b"HTTP/1.1 200", "the proxy closed the connection"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_a_failure(run: Run, answer: bytes, words: str) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.head()
            await peer.send(answer)

        async with Backend(script) as proxy, OwnClient() as client:
            with pytest.raises(Failure, match=words) as caught:
                await ask(client, "https://model.internal/", CALM, f"http://me:pass@127.0.0.1:{proxy.port}")
            assert caught.value.phase == "connect"
            assert "pass@" not in caught.value.message

    run(story())


def test_a_proxy_that_is_not_there_is_named_as_such(run: Run) -> None:
    async def story() -> None:
        port = free_port()
        async with OwnClient() as client:
            for url in ("http://model.internal/", "https://model.internal/"):
                with pytest.raises(Failure, match=rf"the proxy cannot be reached: connection refused .*:{port}"):
                    await ask(client, url, CALM, f"http://me:pass@127.0.0.1:{port}")

    run(story())


def test_the_tunnel_counts_as_connecting_and_is_closed_in_time(run: Run) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.gone()
            gone.set()

        async with Backend(script) as proxy, OwnClient() as client:
            limits = Deadlines(connect=0.2, first=10, idle=10)
            with pytest.raises(Failure, match=r"no connection within 0\.2 s"):
                await ask(client, "https://model.internal/", limits, f"http://127.0.0.1:{proxy.port}")
            await asyncio.wait_for(gone.wait(), 1)

    run(story())


def test_direct_and_proxied_connections_are_not_mixed(run: Run) -> None:
    async def story() -> None:
        async with Backend(answering(OK)) as backend, Backend(answering(OK)) as proxy, OwnClient() as client:
            await ask(client, backend.url())
            await ask(client, backend.url(), CALM, f"http://127.0.0.1:{proxy.port}")
            await ask(client, backend.url())
            assert (backend.connections, proxy.connections) == (1, 1)

    run(story())
