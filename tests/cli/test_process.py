import os
import sys

from ccr.cli.process import Process, from_ps, is_npm_router, is_router, look_up
from tests.cli.world import foreign_process


def process(*arguments: str, uid: int | None = None) -> Process:
    return Process(1, os.getuid() if uid is None else uid, "", arguments, "x")


def test_a_living_process_is_found_with_its_arguments() -> None:
    with foreign_process("a b", "c") as other:
        found = look_up(other.pid)
    assert found is not None
    assert found.arguments[-2:] == ("a b", "c")
    assert found.uid == os.getuid()
    assert look_up(other.pid) is None


def test_a_zombie_does_not_live() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        assert look_up(pid) is None
        assert from_ps(pid) is None
    finally:
        os.waitpid(pid, 0)


def test_ps_tells_the_same_where_there_is_no_proc() -> None:
    with foreign_process("start") as other:
        found = from_ps(other.pid)
        again = from_ps(other.pid)
    assert found is not None
    assert found == again
    assert found.name == os.path.basename(sys.executable)
    assert found.arguments[-1] == "start"
    assert from_ps(other.pid) is None


def test_our_server_is_told_by_its_command_line() -> None:
    assert is_router(process("/venv/bin/python3", "/venv/bin/ccr", "start", "-p", "1"))
    assert is_router(process("/usr/bin/python3.12", "-P", "-m", "ccr", "start"))
    assert not is_router(process("/usr/bin/python3.12", "-P", "-m", "ccr", "code", "start"))
    assert not is_router(process("/usr/bin/node", "/usr/bin/ccr", "start"))
    assert not is_router(process("/usr/bin/vim", "/home/me/ccr", "start"))
    assert not is_router(process("/venv/bin/python3", "/venv/bin/ccr", "start", uid=os.getuid() + 1))
    assert not is_router(process())


def test_the_npm_tools_server_is_told_by_its_command_line() -> None:
    assert is_npm_router(process("/usr/bin/node", "/usr/lib/node_modules/@musistudio/x/dist/cli.js", "start"))
    assert is_npm_router(process("node", "/usr/bin/ccr", "start"))
    assert not is_npm_router(process("node", "server.js"))
