"""The documentation as data: its blocks, tables, commands and links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyjson5
from msgspec import Struct

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"^(?:<!-- (runs[a-z ]*) -->\n)?^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


class Block(Struct, frozen=True):
    document: Path
    language: str
    text: str
    mark: str
    """Of the comment above it: `runs`, `runs but for numbers`, `runs with models`, or empty."""
    line: int

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    text = document.read_text()
    for match in _BLOCK.finditer(text):
        mark, _, language, body = match.groups()
        yield Block(document, language, body, mark or "", text[: match.start()].count("\n") + 1)


def all_blocks(*languages: str) -> list[Block]:
    return [block for document in DOCUMENTS for block in blocks(document) if block.language in languages]


def is_config(block: Block) -> bool:
    return block.language in ("json", "json5") and "Providers" in pyjson5.decode(block.text)


def prose(document: Path) -> str:
    """Everything but the blocks."""
    return _BLOCK.sub("", document.read_text())


def table(document: str, *header: str) -> list[list[str]]:
    """The rows of the table whose header begins with these cells."""
    lines = iter((ROOT / document).read_text().splitlines())
    for line in lines:
        if line.startswith("| " + " | ".join(header)):
            next(lines)
            break
    else:
        raise AssertionError(f"{document} has no table {header}")
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def quoted(text: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", text)


def command_lines() -> set[tuple[str, ...]]:
    """Every `ccr …` that is shown, as its arguments."""
    shown: set[tuple[str, ...]] = set()
    for document in DOCUMENTS:
        codes = [typed(block) for block in blocks(document) if block.language in ("sh", "console")]
        for code in (*codes, *quoted(prose(document))):
            for match in re.finditer(r"(?:^|[\s(])ccr ([^\n&|;)]+)", code):
                shown.add(tuple(shlex.split(match.group(1))))
    return shown


def typed(block: Block) -> str:
    """What a person types, without comments."""
    lines = block.text.splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return re.sub(r"#.*", "", "\n".join(lines))


def links(document: Path) -> list[str]:
    """Relative ones."""
    found: list[Any] = re.findall(r"\]\(([^)\s]+)\)", prose(document))
    return [link for link in found if "://" not in link]
