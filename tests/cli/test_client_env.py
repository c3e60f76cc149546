from pathlib import Path

import pytest

from ccr.cli.client_env import client_environment
from ccr.config import Snapshot


def changes(environ: dict[str, str], *, window: int | None = None, **keys: object) -> dict[str, str | None]:
    return client_environment(Snapshot(path=Path("/c.json"), **keys), window, environ)  # type: ignore[arg-type]


def test_without_an_apikey_the_token_is_the_npm_tools() -> None:
    assert changes({})["ANTHROPIC_AUTH_TOKEN"] == "test"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:3456"),
        ("0.0.0.0", "http://127.0.0.1:3456"),
        ("::", "http://[::1]:3456"),
        ("10.0.0.5", "http://10.0.0.5:3456"),
    ],
)
def test_the_url_is_one_that_reaches_the_server(host: str, url: str) -> None:
    assert changes({}, host=host)["ANTHROPIC_BASE_URL"] == url


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ("", "127.0.0.1,localhost"),
        ("intra.net, 10.0.0.0/8", "intra.net,10.0.0.0/8,127.0.0.1,localhost"),
        ("localhost,127.0.0.1", "localhost,127.0.0.1"),
        ("*", "*"),
    ],
)
def test_no_proxy_is_the_users_and_the_router(given: str, merged: str) -> None:
    assert changes({"NO_PROXY": given})["NO_PROXY"] == merged


def test_no_proxy_in_lower_case_is_kept_in_step() -> None:
    changed = changes({"no_proxy": "intra.net"})
    assert changed["no_proxy"] == changed["NO_PROXY"] == "intra.net,127.0.0.1,localhost"


def test_a_router_on_another_address_is_reached_without_a_proxy() -> None:
    assert changes({}, host="10.0.0.5")["NO_PROXY"] == "127.0.0.1,localhost,10.0.0.5"


@pytest.mark.parametrize(
    "name",
    [
        "CLAUDE_CODE_GATEWAY_HINT_HEADERS",
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY",
        "DISABLE_TELEMETRY",
        "DISABLE_ERROR_REPORTING",
        "DISABLE_COST_WARNINGS",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS",
    ],
)
def test_what_makes_it_work_well_gives_way_to_the_users_own(name: str) -> None:
    assert name in changes({}, window=32768)
    assert name not in changes({name: ""}, window=32768)


def test_an_unknown_window_stays_unset() -> None:
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in changes({})


def test_discovery_is_not_ended() -> None:
    assert "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC" not in changes({})
