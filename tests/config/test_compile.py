"""What the settings become."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccr.config import Snapshot, default_path, load
from ccr.providers import ModelLimits, Provider, Timeouts

Write = Callable[[str], Path]


def snapshot_of(path: Path, environ: dict[str, str] | None = None) -> Snapshot:
    snapshot = load(path, environ or {}).snapshot
    assert snapshot is not None
    return snapshot


def provider_of(write: Write, entry: str, top: str = "", environ: dict[str, str] | None = None) -> Provider:
    entry = f'{{name: "a", models: ["m"], {entry}}}'
    return snapshot_of(write(f'{{Providers: [{entry}], Router: {{default: "a,m"}}, {top}}}'), environ).providers["a"]


def test_an_empty_object_loads_with_defaults_and_a_warning(write: Write) -> None:
    path = write("{}")
    loaded = load(path, {})
    assert loaded.snapshot == Snapshot(path=path)
    assert [(p.severity, p.path) for p in loaded.problems] == [("warning", "Providers")]


def test_every_setting_arrives(write: Write) -> None:
    text = """{LOG: "false", LOG_LEVEL: "DEBUG", API_TIMEOUT_MS: "300000", NON_INTERACTIVE_MODE: true,
        CLAUDE_PATH: "/opt/claude", BODY_LIMIT: 1000, PORT: 5000, APIKEY: "k", HOST: "0.0.0.0"}"""
    path = write(text)
    assert snapshot_of(path) == Snapshot(
        path=path,
        host="0.0.0.0",
        port=5000,
        api_key="k",
        log=False,
        log_level="debug",
        api_timeout_ms=300_000,
        non_interactive=True,
        claude_path="/opt/claude",
        body_limit=1000,
    )


@pytest.mark.parametrize(
    ("host", "key", "result"),
    [
        ("0.0.0.0", "", "127.0.0.1"),
        ("192.168.0.4", "", "127.0.0.1"),
        ("0.0.0.0", "k", "0.0.0.0"),
        ("localhost", "", "localhost"),
        ("::1", "", "::1"),
        ("127.0.0.9", "", "127.0.0.9"),
    ],
)
def test_without_a_key_the_server_listens_on_loopback_only(write: Write, host: str, key: str, result: str) -> None:
    loaded = load(write(f'{{HOST: "{host}", APIKEY: "{key}"}}'), {})
    assert loaded.snapshot is not None
    assert loaded.snapshot.host == result
    assert any(problem.path == "HOST" for problem in loaded.problems) == (host != result)


@pytest.mark.parametrize("host", ["http://127.0.0.1", "0.0.0.0:3456", "a b"])
def test_a_host_is_a_host_alone(write: Write, host: str) -> None:
    loaded = load(write(f'{{HOST: "{host}", APIKEY: "k"}}'), {})
    assert loaded.snapshot is None
    assert [p.path for p in loaded.problems if p.severity == "error"] == ["HOST"]


@pytest.mark.parametrize(
    ("host", "result"), [("[::1]", "::1"), ("fe80::1%eth0", "fe80::1%eth0"), ("my-host.lan", "my-host.lan")]
)
def test_a_host_may_have_brackets_a_zone_or_a_name(write: Write, host: str, result: str) -> None:
    assert snapshot_of(write(f'{{HOST: "{host}", APIKEY: "k"}}')).host == result


def test_the_routers_key_goes_without_the_spaces_that_no_header_carries(write: Write) -> None:
    assert snapshot_of(write('{APIKEY: " k "}')).api_key == "k"


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ('api_base_url: "http://h", api_key: "Bearer sk-1"', "Providers[0].api_key", "Bearer"),
        ('api_base_url: "http://h", limits: {M2: {context_window: 1}}', "Providers[0].limits.M2", "is no model"),
        ('api_base_url: "http://localhost:3456/v1"', "Providers[0].api_base_url", "the router's own"),
        ('api_base_url: "http://h/api/chat"', "Providers[0].api_base_url", "does not look like"),
        ('api_base_url: "http://h/v1/completions"', "Providers[0].api_base_url", "does not look like"),
        ('api_base_url: "http://h/v1/models/"', "Providers[0].api_base_url", "does not look like"),
    ],
)
def test_what_was_probably_not_meant_is_a_warning(write: Write, entry: str, path: str, message: str) -> None:
    loaded = load(write(f'{{Providers: [{{name: "a", models: ["m"], {entry}}}], Router: {{default: "a,m"}}}}'), {})
    (problem,) = loaded.problems
    assert (problem.severity, problem.path) == ("warning", path)
    assert message in problem.message
    assert loaded.snapshot is not None


def test_service_port_of_the_environment_overrides_the_port(write: Write) -> None:
    assert snapshot_of(write("{PORT: 4000}"), {"SERVICE_PORT": "4001"}).port == 4001


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "9" * 5000, "²"])
def test_a_service_port_that_is_none_is_an_error(write: Write, port: str) -> None:
    loaded = load(write("{}"), {"SERVICE_PORT": port})
    assert loaded.snapshot is None
    assert any("SERVICE_PORT" in problem.message for problem in loaded.problems)


def test_timeouts_are_merged_phase_by_phase(write: Write) -> None:
    entry = 'api_base_url: "http://h", timeouts: {firstToken: "30", idle: 5.5}'
    provider = provider_of(write, entry, "timeouts: {connect: 2, idle: 60}")
    assert provider.timeouts == Timeouts(connect=2, first_token=30, idle=5.5)
    assert provider_of(write, 'api_base_url: "http://h"').timeouts == Timeouts()


def test_limits_and_headers_belong_to_the_provider(write: Write) -> None:
    provider = provider_of(
        write, 'api_base_url: "http://h", headers: {"x-a": "b"}, limits: {m: {context_window: "4096"}}'
    )
    assert provider.headers == {"x-a": "b"}
    assert provider.limits == {"m": ModelLimits(context_window=4096)}


def test_headers_and_keys_that_http_cannot_carry_are_left_out(write: Write) -> None:
    text = r"""{Providers: [{name: "a", api_base_url: "http://h", models: ["m"], api_key: "密钥-top",
        headers: {"x a": "1", "x-b": "1\r\nx-evil: 2", "x-c": "3"}}], Router: {default: "a,m"}}"""
    loaded = load(write(text), {})
    assert loaded.snapshot is not None
    provider = loaded.snapshot.providers["a"]
    assert (provider.api_key, provider.headers) == ("", {"x-c": "3"})
    assert [(p.severity, p.path) for p in loaded.problems] == [
        ("error", "Providers[0].api_key"),
        ("error", 'Providers[0].headers["x a"]'),
        ("error", "Providers[0].headers.x-b"),
    ]
    assert "密钥" not in str(loaded.problems)


@pytest.mark.parametrize(
    ("top", "environ", "proxied"),
    [
        ('PROXY_URL: "http://proxy:7890"', {}, "http://proxy:7890"),
        ('HTTPS_PROXY: "http://proxy"', {}, "http://proxy:80"),
        ('https_proxy: "http://u:p@proxy:1/"', {}, "http://u:p@proxy:1"),
        ('httpsProxy: "http://a:1", https_proxy: "http://b:1", HTTPS_PROXY: "http://c:1"', {}, "http://c:1"),
        ('httpsProxy: "http://a:1", https_proxy: "http://b:1"', {}, "http://b:1"),
        ('httpsProxy: "http://a:1", PROXY_URL: "http://d:1"', {}, "http://d:1"),
        ("", {"HTTPS_PROXY": "http://env:1", "HTTP_PROXY": "http://env:1"}, ""),
        ('PROXY_URL: "http://proxy:1"', {"NO_PROXY": "example.org"}, ""),
        ('PROXY_URL: "http://proxy:1"', {"no_proxy": "other, .example.org"}, ""),
        ('PROXY_URL: "http://proxy:1"', {"NO_PROXY": "*"}, ""),
        ('PROXY_URL: "http://proxy:1"', {"NO_PROXY": "ample.org"}, "http://proxy:1"),
        ('PROXY_URL: "http://proxy:1"', {"NO_PROXY": "api.example.org:443"}, ""),
        ('PROXY_URL: "http://proxy:1"', {"NO_PROXY": "api.example.org:80"}, "http://proxy:1"),
    ],
)
def test_the_proxy_is_the_configs_and_spares_no_proxy(
    write: Write, top: str, environ: dict[str, str], proxied: str
) -> None:
    assert provider_of(write, 'api_base_url: "https://api.example.org/v1"', top, environ).proxy == proxied


@pytest.mark.parametrize("host", ["localhost:1", "127.8.8.8", "[::1]:80", "a.localhost"])
def test_loopback_providers_are_never_proxied(write: Write, host: str) -> None:
    assert provider_of(write, f'api_base_url: "http://{host}/v1"', 'PROXY_URL: "http://proxy:1"').proxy == ""


@pytest.mark.parametrize(("entry", "proxied"), [("10.0.0.0/8", ""), ("11.0.0.0/8", "http://proxy:1"), ("10.1.2.3", "")])
def test_no_proxy_holds_networks(write: Write, entry: str, proxied: str) -> None:
    url = 'api_base_url: "http://10.1.2.3:8000/v1"'
    assert provider_of(write, url, 'PROXY_URL: "http://proxy:1"', {"NO_PROXY": entry}).proxy == proxied


def test_the_system_prompt_is_read_beside_the_config(write: Write, tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text("You are Kim.")
    assert snapshot_of(write('{REWRITE_SYSTEM_PROMPT: "prompt.md"}')).system_prompt == "You are Kim."
    home = {"HOME": str(tmp_path)}
    assert snapshot_of(write('{REWRITE_SYSTEM_PROMPT: "~/prompt.md"}'), home).system_prompt == "You are Kim."


def test_a_system_prompt_that_is_no_text_is_an_error(write: Write, tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_bytes(b"\xff\xff")
    loaded = load(write('{REWRITE_SYSTEM_PROMPT: "prompt.md"}'), {})
    assert loaded.snapshot is None
    assert "REWRITE_SYSTEM_PROMPT" in [problem.path for problem in loaded.problems]


def test_keys_of_later_versions_are_noted(write: Write) -> None:
    text = """{CUSTOM_ROUTER_PATH: "r.js", transformers: [{path: "x.js"}], plugins: [{name: "token-speed"}],
        StatusLine: {enabled: true}, forceUseImageAgent: true, tokenizer: {type: "api", url: "http://h", apiKey: "$K"},
        Providers: [{name: "a", api_base_url: "http://h", models: ["m"], tokenizer: {default: {type: "tiktoken"}}}],
        Router: {default: "a,m"}}"""
    loaded = load(write(text), {"K": "k"})
    assert loaded.snapshot is not None
    assert {problem.severity for problem in loaded.problems} == {"note"}
    assert sorted(problem.path for problem in loaded.problems) == [
        "CUSTOM_ROUTER_PATH",
        "Providers[0].tokenizer",
        "StatusLine",
        "forceUseImageAgent",
        "plugins",
        "tokenizer",
        "transformers[0]",
    ]


def test_keys_of_later_versions_that_are_off_are_not_mentioned(write: Write) -> None:
    text = '{CUSTOM_ROUTER_PATH: "", transformers: [], plugins: [], StatusLine: {}, forceUseImageAgent: false}'
    assert [problem.path for problem in load(write(text), {}).problems] == ["Providers"]


def test_no_repr_shows_a_credential(write: Write) -> None:
    text = """{APIKEY: "hidden1", PROXY_URL: "http://u:hidden2@h:1", Router: {default: "a,m"}, Providers: [{name: "a",
        api_base_url: "https://u:hidden3@h/v1", api_key: "hidden4", headers: {x: "hidden5"}, models: ["m"]}]}"""
    snapshot = snapshot_of(write(text))
    shown = f"{snapshot!r} {snapshot} {snapshot.providers} {snapshot.providers['a']}"
    shown += f"{snapshot.__rich_repr__()} {snapshot.providers['a'].__rich_repr__()}"
    assert "hidden" not in shown


def test_the_default_path_follows_home_and_config_path(tmp_path: Path) -> None:
    assert default_path({"HOME": "/h"}) == Path("/h/.claude-code-router/config.json")
    assert default_path({"USERPROFILE": "/u"}) == Path("/u/.claude-code-router/config.json")
    assert default_path({"HOME": "/h", "CONFIG_PATH": "/c.json"}) == Path("/c.json")
    assert default_path({"HOME": "/h", "CONFIG_PATH": "~/c.json"}) == Path("/h/c.json")


def test_the_path_of_a_snapshot_is_absolute(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("{}")
    monkeypatch.chdir(tmp_path)
    assert snapshot_of(Path("config.json")).path == tmp_path / "config.json"


def test_flags_are_read_in_any_spelling(write: Write) -> None:
    provider = provider_of(write, 'api_base_url: "http://h/v1", flags: ["shortCallIds", " -TEXT_ONLY "]')
    assert provider.flags == ("short_call_ids", "-text_only")


def test_an_unknown_flag_is_an_error_with_a_hint_and_the_others_count(write: Write) -> None:
    entry = '{name: "a", models: ["m"], api_base_url: "http://h/v1", flags: ["-short_cal_ids", "text_only"]}'
    loaded = load(write(f'{{Providers: [{entry}], Router: {{default: "a,m"}}}}'), {})
    assert loaded.snapshot is not None
    assert loaded.snapshot.providers["a"].flags == ("text_only",)
    (problem,) = loaded.problems
    assert (problem.severity, problem.path) == ("error", "Providers[0].flags[0]")
    assert problem.hint == 'did you mean "short_call_ids"?'


def test_the_transformers_names_are_kept_as_hints(write: Write) -> None:
    provider = provider_of(write, 'api_base_url: "http://h/v1", transformer: {use: ["OpenRouter", "maxtoken"]}')
    assert provider.hints == ("openrouter", "maxtoken")
