import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ccr.cli.health import ask
from tests.cli.world import CCR, World, until

ODD_ARGUMENTS = [
    [],
    ["-p", "Write a Hello World"],
    ["Write a Hello World"],
    ["--help"],
    ["-h"],
    ["--version"],
    ["mcp", "list"],
    ["--", "-p", "--"],
    ["--allowedTools", "Bash", "--allowedTools", "Edit"],
    ["-p", "", "--flag="],
    ["-p", "hi $HOME `id -u` $(id) \\ \"double\" 'single' ; ls | cat > x & # !"],
    ["--no-color", "--max-turns", "007", "1e3"],
    ["-p", "two\nlines\tand ünïcödé 🦊"],
    ["--port", "1", "--config", "no.json", "-d"],
]


@pytest.fixture
def ready(world: World) -> World:
    """With a claude, and a server that runs."""
    world.install_claude()
    assert world.ccr("start", "-d").returncode == 0
    return world


def test_every_argument_reaches_claude_as_it_is(ready: World) -> None:
    for arguments in ODD_ARGUMENTS:
        ready.claude_record.unlink(missing_ok=True)
        assert ready.ccr("code", *arguments).returncode == 0
        assert ready.claude_call()["argv"] == arguments


def test_bytes_that_are_no_text_reach_claude(ready: World) -> None:
    subprocess.run([*CCR, "code", b"\xff\xfe"], env=ready.environ, check=True)
    assert ready.claude_call()["argv"] == [os.fsdecode(b"\xff\xfe")]


def test_the_environment_is_set_in_the_child_itself(world: World) -> None:
    world.install_claude()
    world.configure(APIKEY="key-of-the-router", API_TIMEOUT_MS=1234)
    world.ccr("code", ANTHROPIC_API_KEY="sk-ant-old", CLAUDE_CODE_USE_BEDROCK="1", NO_PROXY="intra.net", MINE="kept")
    environ = world.claude_call()["env"]
    assert environ["ANTHROPIC_BASE_URL"] == world.url
    assert environ["ANTHROPIC_AUTH_TOKEN"] == "key-of-the-router"
    assert environ["NO_PROXY"] == "intra.net,127.0.0.1,localhost"
    assert environ["API_TIMEOUT_MS"] == "1234"
    assert environ["CLAUDE_CODE_GATEWAY_HINT_HEADERS"] == "1"
    assert environ["MINE"] == "kept"
    assert not {"ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"} & set(
        environ
    )


def test_the_key_is_in_no_argument_and_no_file_of_ours(world: World) -> None:
    world.install_claude()
    world.configure(APIKEY="$ROUTER_KEY")
    world.ccr("code", "-p", "x", ROUTER_KEY="key-of-the-router", TMPDIR=str(world.root / "home"))
    call = world.claude_call()
    assert call["env"]["ANTHROPIC_AUTH_TOKEN"] == "key-of-the-router"
    assert "key-of-the-router" not in " ".join(call["argv"])
    assert not [f for f in world.home.rglob("*") if f.is_file() and b"key-of-the-router" in f.read_bytes()]


def test_the_exit_code_is_claudes(ready: World) -> None:
    assert ready.ccr("code", FAKE_CLAUDE_DOES="sys.exit(42)").returncode == 42


def test_death_by_a_signal_is_128_and_its_number_in_the_shell(ready: World) -> None:
    done = ready.shell("ccr code; echo $?", FAKE_CLAUDE_DOES="os.kill(os.getpid(), 15)")
    assert done.stdout == "143\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH])
def test_a_signal_to_ccr_is_a_signal_to_claude(ready: World, number: signal.Signals) -> None:
    does = (
        "import signal\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        "print('listening', flush=True)\n"
        "signal.pause()"
    )
    command = [*CCR, "code"]
    with subprocess.Popen(command, env=ready.environ | {"FAKE_CLAUDE_DOES": does}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        process.send_signal(number)
        assert process.wait(20) == 7


def test_a_broken_pipe_ends_claude_as_it_ends_any_program(ready: World) -> None:
    does = "import signal; print(signal.getsignal(signal.SIGPIPE))"
    plain = subprocess.run([ready.bin / "claude"], env=ready.environ | {"FAKE_CLAUDE_DOES": does}, capture_output=True)
    assert ready.ccr("code", FAKE_CLAUDE_DOES=does).stdout == plain.stdout.decode()


def test_stdin_is_claudes(ready: World) -> None:
    subprocess.run([*CCR, "code", "-p"], input=b"a question", env=ready.environ, check=True)
    assert ready.claude_call()["stdin"] == "a question"


def test_non_interactive_mode_is_for_pipelines(world: World) -> None:
    world.install_claude()
    world.configure(NON_INTERACTIVE_MODE=True)
    subprocess.run([*CCR, "code"], input=b"not for claude", env=world.environ | {"TERM": "xterm"}, check=True)
    call = world.claude_call()
    assert call["stdin"] == ""
    wanted = {"CI": "true", "FORCE_COLOR": "0", "NODE_NO_READLINE": "1", "TERM": "dumb"}
    assert {name: call["env"].get(name) for name in wanted} == wanted


def test_a_server_is_started_when_none_runs(world: World) -> None:
    world.install_claude()
    done = world.ccr("code", "-p", "hello")
    assert done.returncode == 0
    assert done.stdout == ""
    assert "Service not running, starting service..." in done.stderr
    assert ask("127.0.0.1", world.port) is not None


def test_a_server_that_was_started_is_nobodys_zombie(world: World) -> None:
    """Neither while claude runs nor after: it is not claude's child."""
    world.install_claude()
    does = "import time; time.sleep(60)"
    with subprocess.Popen([*CCR, "code"], env=world.environ | {"FAKE_CLAUDE_DOES": does}) as process:
        world.claude_call()
        stopped = world.ccr("stop")
        process.kill()
    assert stopped.stdout == "claude code router service has been successfully stopped.\n"


def test_a_server_that_cannot_start_is_told_and_claude_not_run(world: World) -> None:
    world.install_claude()
    with socket.create_server(("127.0.0.1", world.port)):
        failed = world.ccr("code")
    assert failed.returncode == 1
    assert f"Port {world.port} is in use" in failed.stderr
    assert not world.claude_record.exists()


def test_a_broken_configuration_is_told_and_claude_not_run(world: World) -> None:
    world.install_claude()
    world.config_file.write_text("{")
    failed = world.ccr("code")
    assert failed.returncode == 1
    assert str(world.config_file) in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not world.claude_record.exists()


def test_claude_is_found_by_the_configuration_then_the_environment_then_the_path(ready: World) -> None:
    configured, named = ready.root / "configured" / "cc", ready.root / "named" / "cc"
    does = "print(os.path.abspath(sys.argv[0]))"
    for path in (configured, named):
        ready.install_claude(path)
    assert ready.ccr("code", FAKE_CLAUDE_DOES=does).stdout == f"{ready.bin / 'claude'}\n"
    assert ready.ccr("code", FAKE_CLAUDE_DOES=does, CLAUDE_PATH=str(named)).stdout == f"{named}\n"
    ready.configure(CLAUDE_PATH=str(configured))
    assert ready.ccr("code", FAKE_CLAUDE_DOES=does, CLAUDE_PATH=str(named)).stdout == f"{configured}\n"


def test_without_claude_one_sentence_says_how_to_install_it(world: World) -> None:
    missing = world.ccr("code", PATH="/nowhere")
    assert missing.returncode == 127
    assert "npm install -g @anthropic-ai/claude-code" in missing.stderr
    assert len(missing.stderr.splitlines()) == 1
    wrong = world.ccr("code", CLAUDE_PATH="/nowhere/claude")
    assert wrong.returncode == 127
    assert "CLAUDE_PATH is /nowhere/claude" in wrong.stderr


def test_the_port_and_configuration_of_the_running_server_are_used(world: World) -> None:
    world.install_claude()
    other = world.root / "other.json"
    other.write_text(world.configure(PORT=1, APIKEY="key-of-other").read_text())
    world.configure(APIKEY="key-of-default")
    world.ccr("start", "-d", "-c", str(other), "-p", str(world.port))
    world.ccr("code")
    environ = world.claude_call()["env"]
    assert environ["ANTHROPIC_BASE_URL"] == world.url
    assert environ["ANTHROPIC_AUTH_TOKEN"] == "key-of-other"


class Models(BaseHTTPRequestHandler):
    """A provider that tells its models, after a while if it likes."""

    body = b'{"object":"list","data":[{"id":"tiny","object":"model","max_model_len":32768}]}'
    delay = 0.0

    def do_GET(self) -> None:
        time.sleep(self.delay)
        self.send_response(200)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("delay", "window"), [(0.0, "32768"), (3.0, None)])
def test_the_window_is_asked_of_the_provider_within_a_budget(world: World, delay: float, window: str | None) -> None:
    world.install_claude()
    handler = type("Slow", (Models,), {"delay": delay})
    with HTTPServer(("127.0.0.1", 0), handler) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{provider.server_port}/v1/chat/completions"
        world.configure(Providers=[{"name": "local", "api_base_url": url, "api_key": "", "models": ["tiny"]}])
        world.ccr("code")
        environ = world.claude_call()["env"]
        provider.shutdown()
    assert environ.get("CLAUDE_CODE_MAX_CONTEXT_TOKENS") == window


def test_a_setting_of_claude_that_leads_past_the_router_is_overruled_and_told(ready: World) -> None:
    settings = ready.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://elsewhere.example/v1"}}')
    done = ready.ccr("code")
    assert ready.claude_call()["env"]["CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"] == "1"
    assert f"ANTHROPIC_BASE_URL in {settings}" in done.stderr
    settings.write_text('{"env": {"MY_OWN": "x"}}')
    ready.claude_record.unlink()
    ready.ccr("code")
    assert "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST" not in ready.claude_call()["env"]


def test_a_folder_named_ccr_is_not_taken_for_this_program(world: World) -> None:
    """The server is started as `python -m ccr`, which would look in the current folder first."""
    world.install_claude()
    trap = world.root / "project" / "ccr"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text("raise SystemExit('trapped')")
    script = Path(sys.executable).parent / "ccr"
    done = subprocess.run(
        [script, "code"], env=world.environ, cwd=trap.parent, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "trapped" in done.stderr) == (0, False)


def test_a_server_that_is_still_starting_is_waited_for(world: World) -> None:
    world.install_claude()
    with world.foreground():
        done = world.ccr("code")
        until(world.claude_record.exists)
    assert (done.returncode, done.stderr) == (0, "")


def test_two_at_once_share_one_server(world: World) -> None:
    world.install_claude()
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(subprocess.Popen([*CCR, "code"], env=world.environ, stdin=subprocess.DEVNULL))
            for _ in range(2)
        ]
        assert [process.wait(40) for process in both] == [0, 0]
    health = ask("127.0.0.1", world.port)
    assert health is not None
    assert health.pid == world.pid()
