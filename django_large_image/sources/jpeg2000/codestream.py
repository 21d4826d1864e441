"""JPEG 2000 files: the main header of the codestream in them (ISO/IEC 15444-1, annex A)."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from django_large_image.sources.jpeg2000.containers import boxes
from django_large_image.sources.jpeg2000.markers import Ahead, Read, UnusualError, segments
from django_large_image.sources.jpeg2000.tileparts import Parts, listed

Pair = tuple[int, int]

_SOC_SIZ = b'\xff\x4f\xff\x51'
_SIGNATURE = b'\0\0\0\x0cjP  \r\n\x87\n'
_COD, _COC, _TLM, _SOT = 0xFF52, 0xFF53, 0xFF55, 0xFF90
# Of other parts of the standard, another order of packets, and headers of packets elsewhere: CAP,
# POC, PPM.
_UNUSUAL = {0xFF50, 0xFF5F, 0xFF60}
_STEP = 16 * 1024
_MAX_COMPONENTS = 256


@dataclass(frozen=True, slots=True)
class Coding:
    """How a component is coded.

    `precincts` are the sizes (width, height) of each resolution, `block` that of code-blocks: all
    as exponents of 2. `style` is that of code-blocks.
    """

    levels: int
    block: Pair
    style: int
    precincts: tuple[Pair, ...]


class Codestream:
    """The codestream of a file, and where its tile-parts are.

    `read(start, end)` returns bytes of the file. Raises `UnusualError` for what is no JPEG 2000, or
    damaged; what `read` raises passes.
    """

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        ahead = Ahead(read, size, _STEP)
        self.start, self.end = _find(ahead, size)
        self._codings: dict[int | None, Coding] = {}
        self.unusual = False
        siz = self._siz(ahead)
        found, self.first = segments(ahead, self.start + 4 + len(siz), self.end, _SOT)
        for kind, content in found:
            self._note(kind, content)
        if None not in self._codings:
            raise UnusualError
        # Behind the last tile-part is nothing but a marker.
        area = self.first, self.end - 2
        tables = [content for kind, content in found if kind == _TLM]
        self.parts = listed(read, *area, self.tiles, tables) or self._walk()

    def _siz(self, read: Read) -> bytes:
        (length,) = struct.unpack('>H', read(self.start + 4, self.start + 6))
        siz = read(self.start + 4, min(self.end, self.start + 4 + length))
        try:
            numbers = struct.unpack_from('>8IH', siz, 4)
            count: int = numbers[8]
            # Of each: bits, and the steps of its samples on the grid (across, down).
            self.steps: list[Pair] = [
                struct.unpack_from('>BB', siz, 39 + 3 * index) for index in range(count)
            ]
        except struct.error:
            raise UnusualError from None
        right, bottom, left, top, *tile = numbers[:8]
        self.area = left, top, right, bottom
        self._tile, self._tile_origin = (tile[0], tile[1]), (tile[2], tile[3])
        if not (0 < count <= _MAX_COMPONENTS and all(self._tile) and all(map(all, self.steps))):
            raise UnusualError
        if left >= right or top >= bottom or tile[2] > left or tile[3] > top:
            raise UnusualError
        self._across = -(-(right - tile[2]) // tile[0])
        self.tiles = self._across * -(-(bottom - tile[3]) // tile[1])
        if self.tiles > 65535:
            raise UnusualError
        return siz

    def _note(self, kind: int, content: bytes) -> None:
        self.unusual |= kind in _UNUSUAL
        try:
            if kind == _COD:
                found: tuple[int, int, int] = struct.unpack_from('>BBH', content)
                self.style, self.progression, self.layers = found
                self._codings[None] = _coding(content[5:], precincts=bool(self.style & 1))
            elif kind == _COC:
                wide = 1 + (len(self.steps) > 256)
                number = int.from_bytes(content[:wide], 'big')
                precincts = bool(content[wide] & 1)
                self._codings[number] = _coding(content[wide + 1 :], precincts=precincts)
        except (struct.error, IndexError):
            raise UnusualError from None

    @cached_property
    def components(self) -> list[Coding]:
        """How each component is coded."""
        return [self._codings.get(i, self._codings[None]) for i in range(len(self.steps))]

    def tile(self, number: int) -> tuple[int, int, int, int]:
        """Return the area (left, top, right, bottom) of a tile on the grid."""
        row, column = divmod(number, self._across)
        x = self._tile_origin[0] + column * self._tile[0]
        y = self._tile_origin[1] + row * self._tile[1]
        left, top, right, bottom = self.area
        return (
            max(left, x),
            max(top, y),
            min(right, x + self._tile[0]),
            min(bottom, y + self._tile[1]),
        )

    def walk(self) -> None:
        """Do without the table of tile-parts from now on."""
        self.parts = self._walk()

    def _walk(self) -> Parts:
        return Parts(self._read, self.first, self.end, self.tiles)


def begins(head: bytes) -> bool:
    """Whether a file is a JPEG 2000, by its first 12 bytes."""
    return head == _SIGNATURE or head[:4] == _SOC_SIZ


def _find(read: Read, size: int) -> Pair:
    """Return where the codestream of a file begins and ends."""
    if size < 64:
        raise UnusualError
    if read(0, 4) == _SOC_SIZ:
        return 0, size
    # What ends early is unusual, too.
    with suppress(struct.error):
        for kind, start, end in boxes(read, 0, size):
            if kind == b'jp2c':
                if end - start < 64 or read(start, start + 4) != _SOC_SIZ:
                    break
                return start, end
    raise UnusualError


def _coding(content: bytes, *, precincts: bool) -> Coding:
    levels, across, down, style = struct.unpack_from('>4B', content)
    if levels > 32 or max(across, down) > 8:
        raise UnusualError
    sizes = content[5 : 6 + levels] if precincts else b'\xff' * (levels + 1)
    if len(sizes) != levels + 1:
        raise UnusualError
    pairs = tuple((size & 15, size >> 4) for size in sizes)
    return Coding(levels, (across + 2, down + 2), style, pairs)
