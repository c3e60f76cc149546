from pathlib import Path

import pytest

from ccr.cli.failure import Failure
from ccr.cli.settings import config_path


def test_a_user_without_a_home_is_told_and_may_name_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(Failure, match="set HOME"):
        config_path(None, {})
    assert config_path("/a/config.json", {}) == Path("/a/config.json")
    assert config_path(None, {"CONFIG_PATH": "config.json"}) == Path.cwd() / "config.json"
