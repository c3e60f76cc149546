"""What is measured: the scenarios, their figures, and the goals.

A scenario's model tells the mock back end how to answer (see c/mock.c): `json` one JSON answer, `sN` a stream of N
deltas sent at once, `tN` the same as a tool call, `pNxMS` N deltas, one every MS milliseconds.
"""

from msgspec import Struct

from bodies import Size

FIGURES = {
    "cpu_us": "CPU, µs per request",
    "cpu_delta_us": "CPU, µs per delta",
    "p50_ms": "whole answer, p50 ms",
    "p99_ms": "whole answer, p99 ms",
    "first_byte_p50_ms": "first byte, p50 ms",
    "first_byte_p99_ms": "first byte, p99 ms",
    "first_delta_p50_ms": "first delta, p50 ms",
    "first_delta_p99_ms": "first delta, p99 ms",
    "delay_p50_ms": "delay of a delta, p50 ms",
    "delay_p99_ms": "delay of a delta, p99 ms",
    "requests_s": "requests/s",
    "deltas_s": "deltas/s",
    "core": "share of the core",
    "pss_mb": "memory, MB (PSS)",
}
"""Figures by name. CPU is the target's own; a delta's delay runs from the mock's write to the client's read."""


class Scenario(Struct, frozen=True, kw_only=True):
    name: str
    shows: str
    model: str
    body: Size = "small"
    connections: int = 1
    seconds: float = 3.0
    """How long new requests are sent; those under way may finish."""
    ramp: float = 0.0
    """Seconds over which the connections start, so that their deltas do not fall on the same instant."""
    deltas: int = 0
    """Deltas per answer; 0: a JSON answer."""
    stamped: bool = False
    """Each delta carries the time at which the mock wrote it."""
    main: tuple[str, ...]
    """The figures of the short table."""
    more: tuple[str, ...] = ()
    """Those that only the long tables show."""
    quick: bool = False
    full: bool = True


SCENARIOS = (
    Scenario(
        name="lat_small",
        shows="0.4 KB request, JSON answer, 1 connection",
        model="bench-json",
        seconds=2.0,
        main=("cpu_us", "p50_ms"),
        more=("p99_ms",),
        quick=True,
    ),
    Scenario(
        name="lat_big",
        shows="212 KB request, JSON answer, 1 connection",
        model="bench-json",
        body="big",
        seconds=2.0,
        main=("cpu_us", "p50_ms"),
        more=("p99_ms",),
        quick=True,
    ),
    Scenario(
        name="first_big",
        shows="212 KB request, stream of 20 deltas, 1 connection",
        model="bench-s20",
        body="big",
        seconds=2.0,
        deltas=20,
        main=("cpu_us", "first_byte_p50_ms"),
        more=("first_byte_p99_ms",),
    ),
    Scenario(
        name="rps_small",
        shows="0.4 KB requests, JSON answers, 32 connections",
        model="bench-json",
        connections=32,
        main=("cpu_us",),
        more=("requests_s", "p99_ms"),
        quick=True,
    ),
    Scenario(
        name="rps_big",
        shows="212 KB requests, JSON answers, 8 connections",
        model="bench-json",
        body="big",
        connections=8,
        main=("cpu_us",),
        more=("requests_s", "p99_ms"),
        quick=True,
    ),
    Scenario(
        name="sse200",
        shows="streams of 200 text deltas sent at once, 16 connections",
        model="bench-s200",
        connections=16,
        deltas=200,
        main=("cpu_delta_us",),
        more=("deltas_s", "p50_ms"),
        quick=True,
    ),
    Scenario(
        name="tool200",
        shows="streams of 200 tool-call deltas sent at once, 16 connections",
        model="bench-t200",
        connections=16,
        deltas=200,
        main=("cpu_delta_us",),
        more=("deltas_s", "p50_ms"),
    ),
    Scenario(
        name="paced1",
        shows="1 open stream, a delta every 20 ms",
        model="bench-p50x20",
        deltas=50,
        stamped=True,
        main=("delay_p50_ms",),
        more=("first_delta_p50_ms", "delay_p99_ms", "cpu_delta_us"),
    ),
    Scenario(
        name="paced100",
        shows="100 open streams, each a delta every 20 ms (5,000/s)",
        model="bench-p50x20",
        connections=100,
        ramp=0.5,
        deltas=50,
        stamped=True,
        main=("cpu_delta_us", "delay_p50_ms", "first_delta_p50_ms"),
        more=("delay_p99_ms", "first_delta_p99_ms"),
        quick=True,
    ),
    Scenario(
        name="paced500",
        shows="500 open streams, each a delta every 100 ms (5,000/s)",
        model="bench-p50x100",
        connections=500,
        seconds=4.0,
        ramp=1.0,
        deltas=50,
        stamped=True,
        main=("cpu_delta_us", "delay_p50_ms", "first_delta_p50_ms", "pss_mb"),
        more=("delay_p99_ms", "first_delta_p99_ms"),
        quick=True,
    ),
    Scenario(
        name="paced1000",
        shows="1000 open streams, each a delta every 200 ms (5,000/s)",
        model="bench-p50x200",
        connections=1000,
        seconds=4.0,
        ramp=2.0,
        deltas=50,
        stamped=True,
        main=("cpu_delta_us", "delay_p50_ms", "pss_mb"),
        more=("first_delta_p50_ms", "delay_p99_ms"),
        full=False,
    ),
    Scenario(
        name="flood500",
        shows="500 open streams, each a delta every 20 ms (25,000/s)",
        model="bench-p100x20",
        connections=500,
        seconds=4.0,
        ramp=0.5,
        deltas=100,
        stamped=True,
        main=("cpu_delta_us", "delay_p50_ms", "pss_mb"),
        more=("deltas_s", "delay_p99_ms"),
        full=False,
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
MODELS = sorted({scenario.model for scenario in SCENARIOS} | {"bench-s200", "bench-t200"})
"""Every model the bench asks for: a router's configuration must name them."""


class Goal(Struct, frozen=True, kw_only=True):
    """At most a share of another target's figure in the same run."""

    sentence: str
    scenario: str
    figure: str
    target: str = "ours"
    against: str = "ccr2"
    factor: float
    """How many times less than `against`."""


GOALS = (
    Goal(sentence="small request, one after the other", scenario="lat_small", figure="cpu_us", factor=10),
    Goal(sentence="small requests, 32 at a time", scenario="rps_small", figure="cpu_us", factor=10),
    Goal(sentence="212 KB request, one after the other", scenario="lat_big", figure="cpu_us", factor=40),
    Goal(sentence="212 KB requests, 8 at a time", scenario="rps_big", figure="cpu_us", factor=40),
    Goal(sentence="100 paced streams", scenario="paced100", figure="cpu_delta_us", factor=3),
)
IDLE_MB = 60.0
"""Goal: idle memory below this."""
FIRST_ANSWER_S = 0.6
"""Goal: seconds from the start of the process to its first answer."""
