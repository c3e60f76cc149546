from ccr.upstream.connection import Connection
from ccr.upstream.failure import Failure
from ccr.upstream.pool import Pool


class FakeConnection(Connection):
    def __init__(self, pool: Pool, name: str, key: tuple[str, str, int, str] = ("http", "host", 80, "")) -> None:
        self.key = key
        self.name = name
        self.idle_since = 0.0
        self.fresh = True
        self.aborted = False
        self._pool = pool

    def is_fresh(self) -> bool:
        return self.fresh

    def abort(self, failure: Failure | None = None) -> None:
        self.aborted = True
        self._pool.forget(self)


class Clock:
    now = 0.0

    def time(self) -> float:
        return self.now


def fill(clock: Clock, *names: str) -> tuple[Pool, list[FakeConnection]]:
    pool = Pool(clock.time)
    connections = [FakeConnection(pool, name) for name in names]
    for connection in connections:
        clock.now += 1
        pool.release(connection)
    return pool, connections


def test_the_last_used_is_taken_first() -> None:
    pool, (first, second) = fill(Clock(), "first", "second")
    assert pool.take(first.key) is second
    assert pool.take(first.key) is first
    assert pool.take(first.key) is None
    assert len(pool.busy) == 2


def test_what_leads_elsewhere_is_not_taken() -> None:
    pool, _ = fill(Clock(), "one")
    assert pool.take(("http", "host", 80, "http://proxy")) is None
    assert pool.take(("https", "host", 80, "")) is None


def test_stale_ones_are_closed_on_the_way() -> None:
    pool, (first, second) = fill(Clock(), "first", "second")
    second.fresh = False
    assert pool.take(first.key) is first
    assert second.aborted


def test_what_has_been_idle_for_too_long_is_closed() -> None:
    pool, (first, second) = fill(Clock(), "first", "second")
    assert pool.expire(before=1.0)
    assert (first.aborted, second.aborted) == (True, False)
    assert not pool.expire(before=2.0)
    assert second.aborted


def test_closing_ends_busy_and_idle_ones() -> None:
    pool, connections = fill(Clock(), "busy", "idle")
    pool.take(connections[0].key)
    pool.close()
    assert all(connection.aborted for connection in connections)
    assert not pool.busy


def test_forgetting_twice_is_harmless() -> None:
    pool, (only,) = fill(Clock(), "only")
    only.abort()
    only.abort()
    assert pool.take(only.key) is None
