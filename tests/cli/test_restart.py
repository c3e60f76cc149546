import json

from ccr.cli.health import ask
from tests.cli.world import World, free_port

STARTING = "Starting claude code router service...\n✅ Service started successfully in the background.\n"


def test_restart_replaces_the_server(world: World) -> None:
    world.ccr("start", "-d")
    first = world.pid()
    again = world.ccr("restart")
    assert (again.returncode, again.stdout) == (0, "claude code router service has been stopped.\n" + STARTING)
    health = ask("127.0.0.1", world.port)
    assert health is not None
    assert health.pid == world.pid() != first


def test_restart_starts_a_server_that_was_not_running(world: World) -> None:
    again = world.ccr("restart")
    assert again.returncode == 0
    assert again.stdout == "Service was not running or failed to stop.\n" + STARTING


def test_restart_keeps_what_start_was_told(world: World) -> None:
    other = world.root / "other.json"
    other.write_text(world.configure(PORT=1).read_text())
    world.ccr("start", "-d", "-c", str(other), "-p", str(world.port), "-l", "debug")
    again = world.ccr("restart")
    assert again.returncode == 0, again.stderr
    state = json.loads(world.state_file.read_text())
    assert state["config"] == str(other)
    assert state["port"] == world.port
    assert state["options"]["log_level"] == "debug"


def test_restart_takes_a_changed_port_from_the_configuration(world: World) -> None:
    world.ccr("start", "-d")
    port = free_port()
    world.configure(PORT=port)
    assert world.ccr("restart").returncode == 0
    assert ask("127.0.0.1", port) is not None
    assert ask("127.0.0.1", world.port) is None


def test_a_broken_configuration_does_not_cost_the_running_server(world: World) -> None:
    world.ccr("start", "-d")
    pid = world.pid()
    world.config_file.write_text("{")
    refused = world.ccr("restart")
    assert refused.returncode == 1
    health = ask("127.0.0.1", world.port)
    assert health is not None
    assert health.pid == pid


def test_a_failure_is_not_called_a_success(world: World) -> None:
    world.configure(APIKEY="key-of-the-router", HOST="192.0.2.1")
    failed = world.ccr("restart")
    assert failed.returncode == 1
    assert "✅" not in failed.stdout
    assert "192.0.2.1" in failed.stderr
