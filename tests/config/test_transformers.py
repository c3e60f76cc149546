"""Transformers: known names in any case and every form, and what is said about the others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccr.config import Problem, load
from ccr.config.transformers import KNOWN

Write = Callable[[str], Path]


def problems(write: Write, transformer: str, top: str = "") -> list[Problem]:
    entry = (
        f'{{name: "a", api_base_url: "http://h/v1/chat/completions", models: ["m", "n.1"], transformer: {transformer}}}'
    )
    loaded = load(write(f'{{Providers: [{entry}], Router: {{default: "a,m"}}, {top}}}'), {})
    assert loaded.snapshot is not None
    return [*loaded.problems]


@pytest.mark.parametrize("name", KNOWN)
def test_every_name_is_known_in_any_case_and_with_options(write: Write, name: str) -> None:
    for written in (f'["{name}"]', f'["{name.upper()}"]', f'{{use: [["{name.lower()}", {{a: 1}}]]}}'):
        assert {problem.severity for problem in problems(write, written)} <= {"note"}


@pytest.mark.parametrize(
    "written",
    [
        '"maxtoken"',
        '["maxtoken"]',
        '["maxtoken", {max_tokens: 5}]',
        '{use: ["maxtoken"]}',
        '{use: "maxtoken"}',
        '{use: [["maxtoken", {max_tokens: 5}]]}',
        '{use: [["maxtoken"]]}',
    ],
)
def test_every_form_is_noted_as_not_active_yet(write: Write, written: str) -> None:
    (problem,) = problems(write, written)
    assert (problem.severity, problem.path) == ("note", "Providers[0].transformer")
    assert problem.message == "accepted, not active yet: maxtoken"


def test_an_unknown_name_is_a_warning_with_a_hint(write: Write) -> None:
    (problem,) = problems(write, '{use: ["deepsek"]}')
    assert (problem.severity, problem.hint) == ("warning", 'did you mean "deepseek"?')


def test_an_unknown_name_may_come_from_a_plugin(write: Write) -> None:
    found = problems(write, '{use: ["mine"]}', 'transformers: [{path: "mine.js"}]')
    assert {problem.severity for problem in found} == {"note"}


def test_those_of_a_model_are_read_and_an_unknown_model_is_a_warning(write: Write) -> None:
    found = problems(write, '{use: [], "n.1": {use: ["tooluse"]}, "n.2": ["tooluse"]}')
    assert [(problem.severity, problem.path) for problem in found] == [
        ("note", 'Providers[0].transformer["n.1"]'),
        ("warning", 'Providers[0].transformer["n.2"]'),
        ("note", 'Providers[0].transformer["n.2"]'),
    ]
    assert found[1].hint == 'did you mean "n.1"?'
