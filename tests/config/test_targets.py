"""Routes: from `provider,model` in any spelling to the configured one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccr.config import Loaded, load

Write = Callable[[str], Path]
PROVIDERS = """Providers: [
  {name: "Cluster", api_base_url: "http://h", models: ["Qwen3-32B", "deepseek-v3", "a,b"]},
  {name: "open/router", api_base_url: "http://h", models: ["anthropic/claude-sonnet-4"]},
  {name: "open", api_base_url: "http://h", models: ["router/x", "z"]}]"""


def routed(write: Write, target: str, route: str = "default") -> Loaded:
    other = "" if route == "default" else ', default: "Cluster,deepseek-v3"'
    return load(write(f'{{{PROVIDERS}, Router: {{{route}: "{target}"{other}}}}}'), {})


def target_of(loaded: Loaded) -> str:
    assert loaded.snapshot is not None
    return str(loaded.snapshot.rules.routes["default"])


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("Cluster,Qwen3-32B", "Cluster,Qwen3-32B"),
        ("cluster,qwen3-32b", "Cluster,Qwen3-32B"),
        ("CLUSTER, Qwen3-32B ", "Cluster,Qwen3-32B"),
        ("Cluster,a,b", "Cluster,a,b"),
        ("Cluster/Qwen3-32B", "Cluster,Qwen3-32B"),
        ("cluster/QWEN3-32b", "Cluster,Qwen3-32B"),
        ("open/router,anthropic/claude-sonnet-4", "open/router,anthropic/claude-sonnet-4"),
        ("open/router/anthropic/claude-sonnet-4", "open/router,anthropic/claude-sonnet-4"),
        ("open/z", "open,z"),
        ("open/router/x", "open,router/x"),
        ("cluster/a,b", "Cluster,a,b"),
    ],
)
def test_every_spelling_becomes_the_configured_one(write: Write, written: str, target: str) -> None:
    loaded = routed(write, written)
    assert target_of(loaded) == target
    assert loaded.problems == ()


def test_an_unlisted_model_is_kept_as_written_with_a_warning(write: Write) -> None:
    loaded = routed(write, "cluster,Qwen3-32")
    assert target_of(loaded) == "Cluster,Qwen3-32"
    (problem,) = loaded.problems
    assert (problem.severity, problem.path) == ("warning", "Router.default")
    assert problem.hint == 'did you mean "Qwen3-32B"?'


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("clutser,Qwen3-32B", 'did you mean "Cluster"?'),
        ("xyz,m", "known: Cluster, open/router, open"),
        ("deepseek-v3", 'write "Cluster,deepseek-v3"'),
        ("gpt", 'for example "ollama,qwen3"'),
        ("cluster,", 'write "Cluster,Qwen3-32B"'),
        ("open/router/both", 'write "open/router,both" or "open,router/both"'),
    ],
)
def test_a_target_that_cannot_be_is_an_error_and_all_else_works(write: Write, written: str, hint: str) -> None:
    loaded = routed(write, written, "think")
    assert loaded.snapshot is not None
    assert [*loaded.snapshot.rules.routes] == ["default"]
    (problem,) = loaded.problems
    assert (problem.severity, problem.path, problem.hint) == ("error", "Router.think", hint)


def test_all_routes_are_read_in_any_case(write: Write) -> None:
    names = ["default", "background", "think", "longContext", "webSearch", "image", "subagent", "compaction"]
    names += ["opus", "sonnet", "haiku"]
    router = ", ".join(f'{name.upper()}: "cluster,deepseek-v3"' for name in names)
    loaded = load(
        write(f"{{{PROVIDERS}, ROUTER: {{{router}, LONG_CONTEXT_THRESHOLD: '70000', thinkEffort: 'HIGH'}}}}"), {}
    )
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    rules = loaded.snapshot.rules
    assert sorted(rules.routes) == sorted(names)
    assert (rules.long_context_threshold, rules.think_effort) == (70_000, "high")
    assert rules.providers["Cluster"] == ("Qwen3-32B", "deepseek-v3", "a,b")


def test_fallback_lists_are_targets_in_order(write: Write) -> None:
    text = f"""{{{PROVIDERS}, Router: {{default: "cluster,deepseek-v3"}},
        fallback: {{default: ["open,Z", "nobody,x", "Cluster/Qwen3-32B"], think: []}}}}"""
    loaded = load(write(text), {})
    assert loaded.snapshot is not None
    fallback = loaded.snapshot.rules.fallback
    assert [str(target) for target in fallback["default"]] == ["open,z", "Cluster,Qwen3-32B"]
    assert [*fallback] == ["default"]
    assert [(p.severity, p.path) for p in loaded.problems] == [("error", "fallback.default[1]")]


def test_empty_routes_are_unset(write: Write) -> None:
    loaded = load(write(f'{{{PROVIDERS}, Router: {{default: "open,z", think: "", image: null}}}}'), {})
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    assert [*loaded.snapshot.rules.routes] == ["default"]


def test_no_default_route_is_a_warning_that_shows_one(write: Write) -> None:
    loaded = load(write(f"{{{PROVIDERS}}}"), {})
    assert loaded.snapshot is not None
    (problem,) = loaded.problems
    assert (problem.severity, problem.path, problem.hint) == ("warning", "Router", 'add "default": "Cluster,Qwen3-32B"')


def test_a_provider_alone_is_told_how_to_go_on(write: Write) -> None:
    (problem,) = routed(write, "cluster").problems
    assert (problem.severity, problem.path, problem.hint) == ("error", "Router.default", 'write "Cluster,Qwen3-32B"')
