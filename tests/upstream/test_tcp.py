import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest
from tests.upstream.backend import OwnClient, ask
from tests.upstream.conftest import Run

from ccr.upstream.client import Deadlines, Failure
from ccr.upstream.tcp import Resolved, connect, connect_any


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue of connections is full: further ones are never answered."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(server.getsockname()[1])
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port


def local(port: int) -> Resolved:
    return socket.AF_INET, ("127.0.0.1", port)


def test_a_refused_connection_names_the_address(run: Run) -> None:
    async def story() -> None:
        port = free_port()
        with pytest.raises(Failure) as caught:
            await connect(asyncio.get_running_loop(), "127.0.0.1", port)
        assert (caught.value.phase, caught.value.message) == ("connect", f"connection refused (127.0.0.1:{port})")

    run(story())


def test_a_name_that_does_not_exist_is_said_to_be_so(run: Run) -> None:
    async def story() -> None:
        for host in ("foo.invalid", "a" * 64):
            with pytest.raises(Failure, match=f"^the name {host} cannot be resolved$"):
                await connect(asyncio.get_running_loop(), host, 80)

    run(story())


def test_localhost_reaches_a_server_of_either_family(run: Run) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        names = {one[0] for one in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if family not in names:
                continue
            with socket.create_server((host, 0), family=family) as server:
                (await connect(loop, "localhost", server.getsockname()[1])).close()

    run(story())


def test_ipv6_addresses_are_dialled_without_brackets_and_named_with(run: Run) -> None:
    async def story() -> None:
        try:
            server = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("no IPv6 here")
        port = server.getsockname()[1]
        server.close()
        async with OwnClient() as client:
            with pytest.raises(Failure, match=rf"connection refused \(\[::1\]:{port}\)"):
                await ask(client, f"http://[::1]:{port}/")

    run(story())


def test_the_next_address_is_tried_when_one_refuses(run: Run) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            addresses = [local(free_port()), local(server.getsockname()[1])]
            (await connect_any(asyncio.get_running_loop(), addresses)).close()

    run(story())


def test_the_next_address_is_tried_beside_one_that_is_silent(run: Run) -> None:
    async def story() -> None:
        with black_hole() as port, socket.create_server(("127.0.0.1", 0)) as server:
            addresses = [local(port), local(server.getsockname()[1])]
            (await asyncio.wait_for(connect_any(asyncio.get_running_loop(), addresses), 5)).close()

    run(story())


def test_when_all_refuse_all_are_named(run: Run) -> None:
    async def story() -> None:
        one, two = free_port(), free_port()
        with pytest.raises(Failure) as caught:
            await connect_any(asyncio.get_running_loop(), [local(one), local(two)])
        assert caught.value.message == f"connection refused (127.0.0.1:{one}, 127.0.0.1:{two})"

    run(story())


def test_the_time_for_connecting_is_limited(run: Run) -> None:
    async def story() -> None:
        with black_hole() as port:
            async with OwnClient() as client:
                with pytest.raises(Failure, match=r"^no connection within 0\.2 s$") as caught:
                    await ask(client, f"http://127.0.0.1:{port}/", Deadlines(connect=0.2, first=10, idle=10))
                assert (caught.value.phase, caught.value.timeout) == ("connect", True)

    run(story())


def test_sockets_send_at_once_and_watch_for_a_dead_peer(run: Run) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            sock = await connect(asyncio.get_running_loop(), "127.0.0.1", server.getsockname()[1])
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            sock.close()

    run(story())
