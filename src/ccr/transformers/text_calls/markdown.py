"""Is this place of a Markdown text code? (CommonMark 0.31: 4.5 "Fenced code blocks", 6.1 "Code spans")

Two liberties: a lone backtick opens a span to the end of its paragraph, for whether another one follows is not known
yet; and fences in lists or quotations are seen only within three spaces of the margin.
"""

import re

_TOKENS = re.compile(r"\n|`+|~+|[^\n`~]+")
_DEEPEST_INDENT = 3


class Markdown:
    """Reads a text piece by piece, cut anywhere, and knows whether it stands in code."""

    def __init__(self) -> None:
        self._indent: int | None = 0
        """Spaces since the line began; None once something else stands in it."""
        self._run = ""
        """The backticks or tildes read last: there may be more of them."""
        self._begins_line = False
        """The run does."""
        self._fence = ""
        """The run that opened the fenced block."""
        self._is_closing = False
        """Its closing run was read; only blanks may follow."""
        self._opening = ""
        """The run of a fence whose first line is not over."""
        self._span = ""
        """The run that opened a code span."""

    @property
    def in_code(self) -> bool:
        """To be asked before a character that is neither backtick nor tilde."""
        self._settle()
        return bool(self._fence or self._opening or self._span)

    @property
    def in_fence(self) -> bool:
        """Once it is settled."""
        return self._fence != ""

    @property
    def is_settled(self) -> bool:
        """Text without backticks and tildes changes nothing but where in its line it stands."""
        return not (self._run or self._opening or self._span or self._is_closing)

    def read(self, text: str) -> None:
        for token in _TOKENS.findall(text):
            if token[0] in "`~":
                self._mark(token)
                continue
            self._settle()
            if token == "\n":
                self._end_line()
            else:
                self._plain(token)

    def _mark(self, run: str) -> None:
        if self._run and self._run[0] == run[0]:
            self._run += run
            return
        self._settle()
        self._run = run
        self._begins_line = self._indent is not None and self._indent <= _DEEPEST_INDENT
        self._indent = None

    def _settle(self) -> None:
        """The run is over."""
        run, self._run = self._run, ""
        if not run:
            return
        if self._fence:
            is_fence = self._begins_line and run.startswith(self._fence)
            self._is_closing = is_fence
        elif self._begins_line and len(run) >= 3:
            self._opening, self._span = run, ""
        elif run[0] == "~" or self._opening.startswith("~"):
            return
        elif self._span or self._opening:
            # Backticks behind an opening run in its own line: a code span, not a fence.
            opened, self._opening = self._span or self._opening, ""
            self._span = "" if run == opened else opened
        else:
            self._span = run

    def _end_line(self) -> None:
        if self._is_closing:
            self._fence = ""
        elif self._opening:
            self._fence = self._opening
        if self._indent is not None:  # a blank line ends the paragraph
            self._span = ""
        self._opening = ""
        self._is_closing = False
        self._indent = 0

    def _plain(self, text: str) -> None:
        if self._indent is not None:
            self._indent = None if text.strip(" ") else self._indent + len(text)
        if self._is_closing and text.strip(" \t\r"):
            self._is_closing = False
