"""The request log: one JSON line per exchange, in rotated files of mode 600 under `<home>/logs`.

Lines are collected and written by a thread a few times a second: nothing on the data path waits for a disk. A disk that
is full or gone loses lines, never requests; how many is said in the next line that can be written.
"""

import asyncio
import os
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

FLUSH_SECONDS = 0.2
MOST_WAITING = 10_000
FILE_BYTES = 50 * 1024 * 1024
FILE_SECONDS = 24 * 3600
MOST_FILES = 3
"""The npm tool's rotation: a day, 50 MB, three files."""
_ENCODE = msgspec.json.Encoder().encode

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "silent")


class RequestLog:
    """Owner of the log files. `folder` None: nothing is written."""

    def __init__(self, folder: Path | None, level: str = "info", clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._levels = frozenset(LEVELS[LEVELS.index(level if level in LEVELS else "info") :])
        """Those that are written."""
        self._clock = clock
        self._waiting: list[bytes] = []
        self._lost = 0
        self._flush: asyncio.Handle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._lock = threading.Lock()
        """Held while writing: at the end the loop's thread writes too."""
        self._file: int | None = None
        self._opened = 0.0
        self._size = 0

    def write(self, level: str, record: Struct) -> None:
        """One line; `record` has its time and level itself."""
        if self._folder is not None and level in self._levels:
            self._append_line(_ENCODE(record))

    def trace(self, request_id: str, error: BaseException) -> None:
        """A defect of ours, with its stack."""
        self.line("error", {"request_id": request_id, "trace": "".join(traceback.format_exception(error))})

    def line(self, level: str, fields: dict[str, object]) -> None:
        if self._folder is not None and level in self._levels:
            self._append_line(_ENCODE({"time": round(self._clock(), 3), "level": level, **fields}))

    def _append_line(self, line: bytes) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(line)
        if self._flush is None and self._writing is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._start_flush)

    def close(self) -> None:
        """Write what waits, now."""
        if self._flush is not None:
            self._flush.cancel()
        self._append(self._take())
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _start_flush(self) -> None:
        self._flush = None
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(None, self._append, self._take())
        self._writing.add_done_callback(self._written)

    def _written(self, _: "asyncio.Future[None]") -> None:
        self._writing = None
        if self._waiting:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._start_flush)

    def _take(self) -> list[bytes]:
        lines, self._waiting = self._waiting, []
        return lines

    def _append(self, lines: list[bytes]) -> None:
        if not lines or self._folder is None:
            return
        with self._lock:
            if self._lost:
                lines = [_ENCODE({"level": "warn", "lost_lines": self._lost}), *lines]
            try:
                self._size += os.write(self._current(), b"\n".join(lines) + b"\n")
                self._lost = 0
            except OSError:
                self._lost += len(lines)

    def _current(self) -> int:
        """The file to write to, a new one when the old is full or old."""
        now = self._clock()
        if self._file is not None and self._size < FILE_BYTES and now - self._opened < FILE_SECONDS:
            return self._file
        if self._file is not None:
            os.close(self._file)
            self._file = None
        assert self._folder is not None
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = time.strftime("ccr-%Y%m%d%H%M%S", time.localtime(now))
        path = self._folder / f"{name}.log"
        for number in range(1, 100):
            if not path.exists():
                break
            path = self._folder / f"{name}_{number}.log"
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._opened, self._size = now, 0
        self._remove_old()
        return self._file

    def _remove_old(self) -> None:
        assert self._folder is not None
        for path in sorted(self._folder.glob("ccr-*.log"))[:-MOST_FILES]:
            path.unlink(missing_ok=True)
