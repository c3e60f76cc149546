"""Each deadline in its phase, on the real clock in small numbers."""

import asyncio

import pytest
from tests.upstream.backend import CHUNKED, Backend, OwnClient, Peer, ask, chunk, post
from tests.upstream.conftest import Run

from ccr.upstream.client import Deadlines, Failure
from ccr.upstream.deadline import COARSEST, Sweep


def test_no_answer_in_time(run: Run) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.gone()
            gone.set()

        async with Backend(script) as backend, OwnClient() as client:
            with pytest.raises(Failure, match=r"^no answer within 0\.1 s$") as caught:
                await ask(client, backend.url(), Deadlines(connect=10, first=0.1, idle=10))
            assert (caught.value.phase, caught.value.timeout) == ("head", True)
            await asyncio.wait_for(gone.wait(), 1)

    run(story())


def test_pings_do_not_put_off_the_deadline_of_the_first_content(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            while True:
                await peer.send(chunk(b": ping\n\n"))
                await asyncio.sleep(0.02)

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), Deadlines(connect=10, first=0.2, idle=10))
            with pytest.raises(Failure, match=r"no content within 0\.2 s") as caught:
                await response.read_all(1_000_000)
            assert (caught.value.phase, caught.value.timeout) == ("body", True)

    run(story())


def test_silence_after_content_is_limited(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"x"))
            await peer.gone()

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), Deadlines(connect=10, first=10, idle=0.1))
            assert await response.read() == b"x"
            response.content_started()
            with pytest.raises(Failure, match=r"nothing received for 0\.1 s") as caught:
                await response.read()
            assert caught.value.timeout

    run(story())


def test_a_stream_longer_than_every_deadline_is_no_failure(run: Run) -> None:
    async def story() -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            for _ in range(40):
                await peer.send(chunk(b"x"))
                await asyncio.sleep(0.02)
            await peer.send(b"0\r\n\r\n")

        async with Backend(script) as backend, OwnClient() as client:
            response = await client.send(post(backend.url()), Deadlines(connect=10, first=0.4, idle=0.4))
            body = await response.read()
            response.content_started()
            assert body + await response.read_all(1000) == b"x" * 40

    run(story())


def test_a_sweep_comes_as_soon_as_the_shortest_wish_and_rests_when_told(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        calls: list[float] = []
        rested = asyncio.Event()

        def tick(now: float) -> float | None:
            calls.append(now)
            if len(calls) < 3:
                return 0.01
            rested.set()
            return None

        begin = loop.time()
        sweep = Sweep(loop, tick)
        sweep.within(100)
        sweep.within(0.01)
        sweep.within(50)
        await rested.wait()
        assert loop.time() - begin < 5
        assert len(calls) == 3
        sweep.stop()

    run(story())


def test_sweeps_are_never_rarer_than_the_coarsest_step() -> None:
    assert Deadlines(connect=10, first=600, idle=180).step == COARSEST
    assert Deadlines(connect=10, first=600, idle=0.4).step == 0.1
