import os
import signal
import subprocess
import sys

from ccr.cli.health import ask
from tests.cli.world import World, foreign_process, until

STOPPED = "claude code router service has been successfully stopped.\n"
FAILED = "Failed to stop the service. It may have already been stopped.\n"


def test_stop_ends_the_server_and_waits_until_it_is_gone(world: World) -> None:
    world.ccr("start", "-d")
    pid = world.pid()
    assert pid is not None
    stopped = world.ccr("stop")
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, STOPPED, "")
    assert ask("127.0.0.1", world.port) is None
    assert world.leftovers() == set()


def test_stop_without_a_server_says_so_and_exits_0(world: World) -> None:
    stopped = world.ccr("stop")
    assert (stopped.returncode, stopped.stdout) == (0, FAILED)


def test_stop_removes_a_stale_pid_file(world: World) -> None:
    with foreign_process() as gone:
        pass
    world.pid_file.write_text(str(gone.pid))
    stopped = world.ccr("stop")
    assert (stopped.returncode, stopped.stdout) == (0, FAILED)
    assert world.leftovers() == set()


def test_stop_leaves_a_recycled_pid_alone(world: World) -> None:
    with foreign_process() as other:
        world.pid_file.write_text(str(other.pid))
        stopped = world.ccr("stop")
        assert other.poll() is None
    assert (stopped.returncode, stopped.stdout) == (0, FAILED)
    assert f"process {other.pid} (python" in stopped.stderr
    assert world.leftovers() == set()


def test_stop_leaves_a_recycled_pid_alone_that_looks_like_ours(world: World) -> None:
    world.ccr("start", "-d")
    pid = world.pid()
    state = world.state_file.read_text()
    world.ccr("stop")
    with foreign_process("/usr/bin/ccr", "start") as other:
        world.pid_file.write_text(str(other.pid))
        world.state_file.write_text(state.replace(f'"pid": {pid}', f'"pid": {other.pid}'))
        world.ccr("stop")
        assert other.poll() is None


def test_stop_names_the_npm_tools_server_and_leaves_it_alone(world: World) -> None:
    node = world.bin / "node"
    node.symlink_to(sys.executable)
    command = [str(node), "-c", "import sys; sys.stdin.read()", "/usr/lib/node_modules/x/dist/cli.js", "start"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as npm:
        world.pid_file.write_text(str(npm.pid))
        stopped = world.ccr("stop")
        assert npm.poll() is None
        npm.kill()
    assert stopped.returncode == 1
    assert f"process {npm.pid} (node)" in stopped.stderr
    assert "npm" in stopped.stderr
    assert world.pid_file.exists()


def test_stop_finds_the_server_without_its_pid_file(world: World) -> None:
    world.ccr("start", "-d")
    world.pid_file.unlink()
    world.state_file.unlink()
    stopped = world.ccr("stop")
    assert (stopped.returncode, stopped.stdout) == (0, STOPPED)


def test_stop_ends_a_server_that_does_not_answer(world: World) -> None:
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        server.send_signal(signal.SIGSTOP)
        status = world.ccr("status")
        assert status.returncode == 1
        assert "Not Answering" in status.stdout
        stopping = subprocess.Popen(
            [sys.executable, "-m", "ccr", "stop"], env=world.environ, stdout=subprocess.PIPE, text=True
        )
        with stopping:
            os.kill(server.pid, signal.SIGCONT)
            out, _ = stopping.communicate(timeout=30)
        assert (stopping.returncode, out) == (0, STOPPED)
        assert server.wait(5) == 0


def test_a_pid_file_with_nonsense_in_it_is_no_server(world: World) -> None:
    world.pid_file.write_text("-1 or so")
    assert world.ccr("stop").stdout == FAILED
    assert world.ccr("status").returncode == 1
