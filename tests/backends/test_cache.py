"""What the tests need is made once and whole; what cannot be had skips a test, but fails it in CI."""

from pathlib import Path

import pytest

from tests.backends import cache
from tests.backends.cache import Unavailable, cached, need, run


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CACHE", tmp_path)


def unavailable() -> None:
    raise Unavailable("not for this machine")


def test_a_thing_is_made_once() -> None:
    made: list[Path] = []

    first, second = (cached("thing", made.append) for _ in range(2))

    assert first == second
    assert len(made) == 1


def test_what_failed_half_way_is_made_anew() -> None:
    def half(folder: Path) -> None:
        (folder / "half").touch()
        unavailable()

    with pytest.raises(Unavailable):
        cached("thing", half)

    whole = cached("thing", lambda folder: (folder / "whole").touch())

    assert [path.name for path in whole.iterdir()] == ["whole"]


def test_a_step_that_fails_says_why() -> None:
    with pytest.raises(Unavailable, match="no such thing"):
        run("sh", "-c", "echo no such thing; exit 3")


def test_what_cannot_be_had_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="not for this machine"):
        need(unavailable)


def test_what_cannot_be_had_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="not for this machine"):
        need(unavailable)
