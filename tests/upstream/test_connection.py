"""One connection without a network: framing, limits, and when it may be used again."""

import socket

import pytest
from tests.upstream.backend import CHUNKED, OK, chunk
from tests.upstream.fakes import Wire, body_of

from ccr.upstream.connection import HEAD_LIMIT
from ccr.upstream.exchange import UNREAD_LIMIT
from ccr.upstream.failure import Unanswered

ANSWER = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    b"5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nx-trailer: 1\r\n\r\n"
)


def test_any_split_of_a_chunked_answer_gives_the_same_body() -> None:
    for first in range(1, len(ANSWER)):
        for second in (first + 1, first + 7, len(ANSWER)):
            with Wire() as wire:
                exchange = wire.start()
                wire.feed(*filter(None, (ANSWER[:first], ANSWER[first:second], ANSWER[second:])))
                assert (exchange.status, body_of(exchange), exchange.is_complete) == (200, b"hello world", True)
                assert exchange.headers[0] == ("content-type", "text/event-stream")
                assert wire.released == [wire.connection]


def test_byte_by_byte_gives_the_same_body() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(*(ANSWER[at : at + 1] for at in range(len(ANSWER))))
        assert body_of(exchange) == b"hello world"
        assert exchange.is_complete


@pytest.mark.parametrize(
    "answer", [ANSWER, OK, CHUNKED + chunk(b"a" * 300) + b"0\r\n\r\n"], ids=["chunked", "length", "one chunk"]
)
def test_a_cut_at_any_byte_is_a_failure(answer: bytes) -> None:
    for at in range(1, len(answer)):
        for error in (None, ConnectionResetError(104, "reset")):
            with Wire() as wire:
                exchange = wire.start()
                wire.feed(answer[:at])
                wire.connection.connection_lost(error)
                assert exchange.failure is not None
                assert exchange.failure.phase == ("body" if exchange.is_headed else "head")
                assert "before the answer was complete" in exchange.failure.message
                assert not exchange.is_complete
                assert wire.released == []


def test_a_connection_that_ends_before_any_byte_is_told_apart() -> None:
    for error in (None, ConnectionResetError(104, "reset")):
        with Wire() as wire:
            exchange = wire.start()
            wire.connection.connection_lost(error)
            assert isinstance(exchange.failure, Unanswered)


def test_without_length_or_chunks_the_body_ends_with_the_connection() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(b"HTTP/1.0 200 OK\r\n\r\nhel", b"lo")
        wire.connection.eof_received()
        assert (body_of(exchange), exchange.is_complete) == (b"hello", True)
        assert wire.lost
        assert not wire.released


def test_such_a_body_that_ends_with_a_reset_is_cut() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(b"HTTP/1.0 200 OK\r\n\r\nhel")
        wire.connection.connection_lost(ConnectionResetError(104, "reset"))
        assert exchange.failure is not None
        assert exchange.failure.message == "connection reset before the answer was complete"


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body_whatever_their_headers(status: int) -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(b"HTTP/1.1 %d X\r\ncontent-length: 5\r\n\r\n" % status)
        assert exchange.is_complete
        assert wire.released


def test_the_answer_to_head_ends_with_its_head_and_the_connection_is_not_used_again() -> None:
    with Wire() as wire:
        exchange = wire.start("HEAD")
        wire.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        assert (body_of(exchange), exchange.is_complete) == (b"", True)
        assert not wire.released


def test_interim_answers_are_skipped() -> None:
    for interim in (100, 102, 103, 104):
        with Wire() as wire:
            exchange = wire.start()
            wire.feed(b"HTTP/1.1 %d Wait\r\nlink: x\r\n\r\n" % interim)
            assert not exchange.is_headed
            wire.feed(OK)
            assert (exchange.status, exchange.headers) == (200, [("content-length", "2")])
            assert wire.released


def test_a_switch_of_protocols_is_a_failure() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n")
        assert exchange.failure is not None
        assert "another protocol" in exchange.failure.message


def test_an_offer_of_another_protocol_is_ignored() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(b"HTTP/1.1 200 OK\r\nupgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 2\r\n\r\nok")
        assert (body_of(exchange), exchange.is_complete) == (b"ok", True)


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"<html>", b"HTTP/1.1 2"]
)
def test_what_is_not_http_is_said_to_be_so(garbage: bytes) -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(garbage, b"\r\n\r\n")
        assert exchange.failure is not None
        assert exchange.failure.phase == "head"
        assert "not HTTP" in exchange.failure.message
        assert wire.transport.closing


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
    ],
)
def test_framing_that_can_be_read_in_two_ways_is_a_failure(answer: bytes) -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(answer)
        assert exchange.failure is not None
        assert wire.transport.closing


ENDLESS_HEADERS = b"x-more: %s\r\n" % (b"a" * 1000)


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 OK\r\n", ENDLESS_HEADERS),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nx: ", b"a" * 1000),
        (b"HTTP/1.1 200 ", b"O" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (CHUNKED + b"5;x", b"y" * 1000),
        (CHUNKED + b"0\r\n", b"a: b\r\n"),
        (CHUNKED + b"0\r\nx: ", b"a" * 1000),
    ],
    ids=["headers", "tiny headers", "value", "reason", "interim", "extension", "trailers", "trailer"],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["one read", "many reads"])
def test_what_has_no_end_is_cut_off(start: bytes, more: bytes, at_once: bool) -> None:
    with Wire() as wire:
        exchange = wire.start()
        times = 2 * HEAD_LIMIT // len(more)
        wire.feed(*([start + more * times] if at_once else [start + more, *[more] * (times - 1)]))
        assert exchange.failure is not None
        assert wire.transport.closing
        assert sum(map(len, exchange.pieces)) == 0


def test_a_long_stream_of_small_chunks_is_no_endless_head() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(CHUNKED, *[chunk(b"data: x\n\n")] * 20_000)
        assert exchange.failure is None


@pytest.mark.parametrize("surplus", [b"x", OK, b"0\r\n\r\n", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
def test_surplus_bytes_end_the_connection_and_not_the_answer(surplus: bytes) -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(OK + surplus)
        assert (body_of(exchange), exchange.is_complete, exchange.failure) == (b"ok", True, None)
        assert not wire.released
        assert wire.transport.closing


def test_bytes_on_an_idle_connection_end_it() -> None:
    with Wire() as wire:
        wire.start()
        wire.feed(OK)
        assert wire.released
        wire.feed(OK)
        assert wire.lost
        assert wire.transport.closing


def test_a_connection_with_unread_bytes_or_a_farewell_is_not_fresh() -> None:
    with Wire() as wire:
        assert wire.connection.is_fresh()
        wire.far.send(b"x")
        assert not wire.connection.is_fresh()
    with Wire() as wire:
        wire.far.shutdown(socket.SHUT_WR)
        assert not wire.connection.is_fresh()
    with Wire() as wire:
        wire.transport.closing = True
        assert not wire.connection.is_fresh()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ],
)
def test_a_server_that_wants_to_close_is_obeyed(head: bytes) -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(head)
        assert exchange.is_complete
        assert not wire.released
        assert wire.transport.closing


def test_http_1_0_with_keep_alive_is_kept() -> None:
    with Wire() as wire:
        wire.start()
        wire.feed(b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok")
        assert wire.released


def test_a_connection_serves_many_exchanges_in_turn() -> None:
    with Wire() as wire:
        for body in (b"one", b"two", b"three"):
            exchange = wire.start()
            wire.feed(CHUNKED, chunk(body), b"0\r\n\r\n")
            assert body_of(exchange) == body
        assert wire.released == [wire.connection] * 3


def test_an_answer_before_the_whole_request_was_sent_counts_and_ends_the_connection() -> None:
    with Wire() as wire:
        exchange = wire.start(body=bytes(100_000))
        wire.transport.unsent = 50_000
        wire.feed(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        assert (exchange.status, body_of(exchange), exchange.is_complete) == (413, b"no", True)
        assert not wire.released
        assert wire.transport.closing


def test_too_much_unread_pauses_the_socket() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(CHUNKED, chunk(bytes(UNREAD_LIMIT)))
        assert not wire.transport.paused
        wire.feed(chunk(b"x"))
        assert wire.transport.paused
        assert exchange.is_paused


def test_a_complete_answer_never_leaves_the_socket_paused() -> None:
    with Wire() as wire:
        wire.start()
        wire.feed(CHUNKED + chunk(bytes(2 * UNREAD_LIMIT)) + b"0\r\n\r\n")
        assert not wire.transport.paused
        assert wire.released


def test_a_request_on_a_connection_that_has_just_ended_fails_at_once() -> None:
    with Wire() as wire:
        wire.connection.eof_received()
        exchange = wire.start()
        assert isinstance(exchange.failure, Unanswered)


def test_small_and_large_bodies_are_sent_whole() -> None:
    for size in (0, 10, 1_000_000):
        with Wire() as wire:
            wire.start(body=b"b" * size)
            assert wire.transport.written == b"head " + b"b" * size
