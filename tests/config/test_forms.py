"""Spellings, unknown keys and wrong types."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccr.config import Problem, check, load
from ccr.config.keys import FallbackEntry, File, ProviderEntry, RouterEntry, TimeoutsEntry

Write = Callable[[str], Path]
GOOD = '{name: "a", api_base_url: "http://h/v1/chat/completions", models: ["m"]}'
ROUTER = 'Router: {default: "a,m"}'


def problems(write: Write, extra: str) -> tuple[Problem, ...]:
    return load(write(f"{{Providers: [{GOOD}], {ROUTER}, {extra}}}"), {}).problems


@pytest.mark.parametrize("top", ["Providers", "providers", "PROVIDERS"])
@pytest.mark.parametrize(
    "entry",
    [
        '{name: "a", api_base_url: "http://h/v1/chat/completions", api_key: "k", models: ["m"]}',
        '{name: "a", baseUrl: "http://h", apiKey: "k", models: ["m"]}',
        '{NAME: "a", HOST: "http://h/v1", APIKEY: "k", MODELS: ["m"]}',
        '{Name: "a", apiBaseUrl: "http://h/v1/chat/completions", API_KEY: "k", Models: ["m"]}',
    ],
)
def test_every_spelling_of_a_provider_gives_the_same(write: Write, top: str, entry: str) -> None:
    loaded = load(write(f"{{{top}: [{entry}], {ROUTER}}}"), {})
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    provider = loaded.snapshot.providers["a"]
    assert (provider.url, provider.api_key, provider.models) == ("http://h/v1/chat/completions", "k", ("m",))


def test_top_level_keys_in_lower_case_are_read(write: Write) -> None:
    loaded = load(write('{port: "4000", host: "0.0.0.0", apikey: "k", log: "false", Plugins: [], router: {}}'), {})
    assert loaded.snapshot is not None
    snapshot = loaded.snapshot
    assert (snapshot.port, snapshot.host, snapshot.api_key, snapshot.log) == (4000, "0.0.0.0", "k", False)
    assert [problem.severity for problem in loaded.problems] == ["warning"]  # no providers


@pytest.mark.parametrize(
    ("extra", "path", "hint"),
    [
        ("API_TIMEOUT: 1", "API_TIMEOUT", 'did you mean "API_TIMEOUT_MS"?'),
        ("fallbacks: {}", "fallbacks", 'did you mean "fallback"?'),
        ('think: "a,m"', "think", 'this key belongs inside "Router"'),
        ('models: ["m"]', "models", 'this key belongs inside an entry of "Providers"'),
        ('OPENAI_API_KEY: "x"', "OPENAI_API_KEY", 'write it as "api_key" of an entry of "Providers"'),
        ("qqqqqq: 1", "qqqqqq", ""),
        ("timeouts: {conect: 1}", "timeouts.conect", 'did you mean "connect"?'),
        ("fallback: {defualt: []}", "fallback.defualt", 'did you mean "default"?'),
    ],
)
def test_an_unknown_key_is_a_warning_with_a_hint(write: Write, extra: str, path: str, hint: str) -> None:
    (problem,) = problems(write, extra)
    assert (problem.severity, problem.path, problem.hint) == ("warning", path, hint)


def test_unknown_keys_of_providers_and_router_are_warnings(write: Write) -> None:
    entry = '{name: "a", api_base_url: "http://h", modles: ["m"], models: ["m.1"], "limits": {"m.1": {context: 1}}}'
    loaded = load(write(f'{{Providers: [{entry}], Router: {{default: "a,m.1", longcontxt: "a,m", LOG: true}}}}'), {})
    assert [(p.severity, p.path, p.hint) for p in loaded.problems] == [
        ("warning", 'Providers[0].limits["m.1"].context', 'did you mean "context_window"?'),
        ("warning", "Providers[0].modles", 'did you mean "models"?'),
        ("warning", "Router.longcontxt", 'did you mean "longContext"?'),
        ("warning", "Router.LOG", "this key belongs at the top level"),
    ]


def test_comment_keys_and_an_editors_schema_are_let_pass(write: Write) -> None:
    assert problems(write, '"$schema": "x", "_comment": "x", "//": "x"') == ()


def test_a_setting_given_twice_is_warned_of_and_the_canonical_one_counts(write: Write) -> None:
    loaded = load(write("{port: 1, PORT: 2, Providers: [], providers: 5}"), {})
    assert loaded.snapshot is not None
    assert loaded.snapshot.port == 2
    assert [(p.path, p.message) for p in loaded.problems[:2]] == [
        ("port", 'ignored: "PORT" says the same'),
        ("providers", 'ignored: "Providers" says the same'),
    ]


@pytest.mark.parametrize(
    ("extra", "path", "message"),
    [
        ("PORT: 99999", "PORT", "must be a port from 1 to 65535, not this number"),
        ('PORT: "x"', "PORT", "must be a port from 1 to 65535, not this text"),
        ("PORT: 1.5", "PORT", "must be a port"),
        ("PORT: true", "PORT", "not true or false"),
        ("LOG: 7", "LOG", "must be true or false, not this number"),
        ("HOST: 5", "HOST", "must be a text in quotes, not this number"),
        ("APIKEY: 12345", "APIKEY", "must be a text in quotes, not this number"),
        ('LOG_LEVEL: "warning"', "LOG_LEVEL", "must be one of fatal, error, warn"),
        ("timeouts: 5", "timeouts", "must be an object {…}, not this number"),
        ("timeouts: {idle: NaN}", "timeouts.idle", "must be a number of seconds above 0"),
        ("timeouts: {idle: 0}", "timeouts.idle", "must be a number of seconds above 0"),
        ("timeouts: {idle: Infinity}", "timeouts.idle", "must be a number of seconds above 0"),
        ("BODY_LIMIT: -1", "BODY_LIMIT", "must be a whole number above 0"),
        ('fallback: {default: "a,m"}', "fallback.default", 'must be a list of texts "provider,model"'),
        ("plugins: {}", "plugins", "must be a list of objects"),
        ("StatusLine: []", "StatusLine", "must be an object {…}, not this list"),
        ('PROXY_URL: "socks5://u:secret@h:1"', "PROXY_URL", "only HTTP proxies"),
        ('PROXY_URL: "127.0.0.1:7890"', "PROXY_URL", "only HTTP proxies"),
        ('REWRITE_SYSTEM_PROMPT: "nowhere.md"', "REWRITE_SYSTEM_PROMPT", "cannot be read: No such file"),
    ],
)
def test_a_wrong_type_is_an_error_with_path_and_line(write: Write, extra: str, path: str, message: str) -> None:
    loaded = check(write(f"{{Providers: [{GOOD}],\n{ROUTER},\n{extra}}}"), {})
    assert loaded.snapshot is None
    (problem,) = loaded.problems
    assert (problem.severity, problem.path, problem.line) == ("error", path, 3)
    assert message in problem.message
    assert "secret" not in str(problem)
    assert "12345" not in str(problem)


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ("7", "Providers[1]", "must be an object {…}, not this number"),
        ('{api_base_url: "http://h"}', "Providers[1].name", "the provider has no name"),
        ('{name: "b"}', "Providers[1].api_base_url", "the provider has no address"),
        ('{name: "b", api_base_url: 5}', "Providers[1].api_base_url", "must be a text in quotes"),
        ('{name: 5, api_base_url: "http://h"}', "Providers[1].name", "must be a text in quotes"),
        ('{name: "b", api_base_url: "http://h", models: "m"}', "Providers[1].models", "must be a list of texts"),
        ('{name: "b", api_base_url: "http://h", models: ["m", 1]}', "Providers[1].models", "but [1] is this number"),
        ('{name: "A", api_base_url: "http://h", models: ["m"]}', "Providers[1].name", 'a second provider "A"'),
        ('{name: "a,b", api_base_url: "http://h", models: ["m"]}', "Providers[1].name", "holds no comma"),
        ('{name: "b", api_base_url: "http://h", models: ["m"], headers: {x: 1}}', "Providers[1].headers", "are texts"),
        ('{name: "b", api_base_url: "http://h", models: ["m"], limits: {m: 5}}', "Providers[1].limits.m", "an object"),
        (
            '{name: "b", api_base_url: "http://h", models: ["m"], transformer: {use: [5]}}',
            "Providers[1].transformer.use[0]",
            "is not a transformer",
        ),
        ('{name: "b", api_base_url: "http://h", models: ["m"], transformer: 5}', "Providers[1].transformer", "must be"),
    ],
)
def test_a_wrong_provider_is_an_error(write: Write, entry: str, path: str, message: str) -> None:
    loaded = load(write(f"{{Providers: [{GOOD}, {entry}], {ROUTER}}}"), {})
    assert loaded.snapshot is None
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    assert [problem.path for problem in errors] == [path]
    assert message in errors[0].message


def test_a_wrong_kind_of_tokenizer_is_an_error(write: Write) -> None:
    found = problems(write, 'tokenizer: {type: "tiktokn"}')
    assert ("error", "tokenizer.type", 'did you mean "tiktoken"?') in [(p.severity, p.path, p.hint) for p in found]


def test_a_route_is_judged_beside_other_errors(write: Write) -> None:
    loaded = load(write(f'{{PORT: "x", Providers: [{GOOD}], Router: {{default: "b,m"}}}}'), {})
    assert loaded.snapshot is None
    assert [problem.path for problem in loaded.problems] == ["PORT", "Router.default"]


def test_all_errors_are_reported_at_once(write: Write) -> None:
    loaded = load(write('{PORT: "x", Providers: [{name: "a"}, {api_base_url: "h"}], Router: []}'), {})
    assert [problem.path for problem in loaded.problems] == [
        "Router",
        "PORT",
        "Providers[0].api_base_url",
        "Providers[1].name",
        "Providers[1].api_base_url",
    ]


KEYS = [
    key for form in (File, ProviderEntry, RouterEntry, FallbackEntry, TimeoutsEntry) for key in form.__struct_fields__
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
SPECIAL = st.sampled_from(["a,m", "http://h/v1", "http://[", "$X", "${", "0.0.0.0", "~/x", "Anthropic", "9" * 50])
ANYTHING = st.recursive(
    LEAVES | SPECIAL,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, "use", "m"]) | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6), st.lists(ANYTHING, max_size=3))
def test_any_document_is_judged_without_a_crash(
    write: Write, document: dict[str, object], entries: list[object]
) -> None:
    path = write(msgspec.json.encode({"Providers": entries} | document).decode())
    loaded = load(path, {})
    assert (loaded.snapshot is None) <= any(problem.severity == "error" for problem in loaded.problems)
    assert len(check(path, {}).problems) >= len(loaded.problems)
