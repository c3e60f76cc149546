"""A file and an environment in, a snapshot and what is to be said about it out."""

from collections.abc import Mapping
from pathlib import Path

from ccr.config.compile import compile_file, expand_home, home
from ccr.config.document import decode, interpolate, read_text, warn_if_readable
from ccr.config.findings import Findings, Where
from ccr.config.forms import read
from ccr.config.keys import File
from ccr.config.problem import Loaded
from ccr.config.snapshot import Snapshot


def default_path(environ: Mapping[str, str]) -> Path:
    """CONFIG_PATH of the environment, else `config.json` in `~/.claude-code-router`."""
    if named := environ.get("CONFIG_PATH"):
        return expand_home(named, environ)
    return home(environ) / ".claude-code-router" / "config.json"


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Read, validate and compile. Never raises for what a file may hold; creates nothing on disk. A millisecond."""
    findings = Findings()
    snapshot, _ = _load(path, environ, findings)
    return Loaded(snapshot, findings.problems(lambda where: None))


def check(path: Path, environ: Mapping[str, str]) -> Loaded:
    """The same, with line numbers, in their order, and keys that stand twice. Tens of milliseconds."""
    from ccr.config.lines import finder, lines_of, report_twice  # its parser takes longer to import than all of `load`

    findings = Findings()
    snapshot, text = _load(path, environ, findings)
    lines, twice = lines_of(text) if text else ({}, [])
    report_twice(twice, findings)
    problems = findings.problems(finder(lines))
    return Loaded(snapshot, tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _load(path: Path, environ: Mapping[str, str], findings: Findings) -> tuple[Snapshot | None, str]:
    """The snapshot, and the text where it could be decoded."""
    path = Path.cwd() / path
    text = read_text(path, findings)
    document = decode(text, findings) if text is not None else None
    if text is None or document is None:
        return None, ""
    filled = interpolate(document, environ, findings)
    warn_if_readable(path, filled.literal_keys, findings)
    root: Where = ()
    snapshot = compile_file(read(File, filled.value, root, findings), path, environ, findings)
    return (snapshot if findings.usable else None), text
