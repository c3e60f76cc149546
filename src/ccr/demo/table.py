"""The table of requests and where they went, aligned, in 100 columns."""

import textwrap
from collections.abc import Sequence

from ccr.demo.ask import Answer
from ccr.demo.kinds import Kind

WIDTH = 100
GAP = "  "
HEADS = ["kind", "route", "provider,model", "tokens in", "out", "first token", "why"]
NUMBERS = {"tokens in", "out", "first token"}
"""Columns that are aligned to the right. The last column takes what room is left, and breaks its lines."""


def table(rows: Sequence[tuple[Kind, Answer]]) -> str:
    cells = [HEADS, *(row(kind, answer) for kind, answer in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    widths[-1] = WIDTH - sum(widths[:-1]) - len(GAP) * (len(HEADS) - 1)
    head, *body = [line(row, widths) for row in cells]
    return "\n".join([head, rule(widths), *body])


def rule(widths: list[int]) -> str:
    return GAP.join("─" * width for width in widths)


def row(kind: Kind, answer: Answer) -> list[str]:
    first = "–" if answer.first_content is None else f"{answer.first_content * 1000:.1f} ms"
    counts = [count(answer.input_tokens), count(answer.output_tokens)]
    return [kind.name, answer.route or "–", answer.target or "–", *counts, first, answer.error or answer.reason]


def count(tokens: int | None) -> str:
    return "–" if tokens is None else f"{tokens:,}"


def line(row: list[str], widths: list[int]) -> str:
    """One row; a long last cell goes on below itself."""
    *cells, last = row
    first, *rest = textwrap.wrap(last, widths[-1]) or [""]
    padded = [
        cell.rjust(width) if head in NUMBERS else cell.ljust(width)
        for head, cell, width in zip(HEADS[:-1], cells, widths[:-1], strict=True)
    ]
    indent = " " * (WIDTH - widths[-1])
    return "\n".join([GAP.join([*padded, first]).rstrip(), *(indent + more for more in rest)])
