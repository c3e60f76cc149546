import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ccr.cli.check import without_secrets
from tests.cli.world import World

SECRET = "sk-secret-of-the-provider"


def test_the_effective_configuration_is_shown(world: World) -> None:
    world.configure(
        APIKEY="key-of-the-router",
        Providers=[
            {
                "name": "cluster",
                "api_base_url": "http://h:8000/v1/chat/completions",
                "api_key": SECRET,
                "models": ["a", "b"],
            },
            {
                "name": "real",
                "api_base_url": "https://api.anthropic.com/v1/messages",
                "api_key": SECRET,
                "models": ["c"],
            },
        ],
        Router={"default": "cluster,a", "background": "real,c"},
        fallback={"default": ["real,c"]},
    )
    shown = world.ccr("check")
    assert shown.returncode == 0, shown.stdout
    assert f"Config: {world.config_file}" in shown.stdout
    assert "cluster  openai-chat  http://h:8000/v1/chat/completions" in shown.stdout
    assert "real     anthropic    https://api.anthropic.com/v1/messages" in shown.stdout
    assert "default     cluster,a" in shown.stdout
    assert "background  real,c" in shown.stdout
    assert SECRET not in shown.stdout + shown.stderr
    assert "key-of-the-router" not in shown.stdout + shown.stderr


def test_a_problem_has_path_line_message_and_hint(world: World) -> None:
    world.config_file.write_text(
        '{\n  "Providers": [\n    {"name": "x", "api_base_url": 7, "api_key": "k", "models": []}\n  ]\n}\n'
    )
    shown = world.ccr("check")
    assert shown.returncode == 1
    assert "error: Providers[0].api_base_url (line 3): " in shown.stdout
    assert "❌" in shown.stdout


@pytest.mark.parametrize(
    ("text", "begin"), [("{", "error: line 1, column 1: the object"), ("", "error: the file is empty")]
)
def test_a_problem_of_the_whole_file_says_its_line_once(world: World, text: str, begin: str) -> None:
    world.config_file.write_text(text)
    assert f"\n  {begin}" in world.ccr("check").stdout


def test_warnings_are_allowed(world: World) -> None:
    world.configure(Roter={})
    shown = world.ccr("check")
    assert shown.returncode == 0
    assert "warning: Roter" in shown.stdout
    assert "Router" in shown.stdout


def test_another_file_is_checked_by_name(world: World) -> None:
    other = world.root / "other.json"
    other.write_text("{")
    assert world.ccr("check", "-c", str(other)).returncode == 1
    assert world.ccr("check", CONFIG_PATH=str(other)).returncode == 1


def test_a_missing_file_is_an_error_and_is_not_made(world: World) -> None:
    world.config_file.unlink()
    shown = world.ccr("check")
    assert shown.returncode == 1
    assert not world.config_file.exists()


def test_the_schema_is_json(world: World) -> None:
    schema = json.loads(world.ccr("check", "--schema").stdout)
    assert "Providers" in json.dumps(schema)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@h:1/v1?key=secret", "https://h:1/v1?…"),
        ("https://h/v1/messages", "https://h/v1/messages"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


class Provider(BaseHTTPRequestHandler):
    """Answers by path; keeps what it was asked."""

    asked: dict[str, dict[str, str]]

    def do_GET(self) -> None:
        self.asked[self.path] = {name.lower(): value for name, value in self.headers.items()}
        body = b'{"data":[{"id":"qwen3-32b"},{"id":"deepseek-v3"}]}'
        match self.path.split("/")[1]:
            case "refusing":
                status, body = 401, b'{"error":"no"}'
            case "bare":
                status, body = 404, b"not here"
            case "web":
                status, body = 200, b"<html>"
            case _:
                status = 200
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    asked: dict[str, dict[str, str]] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Provider,), {"asked": asked})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_live_asks_every_provider(world: World, provider: tuple[str, dict[str, dict[str, str]]]) -> None:
    url, asked = provider
    rows = [
        ("good", "good/v1/chat/completions", ["qwen3-32b"]),
        ("typo", "typo/v1/chat/completions", ["qwen3-32"]),
        ("refusing", "refusing/v1/chat/completions", []),
        ("bare", "bare/v1/chat/completions", []),
        ("web", "web/v1/chat/completions", []),
        ("claude", "claude/v1/messages", []),
    ]
    providers = [{"name": n, "api_base_url": f"{url}/{p}", "api_key": SECRET, "models": m} for n, p, m in rows]
    gone = {"name": "gone", "api_base_url": "http://127.0.0.1:9/v1/chat/completions", "api_key": SECRET, "models": []}
    world.configure(Providers=[*providers, gone], Router={"default": "good,deepseek-v3"})
    shown = world.ccr("check", "--live")
    assert shown.returncode == 1
    for line in (
        "  good: ok, 2 models, ",
        '  typo: warning: "qwen3-32" is not among its models; did you mean "qwen3-32b"?',
        "  refusing: error: it refuses our key (status 401)",
        "  bare: warning: it has no model list (status 404)",
        "  web: warning: its answer is not a model list",
        "  claude: ok, 2 models, ",
        "  gone: error: connection refused",
    ):
        assert f"\n{line}" in shown.stdout
    assert SECRET not in shown.stdout + shown.stderr
    assert asked["/good/v1/models"]["authorization"] == f"Bearer {SECRET}"
    claude = asked["/claude/v1/models?limit=1000"]
    assert (claude["x-api-key"], claude["anthropic-version"]) == (SECRET, "2023-06-01")


def test_live_is_content_when_all_is_well(world: World, provider: tuple[str, dict[str, dict[str, str]]]) -> None:
    url, _ = provider
    good = {
        "name": "good",
        "api_base_url": f"{url}/good/v1/chat/completions",
        "api_key": SECRET,
        "models": ["qwen3-32b"],
    }
    world.configure(Providers=[good], Router={"default": "good,qwen3-32b"})
    assert world.ccr("check", "--live").returncode == 0
