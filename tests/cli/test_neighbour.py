"""Two homes, one port: the first has it, and the second takes nothing of the first for its own."""

from collections.abc import Iterator

import pytest

from ccr.cli.health import ask
from tests.cli.world import World, until


@pytest.fixture
def second(world: World) -> Iterator[World]:
    """Another home, whose configuration names the port on which the server of `world` answers."""
    other = World(world.root / "second")
    other.configure(PORT=world.port)
    other.install_claude()
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        yield other
        assert server.poll() is None
    assert other.leftovers() == set()


def owner(world: World) -> str:
    return f"Port {world.port} is in use by the ccr of another home, process {world.pid()} (python"


@pytest.mark.parametrize("arguments", [["start"], ["start", "-d"], ["restart"], ["code"]])
def test_the_port_is_taken_and_by_whom(world: World, second: World, arguments: list[str]) -> None:
    refused = second.ccr(*arguments)
    assert refused.returncode == 1
    assert owner(world) in refused.stderr
    assert "--port" in refused.stderr
    assert "✅" not in refused.stdout
    assert not second.claude_record.exists()


def test_stop_leaves_it_alone(world: World, second: World) -> None:
    stopped = second.ccr("stop")
    assert stopped.returncode == 0
    assert stopped.stdout == "Failed to stop the service. It may have already been stopped.\n"
    assert owner(world) in stopped.stderr


def test_a_pid_file_that_names_it_changes_nothing(world: World, second: World) -> None:
    second.pid_file.write_text(str(world.pid()))
    assert "Failed to stop" in second.ccr("stop").stdout


def test_status_is_that_ours_does_not_run(world: World, second: World) -> None:
    shown = second.ccr("status")
    assert shown.returncode == 1
    assert "❌ Status: Not Running" in shown.stdout
    assert owner(world) in shown.stdout


def test_another_way_to_the_same_home_is_no_other_home(world: World) -> None:
    way = world.root / "way"
    way.symlink_to(world.home)
    with world.foreground():
        until(lambda: ask("127.0.0.1", world.port))
        world.pid_file.unlink()
        assert "✅ Status: Running" in world.ccr("status", HOME=str(way)).stdout


def test_health_does_not_tell_where_the_home_is(world: World) -> None:
    with world.foreground():
        until(lambda: ask("127.0.0.1", world.port))
        health = ask("127.0.0.1", world.port)
    assert health is not None
    assert len(health.home) == 16
