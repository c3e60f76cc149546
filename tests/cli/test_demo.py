import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccr.cli.health import ask as ask_health
from ccr.demo.kinds import all_kinds
from tests.backends.cache import need
from tests.backends.claude import CURRENT, claude_program
from tests.cli.world import CCR, World, until

LAST_WORDS = "`ccr code`."
"""End what a demo says that stays."""

WRITES = """
import re
path = re.search('"(.*)"', " ".join(sys.argv[1:])).group(1)
open(path, "w").write(CONTENT)
"""


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """A machine without configuration, whose temporary files lie in a folder of their own."""
    world = World(tmp_path)
    world.folder.rmdir()
    temporary(world).mkdir()
    world.environ["TMPDIR"] = str(temporary(world))
    return world


def temporary(world: World) -> Path:
    return world.root / "tmp"


def files(world: World) -> list[Path]:
    """Everything that a demo might have left."""
    return [*temporary(world).rglob("*"), *world.home.rglob("*")]


@contextlib.contextmanager
def staying(world: World, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """`ccr demo …` under way. Killed at the end if it still lives."""
    process = subprocess.Popen(
        [*CCR, "demo", *arguments],
        env=world.environ | environ,
        cwd=world.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it prints, up to the line with these words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def routes(table: str) -> dict[str, list[str]]:
    """Kind -> the first words after it."""
    lines = table.splitlines()
    return {
        kind.name: line.removeprefix(kind.name).split()[:2]
        for kind in all_kinds()
        for line in lines
        if line.startswith(f"{kind.name} ")
    }


def test_every_kind_of_request_takes_its_route(bare: World) -> None:
    outcome = bare.ccr("demo", "--once")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert routes(outcome.stdout) == {
        "main": ["default", "cluster,coder"],
        "background": ["background", "desk,mini"],
        "think": ["think", "cluster,thinker"],
        "long context": ["longContext", "cluster,long"],
        "web search": ["webSearch", "desk,search"],
        "image": ["image", "desk,eyes"],
        "subagent": ["subagent", "cluster,worker"],
    }


def test_the_demo_leaves_nothing_behind(bare: World) -> None:
    bare.ccr("demo", "--once")
    assert files(bare) == []


def test_the_users_configuration_and_environment_play_no_part(world: World) -> None:
    world.config_file.write_text("{ broken")
    before = [*world.folder.iterdir()]
    outcome = world.ccr("demo", "--once", CONFIG_PATH="/none", SERVICE_PORT="x", HTTP_PROXY="http://127.0.0.1:9")
    assert outcome.returncode == 0, outcome.stderr
    assert [*world.folder.iterdir()] == before


def test_it_stays_up_and_says_how_to_point_claude_at_it(bare: World) -> None:
    with staying(bare) as process:
        said = read_until(process, LAST_WORDS)
        command = next(line for line in said.splitlines() if "export" in line)
        url, token = (word.partition("=")[2] for word in command.split()[1:])
        host, _, port = url.removeprefix("http://").partition(":")
        health = ask_health(host, int(port))
        assert health is not None
        assert (health.requests, token) == (len(all_kinds()), "test")


def test_its_files_are_its_owners_alone(bare: World) -> None:
    with staying(bare) as process:
        read_until(process, LAST_WORDS)
        modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in files(bare)}
        assert modes == {True: 0o700, False: 0o600}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_exit_0_and_no_files(bare: World, number: signal.Signals) -> None:
    with staying(bare) as process:
        read_until(process, LAST_WORDS)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert files(bare) == []


def test_a_signal_while_it_begins_leaves_no_files(bare: World) -> None:
    with staying(bare) as process:
        until(lambda: files(bare))
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert files(bare) == []


def test_a_reader_that_leaves_ends_it(bare: World) -> None:
    with staying(bare) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(20) == 1
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert files(bare) == []


def test_without_claude_one_sentence_says_so(bare: World) -> None:
    outcome = bare.ccr("demo", "--claude")
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("Claude Code is not installed:")
    assert len(outcome.stderr.splitlines()) == 1


def test_claude_that_writes_nothing_is_a_failure(bare: World) -> None:
    bare.install_claude()
    outcome = bare.ccr("demo", "--claude")
    assert outcome.returncode == 1
    assert "claude ended with exit code 0" in outcome.stdout
    assert "was not written" in outcome.stderr


def test_what_claude_wrote_is_shown(bare: World) -> None:
    bare.install_claude()
    outcome = bare.ccr("demo", "--claude", FAKE_CLAUDE_DOES=WRITES.replace("CONTENT", "'by another hand'"))
    assert outcome.returncode == 1
    assert "hello.txt holds: by another hand" in outcome.stdout


def test_claude_gets_a_home_of_its_own_and_none_of_the_users_models(bare: World) -> None:
    bare.install_claude()
    bare.ccr("demo", "--claude", ANTHROPIC_MODEL="mine", CLAUDE_CONFIG_DIR=str(bare.home), ANTHROPIC_API_KEY="sk-1")
    told: dict[str, Any] = bare.claude_call()["env"]
    assert told["HOME"].startswith(str(temporary(bare)))
    assert told["CLAUDE_CONFIG_DIR"].startswith(told["HOME"])
    assert told["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert not {"ANTHROPIC_MODEL", "ANTHROPIC_API_KEY"} & told.keys()


def test_a_signal_ends_claude_too(bare: World) -> None:
    bare.install_claude()
    with staying(bare, "--claude", FAKE_CLAUDE_DOES="import time; time.sleep(60)") as process:
        until(bare.claude_record.exists)
        claude = json.loads(bare.claude_record.read_text())["pid"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 130
    assert not Path(f"/proc/{claude}").exists()
    assert files(bare) == []


@pytest.mark.e2e
def test_the_real_claude_writes_a_file(bare: World) -> None:
    program = need(lambda: claude_program(CURRENT))
    outcome = bare.ccr("demo", "--claude", CLAUDE_PATH=str(program))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "hello.txt holds: Written by Claude Code" in outcome.stdout
    assert files(bare) == []
