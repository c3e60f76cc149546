"""TLS: trusted, refused, not spoken, left."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.upstream.backend import CALM, CHUNKED, OK, Backend, OwnClient, Peer, answering, ask, chunk, post
from tests.upstream.certificate import Certificate
from tests.upstream.conftest import Run

from ccr.upstream.client import Deadlines, Failure
from ccr.upstream.dial import tls_context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def _context_of_each_test() -> Iterator[None]:
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    return certificate


def test_a_trusted_server_is_spoken_to_on_one_kept_connection(run: Run, trusted: Certificate) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            assert peer.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            while True:
                await peer.request()
                await peer.send(OK)

        async with Backend(script, trusted.server()) as backend, OwnClient() as client:
            for _ in range(5):
                assert await ask(client, backend.url()) == b"ok"
            assert backend.connections == 1
            assert await ask(client, f"https://localhost:{backend.port}/") == b"ok"

    run(story())


def test_large_bodies_pass_both_ways(run: Run, trusted: Certificate) -> None:
    async def story() -> None:
        body = bytes(range(256)) * 20_000

        async def script(peer: Peer) -> None:
            sent = (await peer.request()).partition(b"\r\n\r\n")[2]
            await peer.send(CHUNKED, *(chunk(sent[at : at + 50_000]) for at in range(0, len(sent), 50_000)))
            await peer.send(b"0\r\n\r\n")

        async with Backend(script, trusted.server()) as backend, OwnClient() as client:
            response = await client.send(post(backend.url(), body), CALM)
            assert await response.read_all(len(body)) == body

    run(story())


def test_a_certificate_nobody_vouches_for_is_refused(run: Run, certificate: Certificate) -> None:
    async def story() -> None:
        async with Backend(answering(OK), certificate.server()) as backend, OwnClient() as client:
            with pytest.raises(Failure) as caught:
                await ask(client, backend.url())
            assert caught.value.phase == "tls"
            assert caught.value.message.startswith("the certificate of 127.0.0.1 is not accepted (self")

    run(story())


def test_a_certificate_of_another_name_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with Backend(answering(OK), other.server()) as backend, OwnClient() as client:
            with pytest.raises(Failure, match=r"the certificate of 127\.0\.0\.1 is not accepted .*mismatch") as caught:
                await ask(client, backend.url())
            assert caught.value.phase == "tls"

    other = Certificate(tmp_path, "DNS:other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.file))
    run(story())


def test_a_server_without_tls_is_said_to_be_so(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.reader.read(1)
            await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await peer.gone()

        async with Backend(script) as backend, OwnClient() as client:
            with pytest.raises(Failure, match="does not speak TLS") as caught:
                await ask(client, f"https://127.0.0.1:{backend.port}/")
            assert caught.value.phase == "tls"

    run(story())


def test_a_connection_that_ends_in_the_handshake_is_a_tls_failure(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.reader.read(1)

        async with Backend(script) as backend, OwnClient() as client:
            with pytest.raises(Failure) as caught:
                await ask(client, f"https://127.0.0.1:{backend.port}/")
            assert caught.value.phase == "tls"
            assert "handshake" in caught.value.message

    run(story())


def test_a_silent_handshake_counts_as_connecting(run: Run) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.gone()
            gone.set()

        async with Backend(script) as backend, OwnClient() as client:
            with pytest.raises(Failure, match=r"no connection within 0\.2 s") as caught:
                await ask(client, f"https://127.0.0.1:{backend.port}/", Deadlines(connect=0.2, first=10, idle=10))
            assert caught.value.timeout
            await asyncio.wait_for(gone.wait(), 1)

    run(story())


def test_cancelling_while_dialling_closes_within_a_second(run: Run) -> None:
    async def story() -> None:
        begun, gone = asyncio.Event(), asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.reader.read(1)
            begun.set()
            await peer.gone()
            gone.set()

        async with Backend(script) as backend, OwnClient() as client:
            task = asyncio.create_task(ask(client, f"https://127.0.0.1:{backend.port}/"))
            await begun.wait()
            task.cancel()
            await asyncio.wait_for(gone.wait(), 1)
            with pytest.raises(asyncio.CancelledError):
                await task

    run(story())


def test_closing_a_tls_answer_half_way_closes_within_a_second(run: Run, trusted: Certificate) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"x"))
            await peer.gone()
            gone.set()

        async with Backend(script, trusted.server()) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            assert await response.read() == b"x"
            response.close()
            await asyncio.wait_for(gone.wait(), 1)

    run(story())


def test_certificates_are_read_once_and_only_http_1_1_is_offered() -> None:
    context = tls_context()
    assert tls_context() is context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_trust_file_of_the_environment_is_used(trusted: Certificate) -> None:
    assert Path(ssl.get_default_verify_paths().cafile or "") == trusted.file
    assert len(tls_context().get_ca_certs()) >= 1
