import os
import shutil
import socket

import pytest

from ccr.cli.port_owner import from_lsof, port_owner
from tests.cli.world import free_port


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_listener_is_named(family: socket.AddressFamily, host: str) -> None:
    with socket.create_server((host, 0), family=family) as server:
        assert port_owner(server.getsockname()[1]).startswith(f"process {os.getpid()} (")


def test_nobody_is_named_where_nobody_listens() -> None:
    assert port_owner(free_port()) == ""


@pytest.mark.skipif(shutil.which("lsof") is None, reason="lsof is not installed")
def test_lsof_tells_the_same_where_there_is_no_proc() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert from_lsof(server.getsockname()[1]).startswith(f"process {os.getpid()} (")
    assert from_lsof(free_port()) == ""
