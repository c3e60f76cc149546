from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A machine with a configuration; whatever server a test leaves running is stopped."""
    machine = World(tmp_path)
    machine.configure()
    yield machine
    if machine.pid_file.exists():
        machine.ccr("stop")
