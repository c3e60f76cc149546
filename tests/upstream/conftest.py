"""Every test that takes `run` runs on both loops: uvloop, as in production, and the standard one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

LIMIT = 30.0  # seconds; a test that hangs fails

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Run:
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def runner(story: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as it:
            it.run(asyncio.wait_for(story, LIMIT))

    return runner
