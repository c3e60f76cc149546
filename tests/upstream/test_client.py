"""The client against real sockets: requests, answers, encodings."""

import asyncio
import gzip

import pytest
from tests.upstream.backend import (
    CALM,
    CHUNKED,
    OK,
    Backend,
    OwnClient,
    Peer,
    answering,
    answering_once,
    ask,
    chunk,
    post,
)
from tests.upstream.conftest import Run

from ccr.upstream.client import Failure, Outbound


def test_a_stream_is_read_as_it_arrives(run: Run) -> None:
    async def story() -> None:
        read = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"one"))
            await read.wait()
            await peer.send(chunk(b"two"), b"0\r\n\r\n")

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            assert (response.status, response.header("transfer-encoding"), response.header("none")) == (
                200,
                "chunked",
                "",
            )
            assert await response.read() == b"one"
            read.set()
            assert await response.read_all(100) == b"two"
            assert await response.read() == b""

    run(story())


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
def test_bodies_of_any_size_arrive_whole(run: Run, size: int) -> None:
    async def story() -> None:
        body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        arrived: list[bytes] = []

        async def script(peer: Peer) -> None:
            arrived.append((await peer.request()).partition(b"\r\n\r\n")[2])
            await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size, body)

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url(), body), CALM)
            assert await response.read_all(size) == body
            assert arrived == [body]

    run(story())


def test_a_cut_body_gives_what_came_and_then_fails(run: Run) -> None:
    async def story() -> None:
        async with Backend(answering_once(CHUNKED + chunk(b"half"))) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            assert await response.read() == b"half"
            for _ in range(2):
                with pytest.raises(Failure, match="connection closed before the answer was complete") as caught:
                    await response.read()
                assert caught.value.phase == "body"

    run(story())


def test_a_body_without_length_ends_with_the_connection(run: Run) -> None:
    async def story() -> None:
        async with Backend(answering_once(b"HTTP/1.1 200 OK\r\n\r\nto the end")) as backend, OwnClient() as client:
            assert await ask(client, backend.url()) == b"to the end"

    run(story())


@pytest.mark.parametrize("status", [401, 413])
def test_an_answer_that_comes_while_we_still_send_counts(run: Run, status: int) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.head()
            await peer.send(b"HTTP/1.1 %d No\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno" % status)
            # unread bytes lie there: closing sends RST

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url(), bytes(30_000_000)), CALM)
            assert response.status == status
            assert await response.read_all(10) == b"no"

    run(story())


@pytest.mark.parametrize("coding", ["gzip", "X-GZIP", "identity"])
def test_compressed_answers_are_unpacked(run: Run, coding: str) -> None:
    async def story() -> None:
        text = b"data: hello\n\n" * 300_000
        body = text if coding == "identity" else gzip.compress(text)
        head = b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n" % (coding.encode(), len(body))
        async with Backend(answering_once(head, body)) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            assert await response.read_all(len(text)) == text
            assert (response.header("content-length") == "") == (coding != "identity")

    run(story())


def test_an_unknown_encoding_is_a_failure(run: Run) -> None:
    async def story() -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 2\r\n\r\nxx"
        async with Backend(answering_once(answer)) as backend, OwnClient() as client:
            with pytest.raises(Failure, match="content-encoding"):
                await client.send(post(backend.url()), CALM)

    run(story())


def test_read_all_stops_at_its_limit(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, *[chunk(bytes(1000))] * 50)
            await peer.gone()

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            with pytest.raises(Failure, match="longer than 20000 bytes"):
                await response.read_all(20_000)

    run(story())


def test_head_requests_have_no_body(run: Run) -> None:
    async def story() -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"
        async with Backend(answering(answer)) as backend, OwnClient() as client:
            for _ in range(2):
                response = await client.send(Outbound("HEAD", backend.url(), (), b""), CALM)
                assert await response.read() == b""

    run(story())


def test_redirects_are_not_followed_and_cookies_not_kept(run: Run) -> None:
    async def story() -> None:
        heads: list[bytes] = []

        async def script(peer: Peer) -> None:
            while True:
                heads.append(await peer.request())
                await peer.send(b"HTTP/1.1 302 Found\r\nlocation: /x\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n")

        async with Backend(script) as backend, OwnClient() as client:
            for _ in range(2):
                assert (await client.send(post(backend.url()), CALM)).status == 302
            assert len(heads) == 2
            assert b"cookie" not in heads[1].lower()

    run(story())


def test_environment_proxies_are_ignored(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with Backend(answering(OK)) as backend, OwnClient() as client:
            assert await ask(client, backend.url()) == b"ok"

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    run(story())


def test_what_cannot_be_sent_dials_nobody(run: Run) -> None:
    async def story() -> None:
        async with Backend(answering(OK)) as backend, OwnClient() as client:
            with pytest.raises(Failure) as caught:
                await client.send(post(backend.url(), b"", ("x", "a\r\nb: c")), CALM)
            assert caught.value.phase == "send"
            assert backend.connections == 0

    run(story())
