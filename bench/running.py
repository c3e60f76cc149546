"""One target under way: started, asked, measured, stopped. The target has its own core; mock and load share another."""

import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import msgspec
from msgspec import Struct

import bodies
import processes
from bodies import Size
from scenarios import Scenario
from targets import CACHE, Place, Target, Unavailable

SOURCES = Path(__file__).resolve().parent / "c"
PROGRAMS = {"mock": ("mock.c", "answers.c"), "load": ("load.c", "reader.c")}
LOAD_CORE = 1
START_LIMIT = 90.0
"""Seconds a target has to give its first answer."""
SETTLE = 0.1
"""Seconds after the last answer whose work (log lines, clean-up) still counts as the target's."""


class Sample(Struct, frozen=True):
    """One scenario, run once against one target."""

    requests: int
    errors: int
    error: str
    figures: dict[str, float]


class Quantiles(Struct, frozen=True):
    p50: int
    p99: int


class LoadReport(Struct, frozen=True):
    """What c/load.c prints; times in microseconds."""

    requests: int
    errors: int
    error: str
    elapsed: int
    whole: Quantiles
    first_byte: Quantiles
    first_delta: Quantiles
    delay: Quantiles

    @property
    def seconds(self) -> float:
        return self.elapsed / 1e6


def build() -> None:
    """Compiles the mock and the load when their sources are newer."""
    if not shutil.which("gcc"):
        raise Unavailable("gcc is not installed: apt-get install gcc libc6-dev")
    (CACHE / "bin").mkdir(parents=True, exist_ok=True)
    newest = max(source.stat().st_mtime for source in SOURCES.iterdir())
    for name, sources in PROGRAMS.items():
        program = CACHE / "bin" / name
        if not program.exists() or program.stat().st_mtime < newest:
            paths = [str(SOURCES / source) for source in sources]
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), *paths], check=True)


def start_mock(port: int) -> subprocess.Popen[bytes]:
    mock = subprocess.Popen([CACHE / "bin" / "mock", str(port)], preexec_fn=processes.pinned({LOAD_CORE}))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return mock
    raise Unavailable("the mock back end does not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Running:
    """A target with its process, if it has one. `start` may be called again: the old process is stopped first."""

    def __init__(self, target: Target, scratch: Path, mock_port: int, core: int) -> None:
        self.target = target
        self.home = scratch / target.name
        self.mock_port = mock_port
        self.core = core
        self.port = mock_port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> float:
        """Seconds from the start of the process to its first good answer; 0 for a target without a process."""
        if self.target.start is None:
            return 0.0
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.port = free_port()
        recipe = self.target.start(Place(self.home, self.port, f"http://127.0.0.1:{self.mock_port}"))
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.home), **recipe.environment}
        began = time.monotonic()
        with (self.home / "output").open("wb") as output:
            self.process = subprocess.Popen(
                recipe.command,
                env=environment,
                cwd=self.home,
                preexec_fn=processes.pinned({self.core}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._first_answer(began)
        return time.monotonic() - began

    def _first_answer(self, began: float) -> None:
        assert self.process
        seen = "no answer"
        while time.monotonic() - began < START_LIMIT and self.process.poll() is None:
            try:
                status, body = self.ask("bench-json", "small", stream=False)
            except OSError as error:
                seen = str(error)
            else:
                if status == 200:
                    return
                seen = f"{status} {body[:600]!r}"
            time.sleep(0.01)
        tail = (self.home / "output").read_bytes()[-1500:].decode("utf-8", "replace")
        raise Unavailable(f"it gave no good answer: {seen}\n{tail}")

    def stop(self) -> None:
        if self.process:
            processes.stop(self.process)
            self.process = None

    def request(self, model: str, size: Size, *, stream: bool) -> bytes:
        asked = self.target.model.format(model=model)
        return bodies.request(self.target.api, size, asked, stream=stream, port=self.port)

    def ask(self, model: str, size: Size, *, stream: bool) -> tuple[int, bytes]:
        """Status and whole body of one request."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(self.request(model, size, stream=stream))
            response = http.client.HTTPResponse(connection, method="POST")
            response.begin()
            return response.status, response.read()

    def measure(self, scenario: Scenario, scale: float) -> Sample:
        """Runs a scenario for its seconds times `scale`."""
        file = self.home / f"request-{scenario.name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.request(scenario.model, scenario.body, stream=scenario.deltas > 0))
        watch = MemoryWatch(self.pid if "pss_mb" in scenario.main else None)
        cpu_before = processes.cpu_seconds(self.pid) if self.pid else 0.0
        loaded = _load(self.port, file, scenario, scale)
        time.sleep(SETTLE)
        cpu = processes.cpu_seconds(self.pid) - cpu_before if self.pid else 0.0
        figures = _times(loaded, scenario) | _rates(loaded, scenario)
        if self.pid:
            figures |= _costs(loaded, scenario, cpu)
        if peak := watch.stop():
            figures["pss_mb"] = peak
        return Sample(loaded.requests, loaded.errors, loaded.error, figures)


def _load(port: int, file: Path, scenario: Scenario, scale: float) -> LoadReport:
    seconds = scenario.seconds * scale
    numbers = (scenario.connections, seconds, scenario.ramp, int(scenario.stamped))
    command = [str(CACHE / "bin" / "load"), str(port), str(file), *map(str, numbers)]
    done = subprocess.run(
        command, capture_output=True, preexec_fn=processes.pinned({LOAD_CORE}), timeout=seconds + 60, check=True
    )
    return msgspec.json.decode(done.stdout, type=LoadReport)


def _times(loaded: LoadReport, scenario: Scenario) -> dict[str, float]:
    spans = {"": loaded.whole}
    if scenario.deltas:
        spans["first_byte_"] = loaded.first_byte
    if scenario.stamped:
        spans |= {"first_delta_": loaded.first_delta, "delay_": loaded.delay}
    found: dict[str, float] = {}
    for name, span in spans.items():
        found[f"{name}p50_ms"] = span.p50 / 1e3
        found[f"{name}p99_ms"] = span.p99 / 1e3
    return found


def _rates(loaded: LoadReport, scenario: Scenario) -> dict[str, float]:
    requests_s = loaded.requests / loaded.seconds
    return {"requests_s": requests_s, "deltas_s": requests_s * scenario.deltas}


def _costs(loaded: LoadReport, scenario: Scenario, cpu: float) -> dict[str, float]:
    found = {"core": cpu / loaded.seconds}
    if loaded.requests:
        found["cpu_us"] = cpu / loaded.requests * 1e6
        if scenario.deltas:
            found["cpu_delta_us"] = found["cpu_us"] / scenario.deltas
    return found


class MemoryWatch:
    """The highest memory of a process tree, looked at twice a second by a thread of its own."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        self.peak = 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        if pid:
            self.thread.start()

    def _look(self) -> None:
        while self.pid and not self.ended.wait(0.5):
            self.peak = max(self.peak, processes.memory_mb(self.pid))

    def stop(self) -> float:
        """MB; 0 when nothing was watched."""
        self.ended.set()
        if self.pid:
            self.thread.join()
        return self.peak
