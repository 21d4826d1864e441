"""A tile of a JPEG 2000 with empty packets in place of those that a reduced image does not need."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from django_large_image.sources.jpeg2000.headers import Headers
from django_large_image.sources.jpeg2000.markers import UnusualError
from django_large_image.sources.jpeg2000.packets import Packet, Tile

if TYPE_CHECKING:
    from django_large_image.sources.virtual import Ranges, Span

# The least that is asked for at a time.
_STEP = 16 * 1024
# Headers of packets that are not needed are read where so much lies between them: each is a
# request.
_WORTH = 64 * 1024


class Content:
    """The packets of a tile, which lie at `spans` of a file, one behind the other.

    `step` is for how many bytes to ask at first where the end of what is needed is not known.
    """

    def __init__(self, ranges: Ranges, spans: Sequence[Span], step: int) -> None:
        self._ranges, self._spans, self._step = ranges, spans, max(step, _STEP)
        self._ends = list(accumulate(end - start for start, end in spans))
        self.size = self.limit = self._ends[-1]
        self._asked = 0
        self.rest()
        # Whether all bytes up to the last one that is asked for will be read.
        self.dense = False

    def place(self, position: int) -> int:
        """Return where a position in the file is in the content."""
        index = bisect_right(self._spans, (position, self.size << 64)) - 1
        return self._ends[index] - (self._spans[index][1] - position)

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span, which are fetched together."""
        cut = [self._cut(start, end) for start, end in spans]
        # An empty one says that nothing more will be wanted: see `sources.extents`.
        asked = [*(span for pieces in cut for span in pieces), self._spans[0][:1] * 2]
        found = iter(self._ranges.read(asked))
        return [b''.join(next(found) for _ in pieces) for pieces in cut]

    def _cut(self, start: int, end: int) -> list[Span]:
        """Return where a span of the content is in the file."""
        found = []
        index = bisect_right(self._ends, start)
        while start < end:
            stop = min(end, self._ends[index])
            offset = self._spans[index][1] - self._ends[index]
            found.append((start + offset, stop + offset))
            start = stop
            index += 1
        return found

    def rest(self) -> None:
        """Hold nothing."""
        self._start, self._held = 0, b''

    def byte(self, position: int) -> int:
        """Return a byte before `limit`; what follows it comes along. Raises `UnusualError`."""
        index = position - self._start
        if not 0 <= index < len(self._held):
            if position >= self.limit:
                raise UnusualError
            start = self._start + len(self._held) if self.dense else position
            end = min(self.limit, position + max(self._step, self._asked // 2))
            self._start, self._held = start, self.read([(start, end)])[0]
            self._asked += end - start
            index = position - start
        return self._held[index]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is read from `start` up to `end`: the content from `source`, or packets of nothing, as
    `unit` has one, where that is None.
    """

    start: int
    end: int
    source: int | None
    unit: bytes = b''


class Plan:
    """What is read of a tile at a level: its needed packets, and empty ones in place of others.

    Needed packets keep their order and move towards the beginning, so that the tile keeps its
    length. `lengths` are those of all packets, if they are told. Raises `UnusualError` where
    packets are not what they should be, or where finding them costs more than it saves.
    """

    def __init__(self, tile: Tile, level: int, content: Content, lengths: list[int] | None) -> None:
        self._tile, self._content = tile, content
        self._pieces: list[_Piece] = []
        order = list(tile.wanted(level))
        if lengths is not None and len(lengths) != tile.count:
            lengths = None
        skipped = sum(not needed for _, needed in order)
        if lengths is None and skipped * _WORTH > content.size:
            raise UnusualError
        if lengths is not None:
            self._fetch(order, lengths)
        content.dense = not skipped and lengths is None
        self._find(order, lengths)
        self._skip(tile.count - len(order), content.size)
        self._starts = [piece.start for piece in self._pieces]
        content.rest()

    def __len__(self) -> int:
        return len(self._pieces)

    def _fetch(self, order: Sequence[tuple[Packet, bool]], lengths: Sequence[int]) -> None:
        """Fetch the needed packets at once."""
        spans: list[Span] = []
        end = 0
        for (_, needed), length in zip(order, lengths, strict=False):
            start, end = end, end + length
            if needed:
                _extend(spans, start, end)
        self._content.read(spans)

    def _find(self, order: Sequence[tuple[Packet, bool]], lengths: Sequence[int] | None) -> None:
        """Find where each packet is, and keep those that are needed."""
        content, count, end = self._content, 0, 0
        headers = Headers(self._tile, content.byte)
        for index, (packet, needed) in enumerate(order):
            start, told = end, lengths[index] if lengths is not None else None
            content.limit = content.size if told is None else start + told
            end = headers.end(packet, start) if needed or told is None else content.limit
            if end > content.limit or (told is not None and end < content.limit):
                raise UnusualError
            if needed:
                self._skip(count, start)
                self._keep(start, end)
            count = 0 if needed else count + 1

    @property
    def _end(self) -> int:
        return self._pieces[-1].end if self._pieces else 0

    def _keep(self, start: int, end: int) -> None:
        last = self._pieces[-1] if self._pieces else _Piece(0, 0, None)
        place = last.end
        if last.source is not None and last.source + place - last.start == start:
            self._pieces[-1] = replace(last, end=place + end - start)
        else:
            self._pieces.append(_Piece(place, place + end - start, start))

    def _skip(self, count: int, limit: int) -> None:
        """Put empty packets in place of those up to a limit."""
        if not count:
            return
        place = self._end
        for unit in self._tile.empty_packets:
            if place + count * len(unit) <= limit:
                self._pieces.append(_Piece(place, place + count * len(unit), None, unit))
                return
        raise UnusualError

    def read(self, start: int, end: int) -> bytes:
        """Return what is read in place of a span of the file, which lies in one tile-part."""
        first = self._content.place(start)
        last = first + end - start
        found = bytearray(end - start)
        spans, places = [], []
        for piece in self._pieces[max(0, bisect_right(self._starts, first) - 1) :]:
            begin, stop = max(first, piece.start), min(last, piece.end)
            if begin >= last:
                break
            if begin >= stop:
                continue
            place = slice(begin - first, stop - first)
            if piece.source is None:
                empty = piece.unit * -(-(piece.end - piece.start) // len(piece.unit))
                found[place] = empty[begin - piece.start : stop - piece.start]
            else:
                offset = piece.source - piece.start
                spans.append((begin + offset, stop + offset))
                places.append(place)
        if spans:
            for place, content in zip(places, self._content.read(spans), strict=True):
                found[place] = content
        return bytes(found)


def _extend(spans: list[Span], start: int, end: int) -> None:
    """Add a span to those before it."""
    if spans and spans[-1][1] == start:
        start = spans.pop()[0]
    spans.append((start, end))
