"""A place to write config.json to."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the text to a file that only its owner reads."""

    def write(text: str) -> Path:
        path = tmp_path / "config.json"
        path.write_bytes(text.encode())
        path.chmod(0o600)
        return path

    return write
