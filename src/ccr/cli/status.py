"""`ccr status`: exit code 0 when our server answers, 1 when not."""

import os
import sys
from pathlib import Path

import click

from ccr.cli.find import Running, Stopped, find
from ccr.cli.home import home_folder, pid_file
from ccr.cli.port_owner import in_use
from ccr.cli.settings import configured_address


@click.command()
def status() -> None:
    """Show whether the server runs, where, and since when."""
    home = home_folder(os.environ)
    found = find(home, lambda: configured_address(os.environ))
    lines = running_lines(home, found) if isinstance(found, Running) else stopped_lines(found)
    click.echo("\n".join(["", "📊 Claude Code Router Status", "═" * 40, *lines, ""]))
    sys.exit(0 if isinstance(found, Running) and found.health else 1)


def running_lines(home: Path, found: Running) -> list[str]:
    where = [
        f"🆔 Process ID: {found.process.pid}",
        f"🌐 Port: {found.port}",
        f"📡 API Endpoint: {found.url}",
        f"📄 PID File: {pid_file(home)}",
    ]
    config = [f"📝 Config: {found.record.config}"] if found.record else []
    if found.health is None:
        return [
            "❌ Status: Not Answering",
            *where,
            *config,
            "",
            "💡 It may still be starting. To start it anew:",
            "   ccr restart",
        ]
    return [
        "✅ Status: Running",
        *where,
        *config,
        f"📦 Version: {found.health.version}",
        f"⏱️ Uptime: {duration(found.health.uptime)}",
        f"📨 Requests served: {found.health.requests}",
        "",
        "🚀 Ready to use! Run the following commands:",
        "   ccr code    # Start coding with Claude",
        "   ccr stop   # Stop the service",
    ]


def stopped_lines(found: Stopped) -> list[str]:
    stranger = (
        [f"📄 The pid file names {found.stranger}, which is not this service."] if found.stranger is not None else []
    )
    neighbour = [f"🌐 {in_use(found.neighbour[1], by_neighbour=True)}."] if found.neighbour else []
    return ["❌ Status: Not Running", *stranger, *neighbour, "", "💡 To start the service:", "   ccr start"]


def duration(seconds: float) -> str:
    """The two largest units: `3 d 4 h`, `5 min 2 s`, `0 s`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [f"{days} d", f"{hours} h", f"{minutes} min", f"{rest} s"]
    while len(units) > 1 and units[0].startswith("0 "):
        units.pop(0)
    return " ".join(units[:2])
