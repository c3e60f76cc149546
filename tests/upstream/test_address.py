import pytest

from ccr.upstream.address import Address, parse_proxy, parse_url
from ccr.upstream.failure import Failure


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host/v1", Address("http", "host", 80, "host", "/v1")),
        ("https://host", Address("https", "host", 443, "host", "/")),
        ("https://host?a=b", Address("https", "host", 443, "host", "/?a=b")),
        ("http://Host:8000/V1/%2f//x?q=%20&r=/?", Address("http", "host", 8000, "host:8000", "/V1/%2f//x?q=%20&r=/?")),
        ("http://[::1]:8000/v1#part", Address("http", "::1", 8000, "[::1]:8000", "/v1")),
        ("http://[::1]/", Address("http", "::1", 80, "[::1]", "/")),
        ("http://bücher.example/", Address("http", "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/")),
    ],
)
def test_a_url_is_taken_apart_and_its_path_and_query_kept_verbatim(url: str, expected: Address) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host/v1",
        "ftp://host/",
        "http://",
        "http://:80/",
        "http://host:0/",
        "http://host:99999/",
        "http://host:x/",
        "http://[::1/",
        "http://user:secret@host/",
        "http://host/a b",
        "http://host/a\r\nx: y",
        "http://host/ü",
        "http://" + "a" * 70 + ".example/",
    ],
)
def test_what_is_no_plain_http_url_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_url(url)
    assert caught.value.phase == "send"
    assert "secret" not in caught.value.message


def test_user_and_password_of_a_proxy_become_basic_credentials() -> None:
    proxy = parse_proxy("http://me:p%40ss@proxy:3128")
    assert (proxy.host, proxy.port, proxy.authorization) == ("proxy", 3128, "Basic bWU6cEBzcw==")
    assert parse_proxy("http://proxy/").authorization == ""


@pytest.mark.parametrize("url", ["socks5://proxy:1080", "https://proxy:3128", "proxy:3128"])
def test_only_http_proxies_are_spoken_to(url: str) -> None:
    with pytest.raises(Failure, match="http://host:port"):
        parse_proxy(url)
