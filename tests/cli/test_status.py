import pytest

from ccr.cli.health import ask
from ccr.cli.status import duration
from tests.cli.world import World, foreign_process, until

BLOCK = """
📊 Claude Code Router Status
════════════════════════════════════════
"""


def test_running(world: World) -> None:
    with world.foreground() as server:
        until(lambda: ask("127.0.0.1", world.port))
        shown = world.ccr("status")
    assert shown.returncode == 0
    assert shown.stdout.startswith(BLOCK)
    for line in (
        "✅ Status: Running",
        f"🆔 Process ID: {server.pid}",
        f"🌐 Port: {world.port}",
        f"📡 API Endpoint: {world.url}",
        f"📄 PID File: {world.pid_file}",
        f"📝 Config: {world.config_file}",
        "🚀 Ready to use! Run the following commands:",
        "   ccr code    # Start coding with Claude",
        "   ccr stop   # Stop the service",
    ):
        assert line in shown.stdout.splitlines()
    assert "Version: " in shown.stdout
    assert "Uptime: " in shown.stdout
    assert "Requests served: " in shown.stdout


def test_stopped(world: World) -> None:
    shown = world.ccr("status")
    assert shown.returncode == 1
    assert shown.stdout == BLOCK + "❌ Status: Not Running\n\n💡 To start the service:\n   ccr start\n\n"


def test_a_recycled_pid_is_never_running(world: World) -> None:
    with foreign_process() as other:
        world.pid_file.write_text(str(other.pid))
        shown = world.ccr("status")
    assert shown.returncode == 1
    assert "❌ Status: Not Running" in shown.stdout
    assert f"process {other.pid} (python" in shown.stdout


def test_the_configuration_and_port_of_start_are_remembered(world: World) -> None:
    other = world.root / "other.json"
    other.write_text(world.configure(PORT=1).read_text())
    world.ccr("start", "-d", "-c", "other.json", "-p", str(world.port))
    shown = world.ccr("status").stdout
    assert f"📝 Config: {other}" in shown
    assert f"🌐 Port: {world.port}" in shown


def test_a_terminal_that_knows_no_emoji_gets_no_traceback(world: World) -> None:
    shown = world.ccr("status", PYTHONIOENCODING="latin-1:strict", PYTHONUTF8="0")
    assert shown.returncode == 1
    assert "Status: Not Running" in shown.stdout
    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (62, "1 min 2 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")]
)
def test_a_duration_is_told_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
