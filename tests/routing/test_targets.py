"""Names of targets, as users and clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccr.routing.rules import Target
from ccr.routing.targets import UnknownProvider, find_target, listed_id
from tests.routing.requests import PROVIDERS


@pytest.mark.parametrize(
    "name",
    [
        "Big,Qwen3-32B",
        "big,qwen3-32b",
        "BIG,QWEN3-32B",
        " big , qwen3-32b ",
        "big/qwen3-32b",
        "Big/Qwen3-32B",
        "claude/Big/Qwen3-32B",
        "CLAUDE/big/qwen3-32b",
    ],
)
def test_a_target_is_repaired_to_the_configured_spelling(name: str) -> None:
    assert find_target(name, PROVIDERS) == Target("Big", "Qwen3-32B")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("ollama,qwen2.5-coder:latest", Target("ollama", "qwen2.5-coder:latest")),
        ("openrouter,Anthropic/Claude-Sonnet-4", Target("openrouter", "anthropic/claude-sonnet-4")),
        ("openrouter/anthropic/claude-sonnet-4", Target("openrouter", "anthropic/claude-sonnet-4")),
        ("claude/openrouter/anthropic/claude-sonnet-4", Target("openrouter", "anthropic/claude-sonnet-4")),
        ("big,a,b", Target("Big", "a,b")),
    ],
)
def test_a_model_may_be_unlisted_and_hold_separators(name: str, target: Target) -> None:
    assert find_target(name, PROVIDERS) == target


@pytest.mark.parametrize(
    "name",
    ["claude-opus-5-5", "", "claude/", "big/", "claude/big/", "anthropic/claude-sonnet-4", "bigger/x", "claude/x/y"],
)
def test_other_names_are_ordinary_model_ids(name: str) -> None:
    assert find_target(name, PROVIDERS) is None


@pytest.mark.parametrize("name", ["bigg,Qwen3-32B", ",x", "big,", "big, ", ","])
def test_an_unknown_provider_before_a_comma_is_an_error(name: str) -> None:
    with pytest.raises(UnknownProvider):
        find_target(name, PROVIDERS)


NAMES = st.text("abC/.-: %é", min_size=1, max_size=6).map(str.strip).filter(bool)
PROVIDER_NAMES = st.one_of(NAMES, st.sampled_from(["claude", "Claude/x", "a", "a/b"]))


@given(st.dictionaries(PROVIDER_NAMES, st.lists(NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4))
def test_every_listed_id_finds_its_target(providers: dict[str, tuple[str, ...]]) -> None:
    listed = [Target(name, model) for name, models in providers.items() for model in models]
    ids = [listed_id(target).lower() for target in listed]

    for target in listed:
        if ids.count(listed_id(target).lower()) == 1:
            assert find_target(listed_id(target), providers) == target
