"""gzip and deflate, for servers that compress although identity was asked for. What one step gives is bounded."""

import zlib

from ccr.upstream.failure import Failure

OUTPUT_LIMIT = 1024 * 1024
"""Bytes that one step may give: a small compressed body can hold gigabytes."""
_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits


class Inflate:
    """`feed` what has arrived, then `more()` while `has_more`; `finish` at the end. All raise Failure(phase="body")."""

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding != "deflate"
        self._machine = zlib.decompressobj(_GZIP if self._is_gzip else _ZLIB)
        self._input = b""
        self._is_full = False
        self._begun = False

    @property
    def has_more(self) -> bool:
        return self._is_full or bool(self._input)

    def feed(self, data: bytes) -> bytes:
        if not self._begun and not self._is_gzip and data[0] & 0x0F != 8:
            # "deflate" is zlib's format (RFC 9110, 8.4.1.2); some servers send the raw stream instead
            self._machine = zlib.decompressobj(_RAW)
        self._begun = True
        self._input = data
        return self.more()

    def more(self) -> bytes:
        if self._machine.eof and self._input:  # a further gzip member (RFC 1952, 2.2)
            self._machine = zlib.decompressobj(_GZIP if self._is_gzip else _ZLIB)
        try:
            output = self._machine.decompress(self._input, OUTPUT_LIMIT)
        except zlib.error:
            raise Failure("body", "the compressed answer is damaged") from None
        self._input = self._machine.unconsumed_tail or self._machine.unused_data
        self._is_full = len(output) == OUTPUT_LIMIT  # then zlib may hold more, with all input consumed
        return output

    def finish(self) -> None:
        if self._begun and not self._machine.eof:
            raise Failure("body", "the compressed answer ended before it was complete")
