"""How long the packets of a JPEG 2000 tile are, by their headers (ISO/IEC 15444-1, annex B.10)."""

from __future__ import annotations

from collections.abc import Callable

from django_large_image.sources.jpeg2000.codestream import Pair
from django_large_image.sources.jpeg2000.markers import UnusualError
from django_large_image.sources.jpeg2000.packets import EPH, SOP, Packet, Tile

# Styles of code-blocks that end a segment of passes before its usual end.
_BYPASS, _TERMINATE = 0x01, 0x04
_MAX_PASSES = 109
_MAX_BLOCKS = 1_000_000
_UNDECIDED = 1 << 30


class Headers:
    """Reads the headers of packets; those of a precinct in the order of its layers.

    `byte(position)` is a byte of the packets of the tile.
    """

    def __init__(self, tile: Tile, byte: Callable[[int], int]) -> None:
        self._tile, self._style, self._byte = tile, tile.style, byte
        self._precincts: dict[tuple[int, int, int], list[_Band]] = {}

    def end(self, packet: Packet, position: int) -> int:
        """Return where a packet ends that begins at a position."""
        layer, resolution, component, precinct = packet
        key = (resolution, component, precinct)
        if layer == 0:
            counts = self._tile.grids[component][resolution].blocks(precinct)
            self._precincts[key] = [_Band(*count) for count in counts]
        if self._has(SOP, position):
            position += 6
        bits = _Bits(self._byte, position)
        length = 0
        if bits.number(1):
            style = self._tile.codings[component].style
            for band in self._precincts[key]:
                length += band.length(bits, layer, style)
        position = bits.end()
        if self._has(EPH, position):
            position += 2
        return position + length

    def _has(self, marker: tuple[int, bytes], position: int) -> bool:
        flag, (first, second) = marker
        return bool(
            self._style & flag
            and self._byte(position) == first
            and self._byte(position + 1) == second
        )


class _Bits:
    """The bits of a header: after a byte of ones the next one has seven."""

    __slots__ = ('_byte', '_last', '_left', '_position')

    def __init__(self, byte: Callable[[int], int], position: int) -> None:
        self._byte, self._position = byte, position
        self._last = self._left = 0

    def number(self, count: int) -> int:
        """Return the next bits as a number."""
        number = 0
        for _ in range(count):
            if not self._left:
                self._left = 7 if self._last == 0xFF else 8
                self._last = self._byte(self._position)
                self._position += 1
            self._left -= 1
            number = number << 1 | self._last >> self._left & 1
        return number

    def end(self) -> int:
        """Return where the next byte begins that is not of the header."""
        return self._position + (self._last == 0xFF)


class _Tree:
    """A tag tree: of each node, what is known of its value."""

    __slots__ = ('_least', '_values', '_widths')

    def __init__(self, across: int, down: int) -> None:
        self._widths: list[Pair] = []
        offset = 0
        while True:
            self._widths.append((offset, across))
            offset += across * down
            if across * down <= 1:
                break
            across, down = (across + 1) // 2, (down + 1) // 2
        self._values = [_UNDECIDED] * offset
        self._least = [0] * offset

    def is_below(self, bits: _Bits, x: int, y: int, threshold: int) -> bool:
        """Whether the value of a leaf is below a threshold."""
        low, node = 0, 0
        values, least = self._values, self._least
        for level in range(len(self._widths) - 1, -1, -1):
            offset, across = self._widths[level]
            node = offset + (y >> level) * across + (x >> level)
            low = max(low, least[node])
            while low < threshold and low < values[node]:
                if bits.number(1):
                    values[node] = low
                else:
                    low += 1
            least[node] = low
        return values[node] < threshold


class _Block:
    """A code-block: the bits by which lengths are told, and the last segment of its passes."""

    __slots__ = ('bits', 'limit', 'passes')

    def __init__(self) -> None:
        self.bits, self.limit, self.passes = 3, 0, 0

    def length(self, bits: _Bits, style: int) -> int:
        """Return the bytes of a block in a packet."""
        passes = _passes(bits)
        while bits.number(1):
            self.bits += 1
        length = 0
        while passes:
            if self.passes == self.limit:
                self.limit, self.passes = self._following(style), 0
            count = min(passes, self.limit - self.passes)
            wide = self.bits + count.bit_length() - 1
            if wide > 32:
                raise UnusualError
            length += bits.number(wide)
            self.passes += count
            passes -= count
        return length

    def _following(self, style: int) -> int:
        """Return how many passes the next segment has at most."""
        if style & _TERMINATE:
            return 1
        if style & _BYPASS:
            return {0: 10, 10: 2, 1: 2}.get(self.limit, 1)
        return _MAX_PASSES


class _Band:
    """The code-blocks of a band in a precinct."""

    def __init__(self, across: int, down: int) -> None:
        if across * down > _MAX_BLOCKS:
            raise UnusualError
        self._across = across
        self._included, self._planes = _Tree(across, down), _Tree(across, down)
        self._blocks: list[_Block | None] = [None] * (across * down)

    def length(self, bits: _Bits, layer: int, style: int) -> int:
        """Return the bytes of a band in a packet."""
        length = 0
        for index, block in enumerate(self._blocks):
            y, x = divmod(index, self._across)
            if block is not None:
                if bits.number(1):
                    length += block.length(bits, style)
            elif self._included.is_below(bits, x, y, layer + 1):
                planes = 1
                while not self._planes.is_below(bits, x, y, planes):
                    planes += 1
                block = self._blocks[index] = _Block()
                length += block.length(bits, style)
        return length


def _passes(bits: _Bits) -> int:
    """Return how many coding passes a block has in a packet."""
    if not bits.number(1):
        return 1
    if not bits.number(1):
        return 2
    for base, wide in ((3, 2), (6, 5)):
        number = bits.number(wide)
        if number + 1 < 1 << wide:
            return base + number
    return 37 + bits.number(7)
