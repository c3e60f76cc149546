"""Which connection a request goes out on: kept, stale, spoiled by surplus bytes, new."""

import asyncio
import socket

import pytest
from tests.upstream.backend import (
    OK,
    Backend,
    OwnClient,
    Peer,
    answering,
    ask,
)
from tests.upstream.conftest import Run

from ccr.upstream.client import Failure


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
