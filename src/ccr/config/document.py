"""The text of the file, its JSON5 value, and the environment's variables put in.

Variables follow claude-code-router: `$NAME` (capitals) or `${anything}` in every string; a variable that is unset or
empty leaves the text as it stands. Here that is also said, and a key that is nothing but such a variable counts as
empty, so that no literal `$KEY` goes out as a credential.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import pyjson5
from msgspec import Struct

from ccr.config.findings import Findings, Where
from ccr.config.names import normal

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
EXAMPLE = (
    '{"Providers": [{"name": "ollama", "api_base_url": "http://localhost:11434/v1/chat/completions", '
    '"models": ["qwen3"]}], "Router": {"default": "ollama,qwen3"}}'
)
VARIABLE = re.compile(r"\$\{([^}]+)\}|\$([A-Z_][A-Z0-9_]*)")

Tree = str | int | float | bool | None | list["Tree"] | dict[str, "Tree"]


def read_text(path: Path, findings: Findings) -> str | None:
    """The file's text without its byte order mark. None: said why not."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        findings.error((), f"there is no configuration file {path}", f"create it, for example with {EXAMPLE}")
        return None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = error.strerror if isinstance(error, OSError) else str(error)
        findings.error((), f"{path} cannot be read: {reason}", "name a readable file with --config")
        return None
    if len(data) > MAX_BYTES:
        findings.error((), f"{path} is longer than {MAX_BYTES >> 20} MB", "is this the right file?")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.error((), f"line {line}: the text is not UTF-8", "save the file with the encoding UTF-8", line)
        return None


def decode(text: str, findings: Findings) -> dict[str, Tree] | None:
    """The object that the text is. None: said why it is none."""
    if not text.strip():
        findings.error((), "the file is empty", f"write at least {{}}, or for example {EXAMPLE}", 1)
        return None
    try:
        value: Tree = pyjson5.decode(text, MAX_DEPTH)
    except pyjson5.Json5DecoderException as error:
        _report_syntax(str(error.args[0]), text, findings)
        return None
    except ValueError:  # int() refuses thousands of digits
        findings.error((), "a number in the file is far too long")
        return None
    if not isinstance(value, dict):
        findings.error((), "line 1, column 1: the file must hold one object {…}", f"for example {EXAMPLE}", 1)
        return None
    return value


_NEAR = re.compile(r"^(.*?)(?: starting)? near (\d+)(?:, found U\+([0-9a-fA-F]+))?$", re.DOTALL)
_NAMES = {"JSON5Value": "a value", "comma": "a comma", "colon": "a colon"}


def _report_syntax(said: str, text: str, findings: Findings) -> None:
    """pyjson5 counts characters up to and with the offending one; people count lines and columns."""
    match = _NEAR.match(said)
    if match is None:
        findings.error((), f"the file is not valid JSON5: {said}")
        return
    what, near, found = match.groups()
    at = int(near) if what.startswith("Extra") else int(near) - 1
    while what.startswith("Extra") and text[at : at + 1].isspace():
        at += 1
    before = text[: max(at, 0)]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    findings.error(
        (),
        f"line {line}, column {column}: {_plain_words(what)}{f', found {_character(found)}' if found else ''}",
        _syntax_hint(what),
        line,
    )


def _plain_words(what: str) -> str:
    what = re.sub(r"b'([^']+)'", lambda name: _NAMES.get(name[1], name[1]), what)
    what = re.sub(r"U\+([0-9a-fA-F]+)", lambda code: _character(code[1]), what)
    what = re.sub(r"^Unclosed (\w+)$", r"the \1 that starts here never ends", what)
    return what[:1].lower() + what[1:]


def _character(code: str) -> str:
    character = chr(int(code, 16))
    return f"`{character}`" if character.isprintable() else f"U+{code.upper()}"


def _syntax_hint(what: str) -> str:
    if what.startswith("No JSON data"):
        return f"write at least {{}}, or for example {EXAMPLE}"
    if what.startswith("Maximum nesting"):
        return f"objects and lists may stand at most {MAX_DEPTH} deep in each other"
    if what.startswith(("Unclosed", "Extra")):
        return "count the brackets and quotes around it"
    return "look for a missing comma, quote or bracket just before it"


class Interpolated(Struct):
    """A document with the environment's variables put in."""

    value: dict[str, Tree]
    literal_keys: list[Where]
    """Where keys stand in the file itself."""


def interpolate(document: dict[str, Tree], environ: Mapping[str, str], findings: Findings) -> Interpolated:
    """Put variables into every string of the document. Depth is limited by `decode`."""
    literal_keys: list[Where] = []

    def visit(tree: Tree, where: Where) -> Tree:
        match tree:
            case dict():
                return {key: visit(value, (*where, key)) for key, value in tree.items()}
            case list():
                return [visit(value, (*where, index)) for index, value in enumerate(tree)]
            case str() if is_key(where):
                if tree and not VARIABLE.search(tree):
                    literal_keys.append(where)
                return _key(tree, where, environ, findings)
            case str():
                return _filled(tree, where, environ, findings)
            case _:
                return tree

    return Interpolated({key: visit(value, (key,)) for key, value in document.items()}, literal_keys)


def is_key(where: Where) -> bool:
    """The place of a credential: `api_key`, `APIKEY`, also `OPENAI_API_KEY`."""
    return isinstance(where[-1], str) and normal(where[-1]).endswith("apikey")


def _filled(text: str, where: Where, environ: Mapping[str, str], findings: Findings) -> str:
    if "$" not in text:
        return text
    for name in _unset(text, environ):
        findings.warning(
            where, f"the environment variable {name} is not set, the text stays as it is", f"export {name}=…"
        )
    return VARIABLE.sub(lambda match: environ.get(match[1] or match[2]) or match[0], text)


def _key(text: str, where: Where, environ: Mapping[str, str], findings: Findings) -> str:
    whole = VARIABLE.fullmatch(text.strip())
    if whole is None:  # a `$` inside a literal key: what follows may be part of the secret, so it is not shown
        if _unset(text, environ):
            findings.warning(where, "a part of the key looks like an environment variable that is not set")
        return VARIABLE.sub(lambda match: environ.get(match[1] or match[2]) or match[0], text)
    name = whole[1] or whole[2]
    value = environ.get(name, "")
    if not value:
        what = "requests are sent without a key" if len(where) > 1 else "it counts as empty"
        findings.warning(where, f"the environment variable {name} is not set: {what}", f"export {name}=…")
    return value


def _unset(text: str, environ: Mapping[str, str]) -> list[str]:
    return [name for name in (match[1] or match[2] for match in VARIABLE.finditer(text)) if not environ.get(name)]


def warn_if_readable(path: Path, literal_keys: list[Where], findings: Findings) -> None:
    """A key in a file that others on this machine may read."""
    if not literal_keys or os.name == "nt":
        return
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) and mode & 0o044:
        findings.warning(literal_keys[0], "other users of this machine can read this key", f"chmod 600 {path}")
