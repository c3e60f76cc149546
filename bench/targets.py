"""What is measured against what: how each target is installed, configured and started. One row per target."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from bodies import Api
from scenarios import MODELS

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "bench"
"""Peers and compiled programs; kept between runs."""
NPM_TOOL = "2.0.0"


class Unavailable(Exception):
    """A target cannot be measured here; the message says what to do."""


class Place(Struct, frozen=True):
    """Where a target runs: a scratch home, the port to listen on, the back end's address (http://127.0.0.1:PORT)."""

    home: Path
    port: int
    upstream: str


class Start(Struct, frozen=True):
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    """Beside PATH and HOME; nothing else is inherited."""


def _nothing() -> None:
    pass


class Target(Struct, frozen=True, kw_only=True):
    name: str
    does: str
    api: Api
    """What the client speaks to it."""
    model: str = "{model}"
    """What the client asks for; {model} is the mock's model."""
    install: Callable[[], None] = _nothing
    start: Callable[[Place], Start] | None = None
    """None: no process, the load goes straight to the mock."""


def ours(name: str, executable: Path, *, converts: bool) -> Target:
    """The real `ccr start` of this project, or of another build of it."""

    def install() -> None:
        if not executable.exists():
            raise Unavailable(f"{executable} does not exist: run `make run` once, or name another with --variant")

    def start(place: Place) -> Start:
        folder = place.home / ".claude-code-router"
        # The log stays on, as users have it; the npm tool's is off.
        _write_config(folder, place, log=True, anthropic=not converts)
        return Start((str(executable), "start"))

    does = "Anthropic to OpenAI and back" if converts else "Anthropic, passed through"
    return Target(name=name, does=does, api="anthropic", model="mock,{model}", install=install, start=start)


def _write_config(folder: Path, place: Place, *, log: bool, anthropic: bool) -> None:
    path = "/v1/messages" if anthropic else "/v1/chat/completions"
    provider: dict[str, object] = {
        "name": "mock",
        "api_base_url": place.upstream + path,
        "api_key": "sk-bench",
        "models": MODELS,
    }
    if anthropic:
        provider["transformer"] = {"use": ["Anthropic"]}
    config = {
        "LOG": log,
        "HOST": "127.0.0.1",
        "PORT": place.port,
        "API_TIMEOUT_MS": 600_000,
        "NON_INTERACTIVE_MODE": True,
        "Providers": [provider],
        "Router": {"default": f"mock,{MODELS[0]}"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))


# ------------------------------------------------------------------------------------------ the npm tool


NPM_FOLDER = CACHE / "peers" / f"ccr-{NPM_TOOL}"
NPM_PROGRAM = NPM_FOLDER / "node_modules/@musistudio/claude-code-router/dist/cli.js"


def _install_npm_tool() -> None:
    if NPM_PROGRAM.exists():
        return
    if not shutil.which("npm"):
        raise Unavailable("npm is not installed: install Node 20 or newer")
    NPM_FOLDER.mkdir(parents=True, exist_ok=True)
    package = f"@musistudio/claude-code-router@{NPM_TOOL}"
    done = subprocess.run(["npm", "install", "--prefix", str(NPM_FOLDER), package], capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"npm could not install {package}: {done.stderr[-500:]}")


def _start_npm_tool(place: Place) -> Start:
    _write_config(place.home / ".claude-code-router", place, log=False, anthropic=False)
    return Start(("node", str(NPM_PROGRAM), "start"), {"SERVICE_PORT": str(place.port), "NODE_ENV": "production"})


# ------------------------------------------------------------------------------------------ nginx

NGINX_CONFIG = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 8192;
error_log {home}/error.log; pid {home}/pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_buffer_size 2m; client_max_body_size 64m; keepalive_requests 100000000;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  upstream mock {{ server {address}; keepalive 1024; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""


def _install_nginx() -> None:
    if not shutil.which("nginx"):
        raise Unavailable("nginx is not installed: apt-get install nginx-light")


def _start_nginx(place: Place) -> Start:
    config = place.home / "nginx.conf"
    address = place.upstream.removeprefix("http://")
    config.write_text(NGINX_CONFIG.format(home=place.home, port=place.port, address=address))
    return Start(("nginx", "-c", str(config), "-p", str(place.home)))


CCR = Path(sys.executable).with_name("ccr")

TARGETS = {
    target.name: target
    for target in (
        Target(name="direct", does="no router", api="openai"),
        Target(name="nginx", does="OpenAI, passed through", api="openai", install=_install_nginx, start=_start_nginx),
        Target(
            name="nginx-ant",
            does="Anthropic, passed through",
            api="anthropic",
            install=_install_nginx,
            start=_start_nginx,
        ),
        Target(
            name="ccr2",
            does="Anthropic to OpenAI and back",
            api="anthropic",
            model="mock,{model}",
            install=_install_npm_tool,
            start=_start_npm_tool,
        ),
        ours("ours", CCR, converts=True),
        ours("ours-pass", CCR, converts=False),
    )
}
