"""Which deadline counts when, on a clock moved by hand: first 600 s, idle 180 s."""

from tests.upstream.backend import CHUNKED, chunk
from tests.upstream.fakes import Wire

from ccr.upstream.exchange import UNREAD_LIMIT, Exchange


def overdue(exchange: Exchange, wire: Wire, now: float) -> str:
    wire.loop.now = now
    failure = exchange.overdue(now)
    assert failure is None or failure.timeout
    return f"{failure.phase}: {failure.message}" if failure else ""


def test_no_answer_at_all() -> None:
    with Wire() as wire:
        exchange = wire.start()
        assert overdue(exchange, wire, 599) == ""
        assert overdue(exchange, wire, 600) == "head: no answer within 600 s"


def test_neither_head_nor_pings_extend_the_time_for_the_first_content() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.loop.now = 300
        wire.feed(CHUNKED)
        wire.loop.now = 599
        wire.feed(chunk(b": ping\n\n"))
        exchange.pieces.clear()
        assert overdue(exchange, wire, 600) == "body: no content within 600 s"


def test_after_content_only_silence_counts() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(CHUNKED)
        exchange.content_started = True
        for now in (100, 200, 10_000):
            wire.loop.now = now
            wire.feed(chunk(b"x"))
        exchange.unread = 0
        assert overdue(exchange, wire, 10_179) == ""
        assert overdue(exchange, wire, 10_180) == "body: nothing received for 180 s"


def test_a_slow_reader_is_not_blamed_on_the_server() -> None:
    with Wire() as wire:
        exchange = wire.start()
        wire.feed(CHUNKED, chunk(b"x"))
        exchange.content_started = True
        assert overdue(exchange, wire, 5000) == ""  # it has not even taken what is there
        wire.feed(chunk(bytes(UNREAD_LIMIT)))
        assert exchange.is_paused
        assert overdue(exchange, wire, 50_000) == ""
