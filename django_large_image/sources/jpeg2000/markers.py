"""Bytes and marker segments of JPEG 2000 (ISO/IEC 15444-1, annex A), read in steps."""

from __future__ import annotations

import struct
from collections.abc import Callable

Read = Callable[[int, int], bytes]

_MAX_SEGMENTS = 4096


class UnusualError(Exception):
    """A file is damaged, or written in a way that this package leaves to its decoder."""


class Ahead:
    """Reads a file in steps, which grow while its reader goes on where the last one ended."""

    def __init__(self, read: Read, end: int, least: int = 1024, most: int = 1024 * 1024) -> None:
        self._read, self._end = read, end
        self._least, self._most = least, most
        # Replaced as a whole: threads share it.
        self._held: tuple[int, bytes] = (0, b'')

    def __call__(self, start: int, end: int, least: int = 0) -> bytes:
        """Return bytes of the file; `least` is for how many to ask at first."""
        begin, content = self._held
        if not begin <= start <= end <= begin + len(content):
            least = max(least, self._least)
            if begin < start <= begin + len(content):
                least = max(least, min(2 * len(content), self._most))
            begin, content = start, self._read(start, min(self._end, max(end, start + least)))
            self._held = begin, content
        return content[start - begin : end - begin]


def segments(read: Read, position: int, end: int, last: int) -> tuple[list[tuple[int, bytes]], int]:
    """Return kind and content of the marker segments from a position up to a marker `last`, and
    where that is; raises `UnusualError` where it does not come before `end`.
    """
    found: list[tuple[int, bytes]] = []
    while len(found) < _MAX_SEGMENTS and position + 4 <= end:
        kind, length = struct.unpack('>HH', read(position, position + 4))
        if kind == last:
            return found, position
        if kind < 0xFF00 or length < 2 or position + 2 + length > end:
            break
        found.append((kind, read(position + 4, position + 2 + length)))
        position += 2 + length
    raise UnusualError
