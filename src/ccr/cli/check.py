"""`ccr check`: what the configuration says, what is wrong with it, and whether the providers agree."""

import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

import click
import msgspec

from ccr.cli.settings import config_path, sentence
from ccr.config import Snapshot, json_schema
from ccr.config import check as check_file
from ccr.providers import Provider


@click.command()
@click.option("-c", "--config", type=click.Path(), help="Configuration file (else CONFIG_PATH).")
@click.option("--live", is_flag=True, help="Ask each provider for its models.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of config.json, for editors.")
def check(config: str | None, live: bool, schema: bool) -> None:
    """Check the configuration: exit code 0 when nothing is wrong (warnings are allowed), else 1."""
    if schema:
        click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2))
        return
    path = config_path(config, os.environ)
    loaded = check_file(path, os.environ)
    click.echo(f"Config: {path}")
    for problem in loaded.problems:
        click.echo(f"  {sentence(problem)}")
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    warnings = sum(problem.severity == "warning" for problem in loaded.problems)
    if loaded.snapshot is not None:
        click.echo("\n".join(effect(loaded.snapshot)))
    if loaded.snapshot is not None and live:
        from ccr.cli.live import report

        errors += report(loaded.snapshot)
    click.echo(verdict(errors, warnings))
    sys.exit(1 if errors else 0)


def effect(snapshot: Snapshot) -> list[str]:
    """What is in force, in lines."""
    lines = [f"Listens on: {snapshot.host} port {snapshot.port}, {'with' if snapshot.api_key else 'without'} APIKEY"]
    lines.append("Providers:" if snapshot.providers else "Providers: none")
    lines += table([provider_row(provider) for provider in snapshot.providers.values()])
    routes: list[tuple[str, ...]] = [(name, str(target)) for name, target in snapshot.rules.routes.items()]
    lines.append("Routes:" if routes else "Routes: none")
    lines += table(routes)
    fallbacks = [
        (name, " then ".join(map(str, targets))) for name, targets in snapshot.rules.fallback.items() if targets
    ]
    return [*lines, "Fallback:", *table(fallbacks)] if fallbacks else lines


def provider_row(provider: Provider) -> tuple[str, ...]:
    key = "with key" if provider.api_key else "no key"
    models = f"{len(provider.models)} model{'' if len(provider.models) == 1 else 's'}"
    return provider.name, provider.dialect, without_secrets(provider.url), models, key


def without_secrets(url: str) -> str:
    """A URL without user name, password and query: each may hold a key."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, the columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return ["  " + "  ".join(row).rstrip() for row in cells]


def verdict(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "✅ Nothing is wrong."
    count = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    return f"{'❌' if errors else '✅'} {', '.join(count)}."
