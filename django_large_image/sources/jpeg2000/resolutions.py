"""JPEG 2000 over the network: of each tile only what the resolution needs that is read.

OpenJPEG loads tile-parts as a whole. While a level is read here, the packets of finer resolutions
are given to it as empty ones, which are never fetched.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from osgeo import gdal

from django_large_image.exceptions import BusyError
from django_large_image.sources.jpeg2000.codestream import Codestream, begins
from django_large_image.sources.jpeg2000.markers import UnusualError
from django_large_image.sources.jpeg2000.packets import Tile
from django_large_image.sources.jpeg2000.reduction import Content, Plan
from django_large_image.sources.jpeg2000.tileparts import Part, PartHeader, read_header

if TYPE_CHECKING:
    from django_large_image.sources.virtual import Ranges, Span

_DRIVER = 'JP2OpenJPEG'
# How much is asked for at the beginning of a tile: its first packets come along.
_STEP = 16 * 1024
# Tile-parts up to this size come with their header at full resolution.
_TOGETHER = 1024 * 1024
# Of all plans of an image together.
_MAX_PIECES = 100_000

_reading = threading.local()


@contextmanager
def reading(dataset: gdal.Dataset, level: int) -> Iterator[None]:
    """Tell the files that a dataset reads in this thread and block which level of it is read, and
    no other: so many times its full resolution (0) is halved.
    """
    former = getattr(_reading, 'level', None)
    _reading.level = level if dataset.GetDriver().ShortName == _DRIVER else None
    try:
        yield
    finally:
        _reading.level = former


class Resolutions:
    """A file by ranges, a JPEG 2000 by what the level needs that is read; others as they are."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges

    @property
    def size(self) -> int:
        """The length of the file in bytes."""
        return self._ranges.size

    @cached_property
    def _image(self) -> _Image | None:
        if self._ranges not in _images:
            _images[self._ranges] = _image_of(self._ranges)
        return _images[self._ranges]

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span; fewer of a JPEG 2000 where a part of it ends, so that its
        reader holds nothing of the next one.
        """
        if len(spans) != 1 or self._image is None:
            return self._ranges.read(spans)
        return [self._image.read(*spans[0])]


class _Image:
    """What is known of a JPEG 2000: all handles share it."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._stream = Codestream(self._read, ranges.size)
        self._headers: dict[int, PartHeader | None] = {}
        self._plans: dict[tuple[int, int], Plan | None] = {}
        self._pieces = 0

    def read(self, start: int, end: int) -> bytes:
        """Return bytes from `start`, up to `end` at most."""
        stream = self._stream
        level: int | None = getattr(_reading, 'level', None)
        if stream.start <= start < stream.first:
            return self._read(start, min(end, stream.first))
        if level is None or start < stream.first:
            return self._ranges.read([(start, end)])[0]
        part = stream.parts.at(start, _STEP if level else 0)
        if part is None:
            return self._read(start, end)
        end = min(end, part.end)
        if start < part.start + len(part.sot):
            return part.sot[start - part.start : end - part.start]
        header = self._header(part, level)
        if header is None:
            return self._read(start, end)
        if start < header.data:
            return self._read(start, min(end, header.data))
        plan = self._plan(part.tile, level) if level else None
        return plan.read(start, end) if plan is not None else self._read(start, end)

    def _read(self, start: int, end: int) -> bytes:
        # A second span says that nothing more will be wanted: see `sources.extents`.
        return self._ranges.read([(start, end), (end, end)])[0]

    def _header(self, part: Part, level: int) -> PartHeader | None:
        """Return the header of a tile-part; None for a strange one."""
        if part.start not in self._headers:
            try:
                header = read_header(self._read, part, _ahead(part, level))
            except UnusualError:
                header = None
            else:
                if header is None:
                    self._mistrust()
            self._headers[part.start] = header
        return self._headers[part.start]

    def _mistrust(self) -> None:
        """Look for tile-parts from now on; those that were told of are not where they should be."""
        self._stream.walk()
        self._plans = {}
        raise BusyError('The table of contents of this image is wrong: it is read without now.')

    def _plan(self, number: int, level: int) -> Plan | None:
        """Return how a tile is read for a level; None: as it is."""
        key, plans = (number, level), self._plans
        if key not in plans:
            try:
                plan = self._make_plan(number, level)
            except UnusualError:
                plan = None
            self._pieces += 1 if plan is None else len(plan)
            if self._pieces > _MAX_PIECES:
                self._plans, self._pieces = {}, 0
            self._plans[key] = plan
            return plan
        return plans[key]

    def _make_plan(self, number: int, level: int) -> Plan:
        parts = self._stream.parts.of(number)
        headers = [self._header(part, level) for part in parts]
        lengths: list[int] | None = []
        spans = []
        for part, header in zip(parts, headers, strict=True):
            if header is None or not header.plain:
                raise UnusualError
            spans.append((header.data, part.end))
            told = header.lengths()
            lengths = None if lengths is None or told is None else lengths + told
        size = sum(end - start for start, end in spans)
        content = Content(self._ranges, spans, size >> 2 * level)
        return Plan(Tile(self._stream, number), level, content, lengths)


def _ahead(part: Part, level: int) -> int:
    """Return how many bytes to ask for at the beginning of a tile-part that is read."""
    if part.number:
        # Nothing but its header may be needed.
        return 1024
    size = part.end - part.start
    if size <= (2 * _STEP if level else _TOGETHER):
        return size
    # The beginning of the file is there already.
    return max(1024, _STEP - part.start) if part.start < _STEP else _STEP


def _image_of(ranges: Ranges) -> _Image | None:
    """Return what is known of a file; None for one that is read as it is."""
    (head,) = ranges.read([(0, min(12, ranges.size))])
    if not begins(head):
        return None
    try:
        # Not the file itself, which its image would keep.
        return _Image(weakref.proxy(ranges))
    except UnusualError:
        return None


_images: WeakKeyDictionary[Ranges, _Image | None] = WeakKeyDictionary()
