import json
from pathlib import Path

import pytest

from ccr.cli.client_settings import SWITCH, overrule

OURS: dict[str, str | None] = {
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:3456",
    "ANTHROPIC_AUTH_TOKEN": "test",
    "ANTHROPIC_API_KEY": None,
}


def settings(file: Path, **env: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"env": env, "model": "opus"}))


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_a_projects_detour_is_overruled_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    settings(tmp_path / ".claude" / name, ANTHROPIC_BASE_URL="https://elsewhere.example")
    assert overrule(OURS, {"HOME": "/nowhere"}, tmp_path) == OURS | {SWITCH: "1"}
    assert f"ANTHROPIC_BASE_URL in {tmp_path / '.claude' / name}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK"])
def test_the_users_detour_is_overruled(tmp_path: Path, name: str) -> None:
    settings(tmp_path / ".claude" / "settings.json", **{name: "1"})
    assert SWITCH in overrule(OURS, {"HOME": str(tmp_path)}, None)
    assert SWITCH in overrule(OURS, {"HOME": "/nowhere", "CLAUDE_CONFIG_DIR": str(tmp_path / ".claude")}, None)


def test_settings_that_agree_or_say_nothing_of_the_way_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings(tmp_path / ".claude" / "settings.json", ANTHROPIC_AUTH_TOKEN="test", ANTHROPIC_MODEL="opus", N=1)
    assert overrule(OURS, {"HOME": str(tmp_path)}, None) == OURS
    assert capsys.readouterr().err == ""


def test_the_users_own_switch_is_left_alone(tmp_path: Path) -> None:
    settings(tmp_path / ".claude" / "settings.json", ANTHROPIC_BASE_URL="https://elsewhere.example")
    assert overrule(OURS, {"HOME": str(tmp_path), SWITCH: ""}, None) == OURS


def test_settings_that_cannot_be_read_are_the_clients_affair(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text("{ broken")
    assert overrule(OURS, {"HOME": str(tmp_path)}, None) == OURS
