"""The documentation cannot lie: what it shows is read, resolved, compared with the code, and run."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import click
import pyjson5
import pytest

from ccr.cli.app import COMMANDS, FLAGS, LATER, Words
from ccr.config import load
from ccr.config.snapshot import DEFAULT_BODY_LIMIT, DEFAULT_PORT
from ccr.dialects.refusals import OPTIONAL_FIELDS
from ccr.dialects.signature import FIELDS
from ccr.gateway.attempt import ANSWER_LIMIT
from ccr.gateway.edge import HEAD_BYTES, HEAD_SECONDS, IDLE_SECONDS
from ccr.gateway.exchange import Record
from ccr.gateway.log import FILE_BYTES, FILE_SECONDS, MOST_FILES
from ccr.gateway.reply import PING_INTERVAL
from ccr.gateway.server import GRACE
from ccr.providers.provider import Timeouts
from ccr.routing.facts import Facts
from ccr.routing.plan import LONG_SESSION_TOKENS, TABLE
from ccr.routing.rules import Effort, RouteName, Rules
from ccr.transformers import TRANSFORMERS
from tests.backends.fake import FakeBackend
from tests.backends.openai import reply
from tests.documents import (
    DOCUMENTS,
    ROOT,
    Block,
    all_blocks,
    blocks,
    command_lines,
    is_config,
    links,
    prose,
    quoted,
    table,
)
from tests.e2e.router import CCR, Router

KEYS = {"CLUSTER_KEY": "k", "OPENROUTER_KEY": "k", "ANTHROPIC_KEY": "k", "CCR_KEY": "k"}
ROUTES: tuple[str, ...] = get_args(RouteName)


def said(document: str) -> str:
    """Its prose, however the lines are broken."""
    return " ".join(prose(ROOT / document).split())


@pytest.mark.parametrize("block", [block for block in all_blocks("json", "json5") if is_config(block)], ids=str)
def test_every_config_shown_loads_without_errors_or_warnings(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(block.text)
    path.chmod(0o600)
    (tmp_path / "prompt.md").write_text("You are Kim.")
    loaded = load(path, KEYS)
    assert loaded.snapshot is not None
    assert [problem for problem in loaded.problems if problem.severity != "note"] == []


@pytest.mark.parametrize("block", all_blocks("json", "json5"), ids=str)
def test_every_json_block_is_json(block: Block) -> None:
    assert isinstance(pyjson5.decode(block.text), dict)


@pytest.mark.parametrize("arguments", sorted(command_lines()), ids=" ".join)
def test_every_command_shown_exists_with_its_options(arguments: tuple[str, ...]) -> None:
    word, *rest = arguments
    if word.startswith("<"):
        return
    assert word in COMMANDS or word in FLAGS or word in LATER
    options = [argument for argument in rest if argument.startswith("-")]
    if not options or word == "code":  # all of them are claude's
        return
    command = Words("ccr").get_command(click.Context(Words("ccr")), word)
    assert command is not None
    known = {name for param in command.params for name in param.opts}
    assert set(options) <= known | {"--help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_shown_exists(document: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = re.findall(r"(?:^|`)make ([\w-]+)", document.read_text(), re.MULTILINE)
    assert set(shown) <= set(targets)


def test_the_rule_table_is_the_code_s() -> None:
    rows = table("docs/routing.md", "rule", "applies to", "route")
    assert [row[0] for row in rows] == list(TABLE)
    assert {name for row in rows for name in quoted(row[2])} == set(ROUTES)


def test_the_configuration_knows_every_route() -> None:
    rows = table("docs/configuration.md", "key", "takes")
    assert {name for row in rows for name in quoted(row[0])} == {*ROUTES, "thinkEffort"}


def test_the_numbers_of_routing_are_the_code_s() -> None:
    text = said("docs/routing.md")
    levels = ", ".join(f"**{one}**" if one == Rules().think_effort else one for one in get_args(Effort))
    assert f"`longContextThreshold` ({Rules().long_context_threshold})" in text
    assert f"over {LONG_SESSION_TOKENS:,}" in text
    assert f"`thinkEffort` ({levels})" in text


def test_every_command_is_in_the_table_of_commands() -> None:
    rows = table("docs/commands.md", "command", "what it does")
    words = {name.removeprefix("ccr ").split()[0] for row in rows for name in quoted(row[0])}
    assert words == {*COMMANDS, *FLAGS}


def test_the_time_outs_are_the_code_s() -> None:
    rows = table("docs/operations.md", "phase", "seconds", "setting")
    shown = {quoted(row[2])[0]: float(row[1]) for row in rows}
    assert shown == {f"timeouts.{name}": getattr(Timeouts(), name) for name in Timeouts.__struct_fields__}


def test_the_limits_of_operations_are_the_code_s() -> None:
    text = said("docs/operations.md")
    mb = 1024 * 1024
    for sentence in (
        f"| request body | {DEFAULT_BODY_LIMIT // mb} MB",
        f"has not ended after {HEAD_BYTES // 1024} KB; it must be complete within {HEAD_SECONDS:.0f} seconds",
        f"| idle client connection | {IDLE_SECONDS:.0f} seconds",
        f"| answer in one piece | {ANSWER_LIMIT // mb} MB",
        f"a new file each day or {FILE_BYTES // mb} MB, three are kept",
        f"a `ping` every {PING_INTERVAL:.0f} seconds",
        f"running requests get {GRACE:.0f} seconds",
        f"one port ({DEFAULT_PORT};",
    ):
        assert sentence in text
    assert (MOST_FILES, FILE_SECONDS) == (3, 24 * 3600)


def test_the_log_line_shown_has_the_fields_of_a_real_one() -> None:
    (shown,) = [json.loads(block.text) for block in blocks(ROOT / "docs/operations.md") if block.language == "json"]
    assert list(shown) == list(Record.__struct_fields__)
    assert list(shown["facts"]) == list(Facts.__struct_fields__)


def test_every_field_that_is_withdrawn_on_refusal_is_named() -> None:
    section = said("docs/translation.md").partition("What is learned")[2].partition("## ")[0]
    named = {*quoted(section), *(FIELDS if "the thinking fields" in section else ())}
    assert set(OPTIONAL_FIELDS) <= named


def test_every_transformer_is_in_the_table_with_its_options_and_in_an_example() -> None:
    rows = table("docs/transformers.md", "name", "options", "what it does")
    shown = {quoted(row[0])[0]: ("anything",) if row[1] == "anything" else tuple(quoted(row[1])) for row in rows}
    assert shown == {
        name: ("anything",) if kind.takes_anything else kind.__struct_fields__ for name, kind in TRANSFORMERS.items()
    }
    examples = "".join(block.text for block in blocks(ROOT / "docs/transformers.md"))
    assert [name for name in TRANSFORMERS if f'"{name}"' not in examples] == []


def test_imports_go_down_the_floors_shown() -> None:
    source = ROOT / "src" / "ccr"
    rows = table("docs/architecture.md", "floor", "folders")
    floors = {name.rstrip("/").removesuffix(".py"): int(row[0]) for row in rows for name in quoted(row[1])}
    here = {path.stem for path in source.iterdir() if path.stem[0] != "_" and path.suffix in ("", ".py")}
    assert set(floors) == here
    wrong = [
        (str(path.relative_to(source)), module)
        for path in source.rglob("*.py")
        for module in imported(path)
        if (importer := path.relative_to(source).parts[0].removesuffix(".py")) in floors
        and module != importer
        and floors[module] >= floors[importer]
    ]
    assert wrong == []


def imported(path: Path) -> set[str]:
    """The folders of ours that a file imports from."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module=str(module)) if module.startswith("ccr."):
                names.add(module.split(".")[1])
            case ast.Import(names=aliases):
                names |= {alias.name.split(".")[1] for alias in aliases if alias.name.startswith("ccr.")}
    return names


# ------------------------------------------------------------------------------------------------ blocks that run

CLAUDE = """#!{python}
import json, os, sys, urllib.request
body = {{"model": "claude-sonnet-5", "max_tokens": 99, "messages": [{{"role": "user", "content": sys.argv[2]}}]}}
headers = {{"authorization": "Bearer " + os.environ["ANTHROPIC_AUTH_TOKEN"]}}
address = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
request = urllib.request.Request(address, json.dumps(body).encode(), headers)
print(json.load(urllib.request.urlopen(request))["content"][0]["text"])
"""
"""Stands in for the client: one question, one answer."""


@pytest.mark.e2e
@pytest.mark.parametrize(
    "block", [one for one in all_blocks("console") if one.mark in ("runs", "runs but for numbers")], ids=str
)
def test_blocks_without_models_run_as_shown(block: Block, tmp_path: Path) -> None:
    folder = tmp_path / ".claude-code-router"
    folder.mkdir()
    (folder / "config.json").write_text(config_of(block))
    (folder / "config.json").chmod(0o600)
    compare(block, tmp_path, DEFAULT_PORT)


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("block", [one for one in all_blocks("console") if one.mark == "runs with models"], ids=str)
def test_blocks_with_models_run_as_shown(block: Block, tmp_path: Path, fake_backend: FakeBackend) -> None:
    fake_backend.always(reply(text="Hello!"))
    config: dict[str, Any] = pyjson5.decode(config_of(block))
    for provider in config["Providers"]:
        provider["api_base_url"] = fake_backend.url + urlsplit(provider["api_base_url"]).path
    with Router(tmp_path, config) as router:
        compare(block, tmp_path, router.port)


def config_of(block: Block) -> str:
    """The configuration shown above the block, else the README's."""
    above = [one for one in blocks(block.document) if one.line < block.line and is_config(one)]
    return (above or [one for one in blocks(ROOT / "README.md") if is_config(one)])[-1].text


def compare(block: Block, home: Path, port: int) -> None:
    """Each command's output is as shown; `…` stands for anything in a line."""
    shown = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE)
    assert shown
    outputs = run([command for command, _ in shown], home, port)
    for (command, expected), output in zip(shown, outputs, strict=True):
        if block.mark.endswith("but for numbers"):
            expected, output = without_numbers(expected), without_numbers(output)
        pattern = re.escape(expected.strip()).replace("…", ".*")
        assert re.fullmatch(pattern, output.strip()), f"$ {command}\n{output}"


def without_numbers(text: str) -> str:
    return re.sub(r" *\d[\d.,]*", " 0", text)


def run(commands: list[str], home: Path, port: int) -> list[str]:
    programs = home / "bin"
    programs.mkdir()
    (programs / "claude").write_text(CLAUDE.format(python=sys.executable))
    (programs / "claude").chmod(0o755)
    script = "\nprintf '\\036'\n".join(commands).replace(str(DEFAULT_PORT), str(port))
    path = f"{CCR.parent}:{programs}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", **KEYS},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\r", "").replace(str(home), "/home/kim").split("\x1e")
