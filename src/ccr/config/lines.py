"""Line numbers of keys and items, for `ccr check`. json-five keeps them, and is slow to import."""

from collections.abc import Callable

from json5.loader import ModelLoader, loads
from json5.model import JSONArray, JSONObject, Node
from json5.utils import JSON5DecodeError

from ccr.config.findings import Findings, Where

LONGEST = 200_000
"""Characters. json-five reads about 90 of them in a millisecond; a longer file goes without line numbers."""

Lines = dict[Where, int]


def lines_of(text: str) -> tuple[Lines, list[Where]]:
    """Line of each key and item, by the keys as written; and the keys that stand twice in their object."""
    lines: Lines = {}
    twice: list[Where] = []
    if len(text) > LONGEST:
        return lines, twice
    try:
        root = loads(text, loader=ModelLoader())
    except (JSON5DecodeError, RecursionError):  # the file has been read already: it only goes without line numbers
        return lines, twice
    _visit(root.value, (), lines, twice)
    return lines, twice


def _visit(node: Node, where: Where, lines: Lines, twice: list[Where]) -> None:
    if isinstance(node, JSONObject):
        for pair in node.key_value_pairs:
            at = (*where, str(getattr(pair.key, "characters", None) or getattr(pair.key, "name", "")))
            if at in lines:
                twice.append(at)
            lines[at] = pair.key.lineno or 0
            _visit(pair.value, at, lines, twice)
    elif isinstance(node, JSONArray):
        for index, item in enumerate(node.values):
            lines[*where, index] = item.lineno or 0
            _visit(item, (*where, index), lines, twice)


def report_twice(twice: list[Where], findings: Findings) -> None:
    for where in twice:
        findings.warning(where, "this key stands twice in its object; the last one counts", "remove one of them")


def finder(lines: Lines) -> Callable[[Where], int | None]:
    """The line of a place, or of the closest thing around it that stands in the file."""

    def line_of(where: Where) -> int | None:
        while where and where not in lines:
            where = where[:-1]
        return lines.get(where) or None

    return line_of
