"""Imports go downward only (docs/architecture.md). Floors of one number are strangers: they never import each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "ccr"

FLOORS: dict[str, int] = {
    "errors": 0,
    "units": 0,
    "messages": 1,
    "dialects": 2,
    "transformers": 2,
    "routing": 2,
    "upstream": 2,
    "tenancy": 2,
    "ledger": 2,
    "providers": 3,
    "storage": 3,
    "plugins": 3,
    "config": 4,
    "gateway": 5,
    "admin": 6,
    "demo": 6,
    "cli": 7,
    "__main__": 8,
}
"""The first name under `ccr` -> its floor. The version, in `ccr/__init__.py`, may be read from anywhere."""


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """(module, line) of every import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: a relative import"
            yield node.module or "", node.lineno
            if node.module == "ccr":
                yield from ((f"ccr.{alias.name}", node.lineno) for alias in node.names)


def part_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_imports_go_downward_only() -> None:
    offences = []
    for file in sorted(SOURCE.rglob("*.py")):
        part = part_of(file)
        if part == "__init__":
            continue
        for module, line in imports(file):
            names = module.split(".")
            if names[0] != "ccr" or len(names) == 1 or names[1] in ("__version__", part):
                continue
            if FLOORS[names[1]] >= FLOORS[part]:
                offences.append(f"{file.relative_to(SOURCE)}:{line}: {part} imports {module}")
    assert not offences, "\n".join(offences)


def test_every_part_has_a_floor() -> None:
    parts = {part_of(file) for file in SOURCE.rglob("*.py")} - {"__init__"}
    assert parts <= FLOORS.keys()
