"""The client against real sockets: reuse of connections, stale ones, encodings, closing."""

import asyncio
import gc
import gzip
import socket
from collections.abc import Callable

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

from ccr.upstream.client import Deadlines, Failure, Outbound


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


def test_connections_are_kept_and_used_again(run: Run) -> None:
    async def story() -> None:
        async with Backend(answering(OK)) as backend, OwnClient() as client:
            for _ in range(20):
                assert await ask(client, backend.url()) == b"ok"
            assert backend.connections == 1

    run(story())


def test_requests_at_the_same_time_have_a_connection_each_without_limit(run: Run) -> None:
    async def story() -> None:
        everyone = asyncio.Barrier(150)

        async def script(peer: Peer) -> None:
            while True:
                await peer.request()
                await everyone.wait()
                await peer.send(OK)

        async with Backend(script) as backend, OwnClient() as client:
            for _ in range(2):
                bodies = await asyncio.gather(*(ask(client, backend.url()) for _ in range(150)))
                assert bodies == [b"ok"] * 150
            assert backend.connections == 150

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


def test_a_kept_connection_that_ends_as_the_request_arrives_is_replaced_once(run: Run) -> None:
    for end in ("close", "reset"):

        async def story(end: str = end) -> None:
            requests: list[int] = []

            async def script(peer: Peer) -> None:
                await peer.request()
                requests.append(peer.number)
                await peer.send(OK)
                await peer.request()
                requests.append(peer.number)
                peer.close() if end == "close" else peer.reset()

            async with Backend(script) as backend, OwnClient() as client:
                assert await ask(client, backend.url()) == b"ok"
                assert await ask(client, backend.url()) == b"ok"
                assert requests == [1, 1, 2]

        run(story())


def test_a_kept_connection_that_ended_meanwhile_is_not_used(run: Run) -> None:
    for end in ("close", "reset"):

        async def story(end: str = end) -> None:
            async def script(peer: Peer) -> None:
                await peer.request()
                await peer.send(OK)
                if peer.number == 1:
                    peer.close() if end == "close" else peer.reset()
                else:
                    await peer.gone()

            async with Backend(script) as backend, OwnClient() as client:
                assert await ask(client, backend.url()) == b"ok"
                assert await ask(client, backend.url()) == b"ok"
                assert backend.connections == 2

        run(story())


def test_a_new_connection_that_ends_without_an_answer_is_a_failure(run: Run) -> None:
    for end, words in (("close", "connection closed before any answer"), ("reset", "connection reset before")):

        async def story(end: str = end, words: str = words) -> None:
            async def script(peer: Peer) -> None:
                await peer.request()
                peer.close() if end == "close" else peer.reset()

            async with Backend(script) as backend, OwnClient() as client:
                with pytest.raises(Failure, match=words) as caught:
                    await ask(client, backend.url())
                assert (caught.value.phase, caught.value.timeout) == ("head", False)
                assert backend.connections == 1

        run(story())


def test_the_replacement_of_a_stale_connection_is_not_replaced_again(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            if peer.number == 1:
                await peer.send(OK)
                await peer.request()

        async with Backend(script) as backend, OwnClient() as client:
            assert await ask(client, backend.url()) == b"ok"
            with pytest.raises(Failure, match="before any answer"):
                await ask(client, backend.url())
            assert backend.connections == 2

    run(story())


def test_after_the_first_byte_of_an_answer_nothing_is_sent_again(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(OK)
            await peer.request()
            await peer.send(b"H")

        async with Backend(script) as backend, OwnClient() as client:
            assert await ask(client, backend.url()) == b"ok"
            with pytest.raises(Failure, match="before the answer was complete"):
                await ask(client, backend.url())
            assert backend.connections == 1

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


def test_surplus_bytes_never_reach_the_next_request(run: Run) -> None:
    async def story() -> None:
        evil = OK.replace(b"ok", b"no")

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(OK + evil if peer.number == 1 else OK)
            await peer.gone()

        async with Backend(script) as backend, OwnClient() as client:
            assert await ask(client, backend.url()) == b"ok"
            assert await ask(client, backend.url()) == b"ok"
            assert backend.connections == 2

    run(story())


def test_surplus_bytes_that_come_while_idle_never_reach_the_next_request(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = OwnClient()
            server.setblocking(False)
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            first = asyncio.create_task(ask(client, url))
            one, _ = await loop.sock_accept(server)
            await loop.sock_recv(one, 65536)
            await loop.sock_sendall(one, OK)
            assert await first == b"ok"
            # No turn of the loop lies between these bytes and the next request.
            one.send(OK.replace(b"ok", b"no"))
            second = asyncio.create_task(ask(client, url))
            two, _ = await loop.sock_accept(server)
            await loop.sock_recv(two, 65536)
            await loop.sock_sendall(two, OK)
            assert await second == b"ok"
            one.close()
            two.close()
            client.close()

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


def test_a_slow_reader_stops_the_server_and_no_deadline_fires(run: Run) -> None:
    async def story() -> None:
        stopped = asyncio.Event()
        total = 64 * 1024 * 1024

        async def script(peer: Peer) -> None:
            await peer.request()
            peer.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
            for _ in range(total // 65536):
                peer.writer.write(bytes(65536))
                try:
                    await asyncio.wait_for(peer.writer.drain(), 0.5)
                except TimeoutError:
                    stopped.set()
                    await peer.writer.drain()
            await peer.gone()

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), Deadlines(connect=10, first=60, idle=0.2))
            response.content_started()
            await stopped.wait()
            assert len(await response.read_all(total)) == total

    run(story())


def test_closing_a_response_closes_the_connection_and_nothing_else(run: Run) -> None:
    async def story() -> None:
        gone: list[int] = []

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"x"))
            await peer.gone()
            gone.append(peer.number)

        async with Backend(script) as backend, OwnClient() as client:
            one = await client.send(post(backend.url()), CALM)
            two = await client.send(post(backend.url()), CALM)
            one.close()
            one.close()
            await until(lambda: gone == [1])
            assert await two.read() == b"x"

    run(story())


def test_closing_after_the_end_leaves_the_connection_alive(run: Run) -> None:
    async def story() -> None:
        async with Backend(answering(OK)) as backend, OwnClient() as client:
            for _ in range(3):
                response = await client.send(post(backend.url()), CALM)
                assert await response.read_all(10) == b"ok"
                response.close()
            assert backend.connections == 1

    run(story())


def test_a_response_that_is_dropped_unread_closes_its_connection(run: Run) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"x"))
            await peer.gone()
            gone.set()

        async with Backend(script) as backend, OwnClient() as client:
            await client.send(post(backend.url()), CALM)
            gc.collect()
            await asyncio.wait_for(gone.wait(), 1)

    run(story())


@pytest.mark.parametrize("answer", [b"", CHUNKED, CHUNKED + chunk(b"x")], ids=["no answer", "head", "body"])
def test_cancelling_closes_the_connection_within_a_second(run: Run, answer: bytes) -> None:
    async def story() -> None:
        answered, gone = asyncio.Event(), asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(answer)
            answered.set()
            await peer.gone()
            gone.set()

        async with Backend(script) as backend, OwnClient() as client:
            task = asyncio.create_task(ask(client, backend.url()))
            await answered.wait()
            task.cancel()
            await asyncio.wait_for(gone.wait(), 1)
            with pytest.raises(asyncio.CancelledError):
                await task

    run(story())


def test_a_reader_cancelled_at_the_end_does_not_harm_the_next_request(run: Run) -> None:
    async def story() -> None:
        finish = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            await finish.wait()
            await peer.send(b"0\r\n\r\n")
            await peer.request()
            await peer.send(OK)

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            reader = asyncio.create_task(response.read())
            finish.set()
            await until(lambda: response._exchange.is_complete)
            reader.cancel()
            assert await ask(client, backend.url()) == b"ok"
            assert backend.connections == 1

    run(story())


def test_closing_the_client_ends_everything(run: Run) -> None:
    async def story() -> None:
        gone: list[int] = []

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED if peer.number == 1 else OK)
            await peer.gone()
            gone.append(peer.number)

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            assert await ask(client, backend.url()) == b"ok"
            client.close()
            with pytest.raises(Failure, match="closed on our side"):
                await response.read()
            await until(lambda: sorted(gone) == [1, 2])
            with pytest.raises(Failure, match="the client is closed"):
                await ask(client, backend.url())

    run(story())


def test_arrivals_are_handed_over_in_the_call_of_the_socket(run: Run) -> None:
    async def story() -> None:
        seen: list[bytes] = []
        next_one = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            for piece in (b"one", b"two", b"three", b"last"):
                await next_one.wait()
                next_one.clear()
                await peer.send(chunk(piece) + (b"0\r\n\r\n" if piece == b"last" else b""))

        def take(data: bytes) -> bool:
            seen.append(data)
            next_one.set()
            return data != b"two"

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            next_one.set()
            await response.each(take)
            assert seen == [b"one", b"two"]
            assert await response.read() == b"three"
            next_one.set()
            await response.each(take)
            # What comes with the end is left to read(), which alone tells a whole answer from a cut one.
            assert seen == [b"one", b"two"]
            assert await response.read_all(100) == b"last"

    run(story())


def test_cancelling_a_hand_over_closes_the_connection_within_a_second(run: Run) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            await peer.gone()
            gone.set()

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            task = asyncio.create_task(response.each(lambda _: True))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait_for(gone.wait(), 1)
            with pytest.raises(asyncio.CancelledError):
                await task

    run(story())


def test_a_cut_ends_the_hand_over_and_read_tells_it(run: Run) -> None:
    async def story() -> None:
        seen: list[bytes] = []
        go = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            await go.wait()
            await peer.send(chunk(b"x"))

        def take(data: bytes) -> bool:
            seen.append(data)
            return True

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), CALM)
            go.set()
            await response.each(take)
            assert seen == [b"x"]
            with pytest.raises(Failure, match="before the answer was complete"):
                await response.read()

    run(story())


async def until(fact: Callable[[], bool]) -> None:
    """Poll a fact; `run` limits the time."""
    while not fact():  # noqa: ASYNC110 -- facts of the code under test, which sets no events for tests
        await asyncio.sleep(0.001)
