"""The table of rules, row by row, and its order as a whole."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccr.errors import ClientError
from ccr.routing.facts import Facts
from ccr.routing.plan import TABLE, make_plan
from ccr.routing.rules import Effort, Rules, Target
from tests.routing.requests import (
    BASH,
    IMAGE,
    PROVIDERS,
    TITLE_FORMAT,
    WEB_SEARCH,
    assistant,
    facts,
    rules,
    system,
    tag,
    text,
    user,
    with_routes,
    without_routes,
)

COMPACTING = {"x-claude-code-request-class": "compaction"}
AUXILIARY = {"x-claude-code-request-class": "auxiliary"}
AGENT = {"x-claude-code-agent-id": "a1"}
HAIKU = "claude-haiku-4-5"
LAST = Target("Big", "where-it-ran")

ROWS: dict[str, tuple[str, Facts]] = {
    # row -> the route that a request takes which fits this row and all rows below
    "image": ("image", facts(user(IMAGE), system=tag("Big,x"), model="big,y", tokens=99_999)),
    "explicit": ("explicit", facts(system=tag("Big,x"), model="big,y", tokens=99_999, headers=COMPACTING)),
    "compaction": ("compaction", facts(system=tag("Big,x"), model=HAIKU, tokens=99_999, headers=COMPACTING)),
    "longContext": ("longContext", facts(system=tag("Big,x"), model=HAIKU, tokens=99_999, headers=AGENT)),
    "subagent tag": ("subagent", facts(system=tag("Big,x"), model=HAIKU, headers=AGENT, tools=[WEB_SEARCH])),
    "background": ("background", facts(model=HAIKU, headers=AGENT, tools=[WEB_SEARCH])),
    "subagent": ("subagent", facts(headers=AGENT, tools=[WEB_SEARCH], output_config={"effort": "max"})),
    "webSearch": ("webSearch", facts(tools=[WEB_SEARCH], output_config={"effort": "max"})),
    "think": ("think", facts(output_config={"effort": "max"})),
    "tier": ("opus", facts()),
    "default": ("default", facts(model="gpt-oss")),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_beats_those_below_it(row: str) -> None:
    route, found = ROWS[row]
    plan = make_plan(found, with_routes(rules(), "subagent", "compaction", "opus", "sonnet", "haiku"))

    assert plan.route == route
    assert plan.reason


def test_the_rows_here_are_the_tables_rows_in_its_order() -> None:
    assert list(ROWS) == list(TABLE)


@pytest.mark.parametrize("row", ["image", "longContext", "background", "webSearch", "think"])
def test_a_route_that_is_not_configured_does_not_fire(row: str) -> None:
    _, found = ROWS[row]
    found = msgspec.structs.replace(found, model="claude-haiku" if row == "background" else "claude", subagent_model="")
    only_default = without_routes(rules(), "image", "background", "think", "longContext", "webSearch")

    assert make_plan(found, only_default).route == "default"


# ------------------------------------------------------------------------------------------- explicit


@pytest.mark.parametrize("model", ["big,QWEN3-32b", "Big/qwen3-32b", "claude/big/qwen3-32b"])
def test_an_explicit_model_is_taken_in_any_case_and_form(model: str) -> None:
    plan = make_plan(facts(model=model), rules())

    assert plan.route == "explicit"
    assert plan.targets == (Target("Big", "Qwen3-32B"),)


def test_an_unknown_provider_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ClientError, match=r"'bigg'.*configured: Big, openrouter, ollama") as caught:
        make_plan(facts(model="bigg,x"), rules())

    assert caught.value.status == 404


def test_an_unknown_model_of_a_known_provider_is_asked_for_as_written() -> None:
    assert make_plan(facts(model="big,New-Model"), rules()).targets[0] == Target("Big", "New-Model")


# ----------------------------------------------------------------------------------------- compaction


def test_a_compaction_goes_where_the_conversation_ran_last() -> None:
    plan = make_plan(facts(headers=COMPACTING, tokens=99_999), rules(), LAST)

    assert (plan.route, plan.targets[0]) == ("compaction", LAST)


def test_a_compaction_route_beats_where_it_ran_last() -> None:
    plan = make_plan(facts(headers=COMPACTING), with_routes(rules(), "compaction"), LAST)

    assert plan.targets[0] == Target("Big", "compaction-model")


def test_a_compaction_of_an_unknown_conversation_is_routed_like_any_request() -> None:
    assert make_plan(facts(headers=COMPACTING), rules()).route == "default"
    assert make_plan(facts(headers=COMPACTING, tokens=99_999), rules()).route == "longContext"


# ---------------------------------------------------------------------------------------- longContext


@pytest.mark.parametrize(
    ("tokens", "last", "route"),
    [
        (60_000, 0, "default"),
        (60_001, 0, "longContext"),
        (20_001, 60_001, "longContext"),
        (20_000, 60_001, "default"),
        (20_001, 60_000, "default"),
    ],
)
def test_both_forms_of_the_threshold(tokens: int, last: int, route: str) -> None:
    assert make_plan(facts(tokens=tokens, last=last), rules()).route == route


def test_the_threshold_is_configurable() -> None:
    assert make_plan(facts(tokens=101), rules(long_context_threshold=100)).route == "longContext"


# --------------------------------------------------------------------------------- tag and background


def test_a_tag_with_an_unknown_provider_is_an_error() -> None:
    with pytest.raises(ClientError, match="bigg"):
        make_plan(facts(system=tag("bigg,x")), rules())


def test_a_tag_that_names_no_target_is_an_error_with_the_form() -> None:
    with pytest.raises(ClientError, match="provider,model"):
        make_plan(facts(system=tag("qwen")), rules())


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-3-5-haiku-20241022", "Claude-Haiku"])
def test_haiku_is_background(model: str) -> None:
    assert make_plan(facts(model=model), rules()).route == "background"


def test_haiku_of_another_vendor_is_not_background() -> None:
    assert make_plan(facts(model="haiku-writer"), rules()).route == "default"


def test_an_auxiliary_request_is_background_but_not_its_web_search() -> None:
    assert make_plan(facts(headers=AUXILIARY), rules()).route == "background"
    assert make_plan(facts(headers=AUXILIARY, tools=[WEB_SEARCH]), rules()).route == "webSearch"
    assert (
        make_plan(facts(headers=AUXILIARY, tools=[WEB_SEARCH]), without_routes(rules(), "webSearch")).route == "default"
    )


def test_a_title_is_background() -> None:
    assert make_plan(facts(tools=[], output_config={"format": TITLE_FORMAT}), rules()).route == "background"


# --------------------------------------------------------------------------------------- think, tiers


@pytest.mark.parametrize(
    ("body", "route"),
    [
        ({"thinking": {"type": "adaptive"}}, "default"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}, "default"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}, "think"),
        ({"output_config": {"effort": "max"}}, "think"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4000}}, "think"),
        ({"thinking": {"type": "enabled", "budget_tokens": 0}}, "default"),
        ({"thinking": {"type": "disabled"}}, "default"),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}, "default"),
        ({"output_config": {"effort": "heroic"}}, "default"),
        ({}, "default"),
    ],
)
def test_a_budget_or_a_high_effort_asks_for_thought(body: dict[str, Any], route: str) -> None:
    assert make_plan(facts(**body), rules()).route == route


@pytest.mark.parametrize(
    ("level", "route"), [("low", "think"), ("medium", "think"), ("high", "think"), ("max", "default")]
)
def test_the_level_of_effort_is_configurable(level: Effort, route: str) -> None:
    assert make_plan(facts(output_config={"effort": "high"}), rules(think_effort=level)).route == route


@pytest.mark.parametrize(
    ("model", "route"),
    [("claude-opus-5-5", "opus"), ("claude-SONNET-5", "sonnet"), ("haiku-x", "haiku"), ("gpt", "default")],
)
def test_tiers_are_told_by_the_models_name(model: str, route: str) -> None:
    assert make_plan(facts(model=model), with_routes(rules(), "opus", "sonnet", "haiku")).route == route


# ------------------------------------------------------------------------------- fallbacks and errors


def test_fallbacks_follow_the_routes_own_target_without_repeats() -> None:
    default, other = Target("Big", "default-model"), Target("ollama", "x")

    assert make_plan(facts(), rules(fallback={"default": (other, default, other)})).targets == (default, other)


@pytest.mark.parametrize("row", ["background", "webSearch", "think", "longContext"])
def test_a_route_of_the_npm_tool_has_its_own_list_only(row: str) -> None:
    _, found = ROWS[row]
    found = msgspec.structs.replace(found, subagent_model="")
    other = Target("ollama", "x")

    assert len(make_plan(found, rules(fallback={"default": (other,)})).targets) == 1
    assert make_plan(found, rules(fallback={row: (other,)})).targets[1:] == (other,)


@pytest.mark.parametrize("row", ["image", "explicit", "subagent tag"])
def test_other_requests_use_the_default_list(row: str) -> None:
    other = Target("ollama", "x")

    assert make_plan(ROWS[row][1], rules(fallback={"default": (other,)})).targets[1:] == (other,)


def test_without_any_route_the_error_shows_an_example() -> None:
    with pytest.raises(ClientError, match=r'Router\.default.*"Big,Qwen3-32B"') as caught:
        make_plan(facts(), Rules(providers=PROVIDERS))

    assert caught.value.status == 400


def test_without_any_provider_the_error_says_so() -> None:
    with pytest.raises(ClientError, match="No provider is configured"):
        make_plan(facts(), Rules())


# ---------------------------------------------------------------------------- the npm tool's order


def npm_order(
    *, image: bool, explicit: bool, tokens: int, last: int, tagged: bool, haiku: bool, search: bool, think: bool
) -> str:
    """The order of claude-code-router 2.0 (`getUseModel` in its router.ts), its plain defects mended."""
    if image:
        return "image"
    if explicit:
        return "explicit"
    if tokens > 60_000 or (last > 60_000 and tokens > 20_000):
        return "longContext"
    if tagged:
        return "subagent"
    if haiku:
        return "background"
    if search:
        return "webSearch"
    return "think" if think else "default"


@given(
    image=st.booleans(),
    explicit=st.booleans(),
    tokens=st.sampled_from([1, 20_000, 20_001, 60_000, 60_001]),
    last=st.sampled_from([0, 60_000, 60_001]),
    tagged=st.booleans(),
    haiku=st.booleans(),
    search=st.booleans(),
    think=st.booleans(),
    agent=st.booleans(),
)
def test_with_no_additive_route_set_it_is_the_npm_tools_order(
    agent: bool,
    explicit: bool,
    haiku: bool,
    tagged: bool,
    think: bool,
    search: bool,
    image: bool,
    tokens: int,
    last: int,
) -> None:
    model = "big,qwen3-32b" if explicit else HAIKU if haiku else "claude-opus-5-5"
    found = facts(
        user("Hi"),
        assistant("Hello"),
        user("Look", *([IMAGE] if image else [])),
        system("reminder"),
        model=model,
        tokens=tokens,
        last=last,
        headers=AGENT if agent else {},
        system=[text("billing"), text("Claude Code"), text((tag("Big,x") if tagged else "") + "prompt")],
        tools=[BASH, *([WEB_SEARCH] if search else [])],
        thinking={"type": "enabled", "budget_tokens": 2000} if think else {"type": "adaptive"},
    )

    expected = npm_order(
        image=image, explicit=explicit, tokens=tokens, last=last, tagged=tagged, haiku=haiku, search=search, think=think
    )
    assert make_plan(found, rules()).route == expected
