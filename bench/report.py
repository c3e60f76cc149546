"""The figures of a run as markdown: goals, a short table, long tables, start and memory."""

import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from running import Sample
from scenarios import BY_NAME, FIGURES, FIRST_ANSWER_S, GOALS, IDLE_MB, SCENARIOS, Goal, Scenario

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""Between these lines of a document stand the tables; `update` replaces them."""


class Result(Struct, kw_only=True):
    """All of one target."""

    does: str
    samples: dict[str, list[Sample]] = {}
    """By scenario, one per round."""
    start_s: list[float] = []
    """Seconds from the start of the process to the first answer; empty for a target without a process."""
    start_cpu_s: float = 0.0
    idle_mb: float = 0.0
    faults: list[str] = []
    """Kinds of answers that are not whole: the figures mean nothing then."""


class Run(Struct, kw_only=True):
    """All of one run: saved with --out, printed again with --report."""

    where: str
    """Day, machine, versions."""
    reference: str
    results: dict[str, Result] = {}

    def figure(self, target: str, scenario: str, name: str) -> "Spread | None":
        """None when it was not measured, or nothing was answered."""
        result = self.results.get(target)
        samples = result.samples.get(scenario, []) if result else []
        values = [sample.figures[name] for sample in samples if sample.requests and name in sample.figures]
        return Spread(statistics.median(values), min(values), max(values)) if values else None


class Spread(Struct, frozen=True):
    median: float
    low: float
    high: float


def short(run: Run) -> str:
    """What belongs into a document: the goals, and one line per main figure."""
    return "\n\n".join([f"{run.where}.", _goals(run), _glance(run), _starts(run)])


def long(run: Run) -> str:
    """Everything, with spreads and errors."""
    return "\n\n".join([short(run), *_details(run)])


def update(document: Path, run: Run) -> None:
    """Replaces what stands between the marks of `document`."""
    text = document.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} lacks the lines {BEGIN} and {END}")
    document.write_text(f"{before}{BEGIN}\n\n{short(run)}\n\n{END}{after}")


def load(path: Path) -> Run:
    return msgspec.json.decode(path.read_bytes(), type=Run)


def save(run: Run, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1))


# ------------------------------------------------------------------------------------------ goals


def _goals(run: Run) -> str:
    rows = [_goal(run, goal) for goal in GOALS]
    ours = run.results.get("ours")
    memory = ours.idle_mb if ours and ours.start_s else None
    start = statistics.median(ours.start_s) if ours and ours.start_s else None
    rows.append(["idle memory", f"under {IDLE_MB:.0f} MB", *_below(memory, IDLE_MB, "MB")])
    rows.append(["start to first answer", f"within {FIRST_ANSWER_S} s", *_below(start, FIRST_ANSWER_S, "s")])
    return _table(["`ours`", "goal", "measured", "reached"], rows)


def _goal(run: Run, goal: Goal) -> list[str]:
    wanted = f"{goal.factor:.0f} times less CPU than {goal.against}"
    mine = run.figure(goal.target, goal.scenario, goal.figure)
    theirs = run.figure(goal.against, goal.scenario, goal.figure)
    if not mine or not theirs or not mine.median:
        return [goal.sentence, wanted, "–", "–"]
    factor = theirs.median / mine.median
    return [goal.sentence, wanted, f"{_number(factor)} times", "yes" if factor >= goal.factor else "no"]


def _below(value: float | None, limit: float, unit: str) -> tuple[str, str]:
    if value is None:
        return "–", "–"
    return f"{_number(value)} {unit}", "yes" if value < limit else "no"


# ------------------------------------------------------------------------------------------ tables


def _glance(run: Run) -> str:
    names = list(run.results)
    rows = []
    for scenario in SCENARIOS:
        for figure in scenario.main:
            cells = [_with_ratio(run, name, scenario, figure) for name in names]
            if any(cell != "–" for cell in cells):
                rows.append([scenario.shows, FIGURES[figure], *cells])
    note = f"Median over the rounds (× {run.reference})."
    return note + "\n\n" + _table(["work", "figure", *names], rows)


def _with_ratio(run: Run, target: str, scenario: Scenario, figure: str) -> str:
    mine, reference = run.figure(target, scenario.name, figure), run.figure(run.reference, scenario.name, figure)
    if not mine:
        return "–"
    if target == run.reference or not reference or not reference.median:
        return _number(mine.median)
    return f"{_number(mine.median)} (×{_number(mine.median / reference.median)})"


def _starts(run: Run) -> str:
    rows = []
    for name, result in run.results.items():
        if result.start_s:
            spread = f"{statistics.median(result.start_s):.2f} ({min(result.start_s):.2f}–{max(result.start_s):.2f})"
            whole = "; ".join(result.faults) or "whole"
            rows.append([name, result.does, spread, f"{result.start_cpu_s:.2f}", f"{result.idle_mb:.0f}", whole])
    head = ["target", "does", "start to first answer, s (min–max)", "CPU to start, s", "idle MB (PSS)", "answers"]
    return _table(head, rows)


def _details(run: Run) -> Iterator[str]:
    measured = {name for result in run.results.values() for name in result.samples}
    for scenario in SCENARIOS:
        if scenario.name in measured:
            yield f"### {scenario.name}: {scenario.shows}"
            yield _detail(run, BY_NAME[scenario.name])


def _detail(run: Run, scenario: Scenario) -> str:
    figures = (*scenario.main, *scenario.more, "core")
    rows = []
    for name, result in run.results.items():
        spreads = [run.figure(name, scenario.name, figure) for figure in figures]
        samples = result.samples.get(scenario.name, [])
        rows.append([name, *map(_spread, spreads), str(sum(sample.errors for sample in samples))])
    return _table(["target", *(FIGURES[figure] for figure in figures), "errors"], rows)


def _spread(spread: Spread | None) -> str:
    return f"{_number(spread.median)} ({_number(spread.low)}–{_number(spread.high)})" if spread else "–"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float) -> str:
    """Three figures or so."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"
