import pytest

from ccr.upstream.address import parse_url
from ccr.upstream.failure import Failure
from ccr.upstream.outbound import Outbound
from ccr.upstream.request import head_of

ADDRESS = parse_url("http://host:8000/v1/chat?x=1")


def test_the_head_has_length_host_identity_and_keep_alive() -> None:
    outbound = Outbound("POST", "", (("Content-Type", "application/json"),), b"{}")
    assert head_of(outbound, ADDRESS, None) == (
        b"POST /v1/chat?x=1 HTTP/1.1\r\n"
        b"Content-Type: application/json\r\n"
        b"host: host:8000\r\naccept-encoding: identity\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n"
    )


def test_given_headers_stand_but_for_the_length() -> None:
    given = (("Host", "other"), ("Accept-Encoding", "gzip"), ("Connection", "close"), ("Content-Length", "99"))
    assert head_of(Outbound("POST", "", given, b"{}"), ADDRESS, None) == (
        b"POST /v1/chat?x=1 HTTP/1.1\r\n"
        b"Host: other\r\nAccept-Encoding: gzip\r\nConnection: close\r\ncontent-length: 2\r\n\r\n"
    )


def test_a_get_without_body_has_no_length_and_an_empty_post_has_zero() -> None:
    assert b"content-length" not in head_of(Outbound("GET", "", (), b""), ADDRESS, None)
    assert b"content-length: 0\r\n" in head_of(Outbound("POST", "", (), b""), ADDRESS, None)


def test_to_a_proxy_the_request_is_absolute_and_authorized() -> None:
    head = head_of(Outbound("POST", "", (), b""), ADDRESS, "Basic eA==")
    assert head.startswith(b"POST http://host:8000/v1/chat?x=1 HTTP/1.1\r\n")
    assert b"\r\nproxy-authorization: Basic eA==\r\n" in head
    assert b"proxy-authorization" not in head_of(Outbound("POST", "", (), b""), ADDRESS, "")


@pytest.mark.parametrize(
    "header",
    [
        ("x-key", "a\r\nx-evil: 1"),
        ("x-key", "a\nb"),
        ("x-key", "a\rb"),
        ("x-key", "a\x00b"),
        ("x-key", "snow ☃"),
        ("x key", "a"),
        ("x-key:", "a"),
        ("", "a"),
        ("x\r\ny", "a"),
        ("Transfer-Encoding", "chunked"),
    ],
)
def test_a_header_that_could_split_the_request_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(Failure) as caught:
        head_of(Outbound("POST", "", (("a", "b"), header), b"{}"), ADDRESS, None)
    assert caught.value.phase == "send"


def test_a_refused_value_is_not_repeated_in_the_message() -> None:
    with pytest.raises(Failure, match="x-api-key holds a line break") as caught:
        head_of(Outbound("POST", "", (("x-api-key", "sk-secret\n"),), b""), ADDRESS, None)
    assert "secret" not in str(caught.value)


def test_a_method_that_is_no_token_is_refused() -> None:
    with pytest.raises(Failure, match="method"):
        head_of(Outbound("GET / HTTP/1.1\r\n", "", (), b""), ADDRESS, None)


def test_latin_1_values_are_sent_as_they_are() -> None:
    assert b"x-name: M\xfcller\r\n" in head_of(Outbound("GET", "", (("x-name", "Müller"),), b""), ADDRESS, None)
