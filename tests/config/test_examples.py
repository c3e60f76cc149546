"""Whole files: the npm tool's README example, a team's file, and every block of the documentation."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ccr.config import Loaded, load

FILES = Path(__file__).parent / "files"
MANUAL = Path(__file__).parents[2] / "docs" / "configuration.md"
ENVIRON = {"CLUSTER_KEY": "k", "OPENROUTER_KEY": "k", "ANTHROPIC_KEY": "k", "CCR_KEY": "k"}


def copied(name: str, folder: Path) -> Path:
    path = folder / "config.json"
    shutil.copyfile(FILES / name, path)
    path.chmod(0o600)
    return path


def test_the_npm_tools_readme_example_loads_without_a_word(tmp_path: Path) -> None:
    loaded = load(copied("npm_readme.json", tmp_path), {})
    assert loaded.snapshot is not None
    assert loaded.problems == ()
    providers = loaded.snapshot.providers
    assert {name: provider.dialect for name, provider in providers.items() if provider.dialect != "openai-chat"} == {
        "gemini": "gemini"
    }
    assert providers["modelscope"].api_key == ""
    assert (providers["ollama"].proxy, providers["deepseek"].proxy) == ("", "http://127.0.0.1:7890")
    assert {route: str(target) for route, target in loaded.snapshot.rules.routes.items()} == {
        "default": "deepseek,deepseek-chat",
        "background": "ollama,qwen2.5-coder:latest",
        "think": "deepseek,deepseek-reasoner",
        "longContext": "openrouter,google/gemini-2.5-pro-preview",
        "webSearch": "gemini,gemini-2.5-flash",
    }


def test_a_teams_file_loads_without_a_word(tmp_path: Path) -> None:
    loaded = load(copied("team.json", tmp_path), ENVIRON)
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    assert loaded.snapshot.providers["cluster"].api_key == "k"


def blocks() -> list[str]:
    return re.findall(r"^```json5?\n(.*?)^```", MANUAL.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", blocks())
def test_every_block_of_the_manual_loads(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    path.chmod(0o600)
    (tmp_path / "prompt.md").write_text("You are Kim.")
    loaded: Loaded = load(path, ENVIRON)
    assert [problem for problem in loaded.problems if problem.severity != "note"] == []
    assert loaded.snapshot is not None


def test_loading_takes_milliseconds(tmp_path: Path) -> None:
    path = copied("npm_readme.json", tmp_path)
    load(path, {})
    best = min(timed(path) for _ in range(5))
    assert best < 0.005


def timed(path: Path) -> float:
    start = time.perf_counter()
    load(path, {})
    return time.perf_counter() - start


def test_loading_does_not_import_the_slow_parser(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ccr.config import load; "
        "load(Path(sys.argv[1]), {}); sys.exit('json5' in sys.modules or 'difflib' in sys.modules)"
    )
    path = copied("npm_readme.json", tmp_path)
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0
