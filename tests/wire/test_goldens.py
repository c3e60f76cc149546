"""Walks through the goldens (`tests/wire/case.py`). `pytest tests/wire --update` writes them anew."""

from pathlib import Path

import pytest

from tests.wire.case import HERE, Case, cases

CASES = cases()


@pytest.mark.parametrize("folder", CASES, ids=[str(folder.relative_to(HERE)) for folder in CASES])
def test_what_goes_out_is_the_golden(folder: Path, update: bool) -> None:
    for name, made in Case(folder).outputs().items():
        golden = folder / name
        if update:
            golden.write_bytes(made)
        assert golden.exists(), f"{golden} is missing: run pytest tests/wire --update"
        assert made.decode() == golden.read_bytes().decode()


def test_there_is_no_golden_that_nothing_writes() -> None:
    written = {folder / name for folder in CASES for name in Case(folder).outputs()}
    golden = {path for folder in CASES for path in folder.iterdir() if path.name.startswith(("outbound.", "client."))}
    assert golden == written
