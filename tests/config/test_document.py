"""The text of the file: what can be wrong with it, and the environment's variables in it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccr.config import Loaded, check, load

Write = Callable[[str], Path]
PROVIDER = '"name": "a", "api_base_url": "http://h/v1/chat/completions", "models": ["m"]'


def only_error(loaded: Loaded) -> tuple[str, int | None, str]:
    assert loaded.snapshot is None
    assert [problem.severity for problem in loaded.problems] == ["error"]
    problem = loaded.problems[0]
    assert "Traceback" not in problem.message
    return problem.message, problem.line, problem.hint


def test_a_missing_file_is_one_error_with_an_example_and_creates_nothing(tmp_path: Path) -> None:
    message, _, hint = only_error(load(tmp_path / "no" / "config.json", {}))
    assert "there is no configuration file" in message
    assert '"Providers"' in hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_one_error(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in only_error(load(tmp_path, {}))[0]


def test_a_path_with_a_null_character_is_one_error() -> None:
    assert "cannot be read" in only_error(load(Path("a\0b"), {}))[0]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "the file is empty", 1),
        ("// nothing\n", "no JSON data found", 1),
        ("[]", "must hold one object", 1),
        ("null", "must hold one object", 1),
        ('{"a": 1\r\n "b": 2}', 'line 2, column 2: expected a comma or `}`, found `"`', 2),
        ('{\n"a": tru}', "line 2, column", 2),
        ('{"a": [1,\n\n 2', "line 1, column 7: the array that starts here never ends", 1),
        ('{"LOG": "x\n"}', "line 1, column 9: the string that starts here never ends", 1),
        ('{"a": 1}\n  }', "line 2, column 3: extra data", 2),
        ('{"a" 1}', "column 6: expected a colon, found `1`", 1),
        ('{"a": "\\udc00"}', "surrogate", 1),
        ("[" * 100_000, "maximum nesting level", 1),
        ('{"a":' * 2000 + "1" + "}" * 2000, "maximum nesting level", 1),
    ],
)
def test_broken_text_is_one_error_with_its_place(write: Write, text: str, message: str, line: int) -> None:
    said, at, hint = only_error(load(write(text), {}))
    assert message in said
    assert hint
    assert at == line
    assert only_error(check(write(text), {})) == (said, at, hint)


def test_a_text_without_a_value_is_told_what_to_write(write: Write) -> None:
    assert "at least {}" in only_error(load(write("// nothing\n"), {}))[2]


def test_a_number_of_thousands_of_digits_is_one_error(write: Write) -> None:
    only_error(load(write('{"PORT": ' + "9" * 10_000 + "}"), {}))


def test_a_file_that_is_not_utf8_is_one_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b'{\n"a": "\xff"}')
    assert only_error(load(path, {}))[:2] == ("line 2: the text is not UTF-8", 2)


def test_a_file_of_ten_megabytes_is_one_error(write: Write) -> None:
    assert "longer than 4 MB" in only_error(load(write('{"a": "' + "x" * 10_000_000 + '"}'), {}))[0]


def test_comments_trailing_commas_bom_and_crlf_are_read(write: Write) -> None:
    loaded = load(write("\ufeff{\r\n// a comment\r\nPORT: 4000, /* another */\r\n'Providers': [],\r\n}"), {})
    assert loaded.snapshot is not None
    assert loaded.snapshot.port == 4000


def test_variables_are_filled_into_every_text(write: Write) -> None:
    text = """{Router: {default: "$NAME,${NAME}-8b"}, PORT: "$PORT", Providers: [{name: "$NAME", api_key: "$KEY",
        api_base_url: "http://${host name}:8000/v1/chat/completions", models: ["$NAME-8b"],
        headers: {"x-team": "${team}/$NAME"}}]}"""
    environ = {"NAME": "qwen", "host name": "gpu1", "KEY": "k", "team": "t", "PORT": "4001"}
    loaded = load(write(text), environ)
    assert loaded.problems == ()
    assert loaded.snapshot is not None
    provider = loaded.snapshot.providers["qwen"]
    assert provider.url == "http://gpu1:8000/v1/chat/completions"
    assert (provider.api_key, provider.models, provider.headers) == ("k", ("qwen-8b",), {"x-team": "t/qwen"})
    assert str(loaded.snapshot.rules.routes["default"]) == "qwen,qwen-8b"
    assert loaded.snapshot.port == 4001


def test_an_unset_or_empty_variable_leaves_the_text_and_warns(write: Write) -> None:
    text = "{Providers: [{" + PROVIDER + ', headers: {"x-a": "$UNSET-${EMPTY}"}}], Router: {default: "a,m"}}'
    loaded = load(write(text), {"EMPTY": ""})
    assert loaded.snapshot is not None
    assert loaded.snapshot.providers["a"].headers == {"x-a": "$UNSET-${EMPTY}"}
    assert [(p.severity, p.path) for p in loaded.problems] == [("warning", "Providers[0].headers.x-a")] * 2
    assert "UNSET" in loaded.problems[0].message
    assert "EMPTY" in loaded.problems[1].message


@pytest.mark.parametrize("written", ["$A_KEY", "${A_KEY}", " $A_KEY "])
def test_a_key_from_an_unset_variable_counts_as_empty(write: Write, written: str) -> None:
    loaded = load(write("{Providers: [{" + PROVIDER + f', apiKey: "{written}"' + '}], Router: {default: "a,m"}}'), {})
    assert loaded.snapshot is not None
    assert loaded.snapshot.providers["a"].api_key == ""
    (problem,) = loaded.problems
    assert (problem.severity, problem.path) == ("warning", "Providers[0].apiKey")
    assert "A_KEY" in problem.message
    assert "without a key" in problem.message


def test_a_dollar_inside_a_literal_key_is_kept_and_not_shown(write: Write) -> None:
    loaded = load(write("{Providers: [{" + PROVIDER + ', api_key: "sk$SECRET1"}], Router: {default: "a,m"}}'), {})
    assert loaded.snapshot is not None
    assert loaded.snapshot.providers["a"].api_key == "sk$SECRET1"
    assert "SECRET1" not in str(loaded.problems)


def test_a_server_key_from_an_unset_variable_leaves_the_server_on_loopback(write: Write) -> None:
    loaded = load(write('{APIKEY: "$NO", HOST: "0.0.0.0"}'), {})
    assert loaded.snapshot is not None
    assert (loaded.snapshot.api_key, loaded.snapshot.host) == ("", "127.0.0.1")


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_a_readable_file_with_a_literal_key_is_warned_of(write: Write) -> None:
    path = write("{Providers: [{" + PROVIDER + ', api_key: "sk-secret"}], Router: {default: "a,m"}}')
    assert load(path, {}).problems == ()
    path.chmod(0o644)
    (problem,) = load(path, {}).problems
    assert (problem.severity, problem.path) == ("warning", "Providers[0].api_key")
    assert problem.hint.startswith("chmod 600 ")
    assert "sk-secret" not in str(problem)


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_a_readable_file_without_literal_keys_is_fine(write: Write) -> None:
    path = write("{Providers: [{" + PROVIDER + ', api_key: "$K"}], Router: {default: "a,m"}}')
    path.chmod(0o644)
    assert load(path, {"K": "k"}).problems == ()
