from pathlib import Path

from ccr.cli.window import configured_window, known_window
from ccr.config import Snapshot
from ccr.providers import ModelLimits, Provider
from ccr.routing.rules import RouteName, Rules, Target

LIMITS = {
    "small": ModelLimits(context_window=32768),
    "large": ModelLimits(context_window=1_000_000),
    "odd": ModelLimits(),
}


def snapshot(**routes: str) -> Snapshot:
    provider = Provider(
        name="Local", url="http://127.0.0.1:9/v1/chat/completions", dialect="openai-chat", limits=LIMITS
    )
    named: dict[str, RouteName] = {"default": "default", "longContext": "longContext"}
    targets = {named[route]: Target("Local", model) for route, model in routes.items()}
    return Snapshot(path=Path("/c.json"), providers={"local": provider}, rules=Rules(routes=targets))


def test_the_default_routes_model_decides() -> None:
    assert configured_window(snapshot(default="small")) == 32768


def test_a_long_context_route_decides_where_there_is_one() -> None:
    assert configured_window(snapshot(default="small", longContext="large")) == 1_000_000


def test_without_limits_or_routes_it_is_not_known() -> None:
    assert configured_window(snapshot(default="odd")) is None
    assert configured_window(snapshot(default="unlisted")) is None
    assert configured_window(snapshot()) is None


def test_a_provider_that_is_not_there_leaves_it_unknown() -> None:
    assert known_window(snapshot(default="unlisted")) is None
