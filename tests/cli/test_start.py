import contextlib
import json
import signal
import socket
import subprocess
import sys

import pytest

from ccr.cli.health import ask
from tests.cli.world import World, foreign_process, until


def test_foreground_start_says_what_it_loaded_and_where_it_listens(world: World) -> None:
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        server.send_signal(signal.SIGTERM)
        out, _ = server.communicate(timeout=20)
    assert out.splitlines()[0] == f"Loaded JSON config from: {world.config_file}"
    assert world.url in out.splitlines()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_exit_0_and_no_files(world: World, number: signal.Signals) -> None:
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        server.send_signal(number)
        assert server.wait(20) == 0
    assert world.leftovers() == set()


def test_a_signal_right_after_the_pid_file_leaves_no_files(world: World) -> None:
    with world.foreground() as server:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    assert world.leftovers() == set()


def test_a_second_signal_stops_at_once_and_leaves_no_files(world: World) -> None:
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        with socket.create_connection(("127.0.0.1", world.port)) as client:  # keeps the server waiting
            client.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 10\r\n\r\n")
            server.send_signal(signal.SIGTERM)
            until(lambda: ask("127.0.0.1", world.port) is None)
            server.send_signal(signal.SIGTERM)
            server.wait(5)
    assert world.leftovers() == set()


def test_after_a_kill_it_starts_again(world: World) -> None:
    with world.foreground() as server:
        server.kill()
        server.wait(20)
    assert world.pid_file.exists()
    with world.foreground() as again:
        until(lambda: ask("127.0.0.1", world.port))
        assert world.pid() == again.pid


def test_the_pid_file_holds_the_pid_alone_and_is_private(world: World) -> None:
    with world.foreground() as server:
        assert world.pid_file.read_text() == str(server.pid)
        assert world.pid_file.stat().st_mode & 0o777 == 0o600
        assert world.state_file.stat().st_mode & 0o777 == 0o600


def test_a_second_start_says_that_it_is_running(world: World) -> None:
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        second = world.ccr("start")
        assert (second.returncode, second.stdout) == (0, "claude-code-router server is running\n")
        assert world.pid() == server.pid


def test_a_running_server_is_found_without_its_pid_file(world: World) -> None:
    with world.foreground():
        until(lambda: ask("127.0.0.1", world.port))
        world.pid_file.unlink()
        second = world.ccr("start")
        assert (second.returncode, second.stdout) == (0, "claude-code-router server is running\n")


def test_a_port_in_use_is_named_with_its_process(world: World) -> None:
    listen = f"server = socket.create_server(('127.0.0.1', {world.port}))"
    code = f"import socket, sys; {listen}; print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        refused = world.ccr("start")
        assert other.stdin is not None
        other.stdin.close()
    assert refused.returncode == 1
    assert f"Port {world.port} is in use by process {other.pid} (python" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert world.leftovers() == set()


def test_a_port_in_use_is_told_with_the_log_switched_off(world: World) -> None:
    world.configure(LOG=False)
    with socket.create_server(("127.0.0.1", world.port)):
        refused = world.ccr("start")
    assert refused.returncode == 1
    assert f"Port {world.port} is in use" in refused.stderr


def test_a_recycled_pid_does_not_count_as_running(world: World) -> None:
    with foreign_process() as other:
        world.pid_file.write_text(str(other.pid))
        started = world.ccr("start", "--daemon")
        assert started.returncode == 0, started.stderr
        assert "✅" in started.stdout
        assert other.poll() is None


def test_daemon_returns_when_the_server_answers(world: World) -> None:
    started = world.ccr("start", "-d")
    assert started.returncode == 0, started.stderr
    health = ask("127.0.0.1", world.port)
    assert health is not None
    assert health.pid == world.pid()


def test_daemon_shows_why_it_failed(world: World) -> None:
    with socket.create_server(("127.0.0.1", world.port)):
        failed = world.ccr("start", "-d")
    assert failed.returncode == 1
    assert f"Port {world.port} is in use" in failed.stderr
    assert (world.folder / "logs" / "start.log").stat().st_mode & 0o777 == 0o600


def test_a_failed_daemon_says_each_warning_once(world: World) -> None:
    world.configure(Roter={})
    with socket.create_server(("127.0.0.1", world.port)):
        failed = world.ccr("start", "-d", "--host", "0.0.0.0")
    assert failed.stderr.count("Roter") == 1
    assert failed.stderr.count("set APIKEY") == 1
    assert f"Port {world.port} is in use" in failed.stderr


def test_two_daemons_at_once_end_in_one_server(world: World) -> None:
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "ccr", "start", "-d"]
        both = [
            stack.enter_context(
                subprocess.Popen(command, env=world.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        ends = [process.communicate(timeout=40) for process in both]
        assert [process.returncode for process in both] == [0, 0], ends
    health = ask("127.0.0.1", world.port)
    assert health is not None
    assert health.pid == world.pid()


def test_port_options_beat_each_other_in_order(world: World) -> None:
    other = World(world.root / "other")
    by_option, by_environment = other.port, world.port
    world.configure(PORT=1)
    with world.foreground("--port", str(by_option), SERVICE_PORT="2"):
        assert ask("127.0.0.1", by_option) is not None
    with world.foreground(SERVICE_PORT=str(by_environment)):
        assert ask("127.0.0.1", by_environment) is not None


@pytest.mark.parametrize("port", ["0", "65536", "seven"])
def test_a_port_out_of_range_is_one_sentence(world: World, port: str) -> None:
    refused = world.ccr("start", "--port", port)
    assert refused.returncode == 1
    assert "--port" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_wrong_service_port_is_one_sentence(world: World) -> None:
    refused = world.ccr("start", SERVICE_PORT="many")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "SERVICE_PORT" in refused.stderr


def test_without_an_apikey_it_listens_on_loopback_only(world: World) -> None:
    with world.foreground("--host", "0.0.0.0") as server:
        assert json.loads(world.state_file.read_text())["host"] == "127.0.0.1"
        server.terminate()
        _, err = server.communicate(timeout=20)
    assert "set APIKEY" in err


def test_with_an_apikey_it_listens_where_it_is_told(world: World) -> None:
    world.configure(APIKEY="key-of-the-router")
    with world.foreground("--host", "0.0.0.0"):
        assert json.loads(world.state_file.read_text())["host"] == "0.0.0.0"


def test_an_empty_option_is_none(world: World) -> None:
    """Of `--host "$UNSET"` an open door must not come."""
    world.configure(APIKEY="key-of-the-router")
    with world.foreground("--host", "", "--config", ""):
        assert json.loads(world.state_file.read_text())["host"] == "127.0.0.1"


def test_an_address_of_another_machine_is_one_sentence(world: World) -> None:
    world.configure(APIKEY="key-of-the-router")
    refused = world.ccr("start", "--host", "192.0.2.1")
    assert refused.returncode == 1
    assert "192.0.2.1 is not an address of this machine" in refused.stderr
    assert world.leftovers() == set()


def test_a_broken_configuration_is_told_with_its_line(world: World) -> None:
    world.config_file.write_text('{\n  "PORT": 3456,\n  "Providers": [[}\n')
    refused = world.ccr("start")
    assert refused.returncode == 1
    assert "line 3" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert world.leftovers() == set()


def test_a_missing_configuration_is_made_private_and_said(world: World) -> None:
    world.config_file.unlink()
    with world.foreground(SERVICE_PORT=str(world.port)) as server:
        until(lambda: ask("127.0.0.1", world.port))
        assert world.config_file.stat().st_mode & 0o777 == 0o600
        server.terminate()
        _, err = server.communicate(timeout=20)
    assert f"Created {world.config_file}" in err


def test_a_named_configuration_that_is_missing_is_not_made(world: World) -> None:
    missing = world.root / "nowhere.json"
    refused = world.ccr("start", "-c", str(missing))
    assert refused.returncode == 1
    assert str(missing) in refused.stderr
    assert not missing.exists()


def test_a_home_that_cannot_be_written_is_one_sentence(world: World) -> None:
    blocked = world.root / "file"
    blocked.write_text("not a folder")
    refused = world.ccr("start", "-c", str(world.config_file), HOME=str(blocked))
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr
    assert "Traceback" not in refused.stderr
