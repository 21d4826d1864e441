"""The tile-parts of JPEG 2000: where they are, and what they begin with.

After ISO/IEC 15444-1, annex A.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django_large_image.sources.jpeg2000.markers import Ahead, Read, UnusualError, segments

_COD, _COC, _PLT, _SOT, _SOD = 0xFF52, 0xFF53, 0xFF58, 0xFF90, 0xFF93
# Another order of packets, and headers of packets elsewhere: POC, PPT.
_CHANGES = {_COD, _COC, 0xFF5F, 0xFF61}
_SOT_BYTES = 12
_MAX_PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A tile-part from `start` to `end`, its marker SOT as it is to be read."""

    start: int
    end: int
    tile: int
    sot: bytes

    @property
    def number(self) -> int:
        """Which of those of the tile it is, from 0."""
        return self.sot[10]

    @property
    def count(self) -> int:
        """How many there are of the tile; 0 where that is not told."""
        return self.sot[11]


@dataclass(frozen=True, slots=True)
class PartHeader:
    """What stands between the SOT of a tile-part and its packets, which lie from `data` to `end`.

    `table` is that of their lengths, empty where they are not told; `plain` headers change nothing
    of the main one.
    """

    data: int
    end: int
    table: bytes
    plain: bool

    def lengths(self) -> list[int] | None:
        """Return the lengths of the packets, None where they are not told."""
        found, number = [], 0
        # 7 bits in each byte, the highest says that more follow.
        for byte in self.table:
            number = number << 7 | byte & 127
            if byte < 128:
                found.append(number)
                number = 0
            elif number > self.end:
                return None
        return found if sum(found) == self.end - self.data else None


def read_header(read: Read, part: Part, least: int) -> PartHeader | None:
    """Return what a tile-part begins with; None where that is not what a table told of it.

    `least` is how many bytes to ask for. Raises `UnusualError` where it is damaged.
    """
    read = Ahead(read, part.end, least)
    sot = read(part.start, part.start + _SOT_BYTES)
    kind, size, tile, length, number, count = struct.unpack('>HHHIBB', sot)
    if (kind, size, tile, number) != (_SOT, 10, part.tile, part.number):
        return None
    if length not in (0, part.end - part.start) or count not in (0, part.count):
        return None
    found, position = segments(read, part.start + _SOT_BYTES, part.end, _SOD)
    tables = sorted(content for kind, content in found if kind == _PLT)
    plain = not any(kind in _CHANGES for kind, _ in found)
    table = b''.join(content[1:] for content in tables)
    return PartHeader(position + 2, part.end, table, plain)


def listed(read: Read, start: int, end: int, tiles: int, tables: Sequence[bytes]) -> Parts | None:
    """Return the tile-parts from `start` to `end` as segments TLM tell of them; None if that cannot
    be true.
    """
    rows: list[tuple[int, int]] = []
    for content in sorted(tables):
        found = _rows(content, len(rows))
        if found is None:
            return None
        rows += found
    if not rows or sum(length for _, length in rows) != end - start:
        return None
    counts = Counter(tile for tile, _ in rows)
    shortest = min(length for _, length in rows)
    if max(counts) >= tiles or max(counts.values()) > 255 or shortest < _SOT_BYTES + 2:
        return None
    seen: Counter[int] = Counter()
    parts = []
    for tile, length in rows:
        sot = struct.pack('>HHHIBB', _SOT, 10, tile, length, seen[tile], counts[tile])
        parts.append(Part(start, start + length, tile, sot))
        seen[tile] += 1
        start += length
    return Parts(read, start, end, tiles, parts)


def _rows(content: bytes, first: int) -> list[tuple[int, int]] | None:
    """Return tile and length of the tile-parts in a segment TLM; `first` is the tile of the first
    where tiles are not named. None for a damaged one.
    """
    if len(content) < 2:
        return None
    of_tile, of_length = content[1] >> 4 & 3, 4 if content[1] & 0x40 else 2
    step = of_tile + of_length
    if of_tile == 3 or (len(content) - 2) % step:
        return None
    rows: list[tuple[int, int]] = []
    for at in range(2, len(content), step):
        named = int.from_bytes(content[at : at + of_tile], 'big')
        length = int.from_bytes(content[at + of_tile : at + step], 'big')
        rows.append((named if of_tile else first + len(rows), length))
    return rows


class Parts:
    """The tile-parts of a codestream, found one after the other."""

    def __init__(
        self, read: Read, start: int, end: int, tiles: int, known: Sequence[Part] = ()
    ) -> None:
        self._read, self._end, self._tiles = Ahead(read, end), end, tiles
        self._next = start
        self._parts = list(known)
        self._starts = [part.start for part in self._parts]
        self.listed = bool(known)

    def at(self, position: int, least: int = 0) -> Part | None:
        """Return the tile-part in which a position lies; `least` is for how many bytes to ask where
        one begins.
        """
        while position >= self._next and self._advance(least):
            pass
        index = bisect_right(self._starts, position) - 1
        found = self._parts[index] if index >= 0 else None
        return found if found is not None and position < found.end else None

    def of(self, tile: int) -> list[Part]:
        """Return the tile-parts of a tile; raises `UnusualError` where some are missing."""
        found, seen = [], 0
        while True:
            for part in self._parts[seen:]:
                if part.tile == tile:
                    found.append(part)
            seen = len(self._parts)
            if found and len(found) == found[0].count:
                return found
            if not self._advance():
                break
        # All of the codestream was found, up to the marker of its end.
        if not found or found[0].count or self._end - self._next > 2:
            raise UnusualError
        return found

    def _advance(self, least: int = 0) -> bool:
        """Find the next one; False at the end, and at what is none."""
        start = self._next
        if start + _SOT_BYTES + 2 > self._end or len(self._parts) >= _MAX_PARTS:
            return False
        # Behind a tile of one part comes another tile, whose packets may be wanted.
        alone = bool(self._parts) and self._parts[-1].count == 1
        sot = self._read(start, start + _SOT_BYTES, least if alone else 0)
        kind, size, tile, length = struct.unpack('>HHHI', sot[:10])
        length = length or self._end - 2 - start
        stop = start + length
        if kind != _SOT or size != 10 or tile >= self._tiles:
            return False
        if length < _SOT_BYTES + 2 or stop > self._end:
            return False
        # Another thread may have been faster.
        if self._next == start:
            self._next = stop
            self._parts.append(Part(start, stop, tile, sot))
            self._starts.append(start)
        return True
