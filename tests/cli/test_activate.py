import shlex

import pytest

from tests.cli.world import World


def test_nothing_but_shell_lines_on_first_use(world: World) -> None:
    world.config_file.unlink()
    world.folder.rmdir()
    shown = world.ccr("activate")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert {line.split()[0] for line in shown.stdout.splitlines()} == {"export", "unset"}
    assert "export ANTHROPIC_AUTH_TOKEN=test" in shown.stdout.splitlines()
    assert "export ANTHROPIC_BASE_URL=http://127.0.0.1:3456" in shown.stdout.splitlines()
    assert not world.folder.exists()


def test_env_is_the_same(world: World) -> None:
    assert world.ccr("env").stdout == world.ccr("activate").stdout


ODD_VALUES = [
    "plain",
    "with space",
    "a'b\"c",
    "$HOME `id -u` $(id)",
    "back\\slash",
    "semi; touch trap",
    "new\nline",
    "ü🦊",
]


@pytest.mark.parametrize("value", ODD_VALUES)
def test_any_value_survives_eval(world: World, value: str) -> None:
    world.configure(APIKEY="$ROUTER_KEY")
    done = world.shell('eval "$(ccr activate)"; printf %s "$ANTHROPIC_AUTH_TOKEN"', ROUTER_KEY=value)
    assert done.stdout == value
    assert not (world.root / "trap").exists()


def test_eval_leads_a_plain_claude_to_the_router(world: World) -> None:
    world.install_claude()
    world.shell('eval "$(ccr activate)"; claude -p hi', ANTHROPIC_API_KEY="sk-old", CLAUDE_CODE_USE_VERTEX="1")
    environ = world.claude_call()["env"]
    assert environ["ANTHROPIC_BASE_URL"] == world.url
    assert not {"ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_VERTEX"} & set(environ)


def test_twice_is_as_once(world: World) -> None:
    once = world.shell('eval "$(ccr activate)"; env | sort')
    twice = world.shell('eval "$(ccr activate)"; eval "$(ccr activate)"; env | sort')
    assert once.stdout == twice.stdout


def test_a_broken_configuration_prints_nothing_on_stdout(world: World) -> None:
    world.config_file.write_text("{")
    shown = world.ccr("activate")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert str(world.config_file) in shown.stderr


def test_non_interactive_mode_is_exported(world: World) -> None:
    world.configure(NON_INTERACTIVE_MODE=True)
    assert "export CI=true" in world.ccr("activate").stdout.splitlines()


def test_the_configured_window_is_told(world: World) -> None:
    provider = {
        "name": "local",
        "api_base_url": "http://127.0.0.1:9/v1/chat/completions",
        "models": ["tiny"],
        "limits": {"tiny": {"context_window": 65536}},
    }
    world.configure(Providers=[provider])
    assert f"export CLAUDE_CODE_MAX_CONTEXT_TOKENS={shlex.quote('65536')}" in world.ccr("activate").stdout.splitlines()


def test_a_configuration_that_is_named_must_be_there(world: World) -> None:
    missing = world.root / "nowhere.json"
    refused = world.ccr("activate", CONFIG_PATH=str(missing))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert str(missing) in refused.stderr
