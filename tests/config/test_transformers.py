"""Transformers: known names in any case and every form, for a provider, a model or several; what is said of others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccr.config import Loaded, load
from ccr.config.transformers import KNOWN, PLUGINS
from ccr.providers import Provider
from ccr.providers.catalogue import flags_of
from ccr.transformers import TRANSFORMERS, Transformer
from ccr.transformers.limits import MaxToken

Write = Callable[[str], Path]


def loaded_with(write: Write, transformer: str, top: str = "") -> Loaded:
    entry = (
        f'{{name: "a", api_base_url: "http://h/v1/chat/completions", models: ["m", "n.1"], transformer: {transformer}}}'
    )
    return load(write(f'{{Providers: [{entry}], Router: {{default: "a,m"}}, {top}}}'), {})


def provider_with(write: Write, transformer: str, top: str = "") -> Provider:
    loaded = loaded_with(write, transformer, top)
    assert loaded.snapshot is not None
    assert loaded.problems == ()
    return loaded.snapshot.providers["a"]


def names(provider: Provider, model: str = "m") -> list[str]:
    return [one.name for one in provider.transformers_of(model).transformers]


def the_only(provider: Provider, model: str = "m") -> Transformer:
    (transformer,) = provider.transformers_of(model).transformers
    return transformer


@pytest.mark.parametrize("name", KNOWN)
def test_every_name_is_known_in_any_case_and_with_options(write: Write, name: str) -> None:
    kind = TRANSFORMERS.get(name)
    noted = name in PLUGINS or (kind is not None and kind.later)
    for written in (f'["{name}"]', f'["{name.upper()}"]', f'{{use: [["{name.lower()}", {{}}]]}}', f'"{name.title()}"'):
        loaded = loaded_with(write, written)
        assert loaded.snapshot is not None
        said = {one.severity for one in loaded.problems if "has no effect without" not in one.message}
        assert said == ({"note"} if noted else set())
        assert names(loaded.snapshot.providers["a"]) == ([name] if kind else [])


@pytest.mark.parametrize(
    "written",
    [
        '["maxtoken", {max_tokens: 5}]',
        '[["MaxToken", {max_tokens: 5}]]',
        '{use: ["maxtoken", {max_tokens: 5}]}',
        '{use: [["maxtoken", {max_tokens: 5}]]}',
        '{use: [["max_token", {maxTokens: "5"}]]}',
        '{m: {use: [["maxtoken", {max_tokens: 5}]]}}',
        '{"M": [["maxtoken", {max_tokens: 5}]]}',
    ],
)
def test_options_are_read_in_every_form(write: Write, written: str) -> None:
    assert the_only(provider_with(write, written)) == MaxToken(5)


@pytest.mark.parametrize("written", ['"maxtoken"', '["maxtoken"]', '{use: ["maxtoken"]}', '{use: [["maxtoken"]]}'])
def test_one_that_lacks_its_option_is_a_warning(write: Write, written: str) -> None:
    (problem,) = loaded_with(write, written).problems
    assert problem.severity == "warning"
    assert problem.message.startswith("maxtoken has no effect without its option")


def test_an_option_of_the_wrong_type_is_an_error_with_its_place(write: Write) -> None:
    loaded = loaded_with(write, '{use: [["maxtoken", {max_tokens: "many"}]]}')
    problem = loaded.problems[0]
    assert loaded.snapshot is None
    assert (problem.severity, problem.path) == ("error", "Providers[0].transformer.use[0][1].max_tokens")
    assert problem.message == "must be a whole number above 0, not this text"


def test_an_unknown_option_is_a_warning_with_a_hint(write: Write) -> None:
    (problem,) = loaded_with(write, '{use: [["sampling", {top_p: 0.5, temprature: 1}]]}').problems
    assert (problem.severity, problem.path) == ("warning", "Providers[0].transformer.use[0][1].temprature")
    assert problem.hint == 'did you mean "temperature"?'


def test_an_unknown_name_is_a_warning_with_a_hint(write: Write) -> None:
    (problem,) = loaded_with(write, '{use: ["deepsek"]}').problems
    assert (problem.severity, problem.hint) == ("warning", 'did you mean "deepseek"?')
    assert problem.path == "Providers[0].transformer.use[0]"


def test_an_unknown_name_may_come_from_a_plugin(write: Write) -> None:
    found = loaded_with(write, '{use: ["mine"]}', 'transformers: [{path: "mine.js"}]').problems
    assert [problem.message for problem in found] == [
        "accepted, not active yet: it is a plugin",
        "accepted, not active yet: mine is a plugin",
    ]


def test_those_of_vertex_are_accepted_with_their_options_and_described(write: Write) -> None:
    text = '{use: [["vertex-openai", {client_email: "e", private_key: "k", project: "p", location: "l"}]]}'
    (problem,) = loaded_with(write, text).problems
    assert (problem.severity, problem.message) == (
        "note",
        "vertex-openai is accepted, not active yet: requests to Vertex AI come with a later version",
    )


def test_those_of_a_model_come_after_the_provider_s(write: Write) -> None:
    provider = provider_with(write, '{use: ["openrouter"], "N.1": {use: ["tooluse", "cleancache"]}}')
    assert names(provider) == ["openrouter"]
    assert names(provider, "n.1") == ["openrouter", "tooluse", "cleancache"]


def test_an_unknown_model_is_a_warning(write: Write) -> None:
    (problem,) = loaded_with(write, '{use: [], "n.2": ["tooluse"]}').problems
    assert (problem.severity, problem.path) == ("warning", 'Providers[0].transformer["n.2"]')
    assert problem.hint == 'did you mean "n.1"?'


def test_a_language_for_one_model_is_a_warning(write: Write) -> None:
    (problem,) = loaded_with(write, '{m: {use: ["Anthropic"]}}').problems
    assert (problem.severity, problem.message) == ("warning", "Anthropic is for a whole provider, ignored")


def test_a_model_s_name_tells_its_vendor(write: Write) -> None:
    provider = provider_with(write, '{m: {use: ["deepseek"]}}')
    assert "echo_reasoning" in flags_of(provider, "m")
    assert "echo_reasoning" not in flags_of(provider, "n.1")


@pytest.mark.parametrize(
    ("lists", "of_m", "of_n"),
    [
        ('providers: ["A"]', ["cleancache"], ["cleancache"]),
        ('models: ["a,m"]', ["cleancache"], []),
        ('models: ["N.1", "a/m"]', ["cleancache"], ["cleancache"]),
        ('providers: ["a"], models: ["a,m"]', ["cleancache"], ["cleancache"]),
        ('models: ["b,m"]', [], []),
        ("", ["cleancache"], ["cleancache"]),
    ],
)
def test_a_shared_one_works_for_what_it_lists(write: Write, lists: str, of_m: list[str], of_n: list[str]) -> None:
    provider = provider_with(write, "[]", f'transformers: [{{name: "CleanCache", {lists}}}]')
    assert (names(provider), names(provider, "n.1")) == (of_m, of_n)


def test_a_shared_one_has_its_options_and_comes_last(write: Write) -> None:
    top = 'transformers: [{name: "maxtoken", options: {max_tokens: 5}, providers: ["a"]}]'
    provider = provider_with(write, '{use: ["tooluse"]}', top)
    assert provider.transformers.transformers[1] == MaxToken(5)


def test_a_shared_one_may_choose_the_language_of_the_providers_it_lists(write: Write) -> None:
    top = 'transformers: [{name: "Anthropic", options: {UseBearer: true}, providers: ["a"]}]'
    provider = provider_with(write, "[]", top)
    assert (provider.dialect, provider.use_bearer) == ("anthropic", True)
    assert provider_with(write, "[]", 'transformers: [{name: "Anthropic"}]').dialect == "openai-chat"


def test_a_shared_one_for_an_unknown_provider_is_a_warning(write: Write) -> None:
    top = 'transformers: [{name: "maxtoken", options: {max_tokens: 5}, providers: ["aa"]}, {options: {}}]'
    found = loaded_with(write, "[]", top).problems
    assert [(problem.path, problem.message) for problem in found] == [
        ("transformers[0].providers[0]", 'there is no provider "aa"'),
        ("transformers[1]", "names no transformer, ignored"),
    ]
