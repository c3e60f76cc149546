#!/usr/bin/env python3
"""Measures routers side by side, on one machine, in one run.

Every round visits every target with every scenario, so that the noise of the machine falls on all of them alike; the
tables give the median over the rounds. The figure to trust is the CPU time of the target's processes per unit of
work: it suffers least from neighbours. The target has one core; the mock back end and the load share the other.

    .venv/bin/python bench/run.py --quick
    .venv/bin/python bench/run.py --update docs/performance.md
    .venv/bin/python bench/run.py --target nginx,ours --variant before=/tmp/before/.venv/bin/ccr --scenario paced100
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

import processes
import report
import wholeness
from report import Result, Run
from running import LOAD_CORE, Running, build, free_port, start_mock
from scenarios import BY_NAME, SCENARIOS, Scenario
from targets import NPM_TOOL, TARGETS, Target, Unavailable, ours

TARGET_CORE = 0


def main() -> None:
    arguments = _parser().parse_args()
    if arguments.report:
        _deliver(report.load(arguments.report), arguments)
        return
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("the bench needs two cores: one for the target, one for the mock and the load")
    os.sched_setaffinity(0, {LOAD_CORE})
    targets = [*_chosen(arguments.target), *map(_variant, arguments.variant)]
    try:
        build()
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            run = _run(targets, Path(scratch), arguments)
    except Unavailable as reason:
        sys.exit(str(reason))
    _deliver(run, arguments)


def _run(targets: Iterable[Target], scratch: Path, arguments: argparse.Namespace) -> Run:
    mock_port = free_port()
    mock = start_mock(mock_port)
    all_running: list[Running] = []
    run = Run(where=_where(), reference=arguments.reference)
    try:
        for target in targets:
            running = Running(target, scratch, mock_port, TARGET_CORE)
            all_running.append(running)
            try:
                run.results[target.name] = _begin(running, arguments.starts)
            except Unavailable as reason:
                _say(f"{target.name} is left out: {reason}")
                running.stop()
                all_running.remove(running)
        if run.results and run.reference not in run.results:
            run.reference = next(iter(run.results))
        _measure(run, all_running, arguments)
    finally:
        for running in all_running:
            running.stop()
        processes.stop(mock)
    return run


def _begin(running: Running, starts: int) -> Result:
    """Installs and starts a target, and looks whether its answers are whole."""
    running.target.install()
    result = Result(does=running.target.does)
    if running.target.start is None:
        return result
    running.start()  # fills the disk cache and writes byte code: not counted
    result.start_s = [running.start() for _ in range(starts)]
    if running.pid:
        result.start_cpu_s = processes.cpu_seconds(running.pid)
        time.sleep(0.5)
        result.idle_mb = processes.memory_mb(running.pid)
    result.faults = wholeness.faults(running)
    starts_text = ", ".join(f"{seconds:.2f}" for seconds in result.start_s)
    _say(f"{running.target.name}: first answer after {starts_text} s; {'; '.join(result.faults) or 'answers whole'}")
    return result


def _measure(run: Run, all_running: list[Running], arguments: argparse.Namespace) -> None:
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    scale = arguments.scale or (0.6 if arguments.quick else 1.0)
    for round_number in range(1, rounds + 1):
        for scenario in _scenarios(arguments):
            for running in all_running:
                _measure_one(run, running, scenario, scale, round_number)


def _measure_one(run: Run, running: Running, scenario: Scenario, scale: float, round_number: int) -> None:
    name = running.target.name
    try:
        sample = running.measure(scenario, scale)
    except (subprocess.SubprocessError, msgspec.DecodeError) as failure:
        _say(f"{name} {scenario.name}: {failure}")
        return
    run.results[name].samples.setdefault(scenario.name, []).append(sample)
    shown = " ".join(f"{key}={value:.3f}" for key, value in sample.figures.items())
    trouble = f"; {sample.errors} errors: {sample.error}" if sample.errors else ""
    _say(f"round {round_number} {scenario.name} {name}: {sample.requests} requests, {shown}{trouble}")


def _deliver(run: Run, arguments: argparse.Namespace) -> None:
    if arguments.out:
        report.save(run, arguments.out)
    if arguments.markdown:
        arguments.markdown.write_text(report.long(run) + "\n")
    if arguments.update:
        report.update(arguments.update, run)
    print(report.long(run))


def _chosen(names: str) -> list[Target]:
    try:
        return [TARGETS[name] for name in names.split(",") if name]
    except KeyError as unknown:
        sys.exit(f"no target {unknown}; there are {', '.join(TARGETS)}")


def _variant(text: str) -> Target:
    name, _, executable = text.partition("=")
    return ours(name, Path(executable), converts=True)


def _scenarios(arguments: argparse.Namespace) -> list[Scenario]:
    if not arguments.scenario:
        return [scenario for scenario in SCENARIOS if (scenario.quick if arguments.quick else scenario.full)]
    try:
        return [BY_NAME[name] for name in arguments.scenario.split(",")]
    except KeyError as unknown:
        sys.exit(f"no scenario {unknown}; there are {', '.join(BY_NAME)}")


def _where() -> str:
    machine = f"{os.cpu_count()} cores of {_processor()}, {platform.system()} {platform.release().split('-')[0]}"
    versions = f"Python {platform.python_version()}, nginx {_version('nginx', '-v')}"
    npm_tool = f"claude-code-router {NPM_TOOL} from npm (ccr2) on Node {_version('node', '-v')}"
    return f"Measured {time.strftime('%Y-%m-%d')} on {machine}; {versions}, {npm_tool}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "(absent)"
    return (done.stdout + done.stderr).strip().rpartition("/")[2].lstrip("v")


def _say(text: str) -> None:
    print(f"# {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--target", default="nginx,ours,ccr2,nginx-ant,ours-pass", help=f"comma list of {', '.join(TARGETS)}")
    add("--variant", action="append", default=[], metavar="NAME=CCR", help="one more `ours`: another build's ccr")
    add("--scenario", default="", help=f"comma list of {', '.join(BY_NAME)}")
    add("--quick", action="store_true", help="fewer scenarios, shorter, one round")
    add("--rounds", type=int, help="default 3; quick 1")
    add("--scale", type=float, help="factor on each scenario's seconds; default 1; quick 0.6")
    add("--starts", type=int, default=3, help="how often to start each target for its start time")
    add("--reference", default="nginx", help="the target that ratios refer to")
    add("--out", type=Path, help="write the figures to this JSON file")
    add("--report", type=Path, help="a file written with --out: print its tables, measure nothing")
    add("--markdown", type=Path, help="write all tables to this file")
    add("--update", type=Path, help="replace the tables between the bench marks of this document")
    return parser


if __name__ == "__main__":
    main()
