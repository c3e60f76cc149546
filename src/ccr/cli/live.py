"""`ccr check --live`: every provider is asked, all at once, what models it has."""

import asyncio
import difflib
import time

import click
from msgspec import Struct

from ccr.cli.model_list import ModelList, NoList, ask
from ccr.config import Snapshot
from ccr.providers import Provider
from ccr.upstream.client import Client

PATIENCE = 10.0
"""Seconds for each phase of a question."""


class Finding(Struct, frozen=True):
    """What one provider had to say."""

    provider: str
    lines: tuple[str, ...]
    is_error: bool


def report(snapshot: Snapshot) -> int:
    """Ask, print, and return the number of providers that will not serve."""
    findings = asyncio.run(question_all(snapshot))
    click.echo("Live:")
    for finding in findings:
        for line in finding.lines:
            click.echo(f"  {finding.provider}: {line}")
    return sum(finding.is_error for finding in findings)


async def question_all(snapshot: Snapshot) -> list[Finding]:
    client = Client()
    try:
        return await asyncio.gather(*(question(client, snapshot, provider) for provider in snapshot.providers.values()))
    finally:
        client.close()


async def question(client: Client, snapshot: Snapshot, provider: Provider) -> Finding:
    begin = time.monotonic()
    try:
        models = await ask(client, provider, PATIENCE)
    except NoList as trouble:
        word = "error" if trouble.is_fatal else "warning"
        return Finding(provider.name, (f"{word}: {trouble.reason}",), trouble.is_fatal)
    took = (time.monotonic() - begin) * 1000
    count = f"{len(models.data)} model{'' if len(models.data) == 1 else 's'}"
    missing = [absence(name, models) for name in wanted(snapshot, provider) if models.find(name) is None]
    return Finding(provider.name, (f"ok, {count}, {took:.0f} ms", *missing), False)


def wanted(snapshot: Snapshot, provider: Provider) -> list[str]:
    """The models that the configuration names for a provider, each once."""
    rules = snapshot.rules
    targets = [*rules.routes.values(), *(target for targets in rules.fallback.values() for target in targets)]
    routed = [target.model for target in targets if target.provider.lower() == provider.name.lower()]
    return [*dict.fromkeys([*provider.models, *routed])]


def absence(name: str, models: ModelList) -> str:
    near = difflib.get_close_matches(name, models.ids, n=1)
    return f'warning: "{name}" is not among its models' + (f'; did you mean "{near[0]}"?' if near else "")
