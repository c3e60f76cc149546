"""`check` says on which line."""

from collections.abc import Callable
from pathlib import Path

from ccr.config import check, load

Write = Callable[[str], Path]


def test_a_problem_has_the_line_of_its_key(write: Write) -> None:
    text = '// one\n{\n providers: [\r\n  {NAME: "a",\n /* five\n */ HOST: "x",\n  modles: []}],\n'
    text += ' "Router": {\n "thinc": ""}}'
    lines = {problem.path: problem.line for problem in check(write(text), {}).problems}
    assert lines == {"providers[0].HOST": 6, "providers[0].modles": 7, "Router.thinc": 9}


def test_a_missing_key_has_the_line_of_what_lacks_it(write: Write) -> None:
    problems = check(write('{\n"Providers": [\n{"name": "a"}]}'), {}).problems
    assert [(problem.path, problem.line) for problem in problems] == [("Providers[0].api_base_url", 3)]


def test_a_problem_of_the_whole_file_has_no_line(write: Write) -> None:
    assert check(write("{}"), {"SERVICE_PORT": "x"}).problems[0].line is None


def test_load_gives_the_same_problems_without_lines_and_order(write: Write) -> None:
    path = write('{\n"Porviders": [],\n"PORT": "x"}')
    checked, loaded = check(path, {}), load(path, {})
    assert {problem.message for problem in checked.problems} == {problem.message for problem in loaded.problems}
    assert [problem.line for problem in checked.problems] == [2, 3]
    assert [problem.line for problem in loaded.problems] == [None, None]


def test_a_key_that_stands_twice_is_warned_of(write: Write) -> None:
    problems = check(write('{"LOG": true,\n"Router": {},\n"LOG": false, "Providers": []}'), {}).problems
    assert ("LOG", 3, "this key stands twice in its object; the last one counts") in [
        (problem.path, problem.line, problem.message) for problem in problems
    ]
