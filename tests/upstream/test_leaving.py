"""Readers that are slow, leave early or take arrivals in the socket's own call; clients that are closed."""

import asyncio
import gc
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
    ask,
    chunk,
    post,
)
from tests.upstream.conftest import Run

from ccr.upstream.client import Deadlines, Failure


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
