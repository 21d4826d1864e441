"""The boxes of a JPEG 2000 file (ISO/IEC 15444-1, annex I)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from django_large_image.sources.jpeg2000.markers import Read

_MAX_BOXES = 1000


def boxes(read: Read, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box between two places, and where its content begins and ends, up to
    one that cannot be there.

    `read(start, end)` returns bytes of the file. Raises `struct.error` where a header ends early.
    """
    for _ in range(_MAX_BOXES):
        if place >= end:
            return
        head = read(place, min(place + 16, end))
        length, kind = struct.unpack_from('>I4s', head)
        start = place + 8
        if length == 1:
            (length,) = struct.unpack_from('>Q', head, 8)
            start += 8
        stop = place + length if length else end
        if not start <= stop <= end:
            return
        yield kind, start, stop
        place = stop
