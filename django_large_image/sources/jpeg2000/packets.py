"""The packets of a JPEG 2000 tile: their order, and how long each is by its header.

After ISO/IEC 15444-1, annex B. Sizes of precincts and code-blocks are exponents of 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django_large_image.sources.jpeg2000.codestream import Codestream, Coding, Pair
from django_large_image.sources.jpeg2000.markers import UnusualError

Area = tuple[int, int, int, int]

# A packet: quality layer, resolution, component, precinct.
Packet = tuple[int, int, int, int]

_MAX_PACKETS = 200_000
# Styles of code-blocks of this part of the standard.
_KNOWN_STYLES = 0x3F
# Flags of the coding style, and the markers before a packet and behind its header.
SOP, EPH = (0x02, b'\xff\x91'), (0x04, b'\xff\x92')


class Grid:
    """The precincts of a resolution of a component in a tile; `area` is that of the resolution."""

    def __init__(self, tile: Area, steps: Pair, coding: Coding, resolution: int) -> None:
        self._coding, self._resolution = coding, resolution
        self._tile, self._steps = tile, steps
        # In samples of the component.
        self._samples = [-(-edge // steps[axis & 1]) for axis, edge in enumerate(tile)]
        self._down = coding.levels - resolution
        self.area = [-(-edge // (1 << self._down)) for edge in self._samples]
        size = coding.precincts[resolution]
        if resolution and not all(size):
            raise UnusualError
        self._size = size
        self._first = [self.area[axis] >> size[axis] for axis in (0, 1)]
        counts = [
            -(-self.area[axis + 2] // (1 << size[axis])) - self._first[axis]
            if self.area[axis + 2] > self.area[axis]
            else 0
            for axis in (0, 1)
        ]
        self.across = counts[0]
        self.count = counts[0] * counts[1]

    def place(self, precinct: int) -> Pair:
        """Return where (down, across) on the grid of the image a precinct begins."""
        row, column = divmod(precinct, self.across)
        place = []
        for axis, index in ((1, row), (0, column)):
            start = (self._first[axis] + index) << self._size[axis]
            begins = start >= self.area[axis]
            place.append((start << self._down) * self._steps[axis] if begins else self._tile[axis])
        return place[0], place[1]

    def blocks(self, precinct: int) -> list[Pair]:
        """Return how many code-blocks (across, down) of each band are in a precinct."""
        row, column = divmod(precinct, self.across)
        found = []
        halved = int(self._resolution > 0)
        bands = [(1, 0), (0, 1), (1, 1)] if halved else [(0, 0)]
        for band in bands:
            edges = self._band(band)
            if edges[0] >= edges[2] or edges[1] >= edges[3]:
                continue
            counts = []
            for axis, index in ((0, column), (1, row)):
                size = self._size[axis] - halved
                start = (self._first[axis] + index) << size
                low, high = max(start, edges[axis]), min(start + (1 << size), edges[axis + 2])
                if low > high:
                    # Decoders differ.
                    raise UnusualError
                block = min(self._coding.block[axis], size)
                counts.append(-(-high // (1 << block)) - (low >> block) if high > low else 0)
            found.append((counts[0], counts[1]))
        return found

    def _band(self, band: Pair) -> list[int]:
        """Return the area of a band (1 for high frequencies, across and down)."""
        if not self._resolution:
            return self.area
        down = self._down + 1
        half = 1 << (down - 1)
        edges = []
        for axis, edge in enumerate(self._samples):
            edges.append(-(-(edge - half * band[axis & 1]) // (1 << down)))
        return edges


class Tile:
    """The packets of a tile."""

    def __init__(self, stream: Codestream, number: int) -> None:
        self._stream, self.style = stream, stream.style
        tile = stream.tile(number)
        self.codings = stream.components
        self.grids = [
            [Grid(tile, steps, coding, resolution) for resolution in range(coding.levels + 1)]
            for steps, coding in zip(stream.steps, self.codings, strict=True)
        ]
        self._resolutions = range(max(map(len, self.grids)))
        self.count = self._count(lambda component, resolution: True)
        if stream.unusual or not 0 < self.count <= _MAX_PACKETS:
            raise UnusualError
        if any(coding.style & ~_KNOWN_STYLES for coding in self.codings):
            raise UnusualError

    def _count(self, wanted: Callable[[int, int], bool]) -> int:
        return self._stream.layers * sum(
            grid.count
            for component, grids in enumerate(self.grids)
            for resolution, grid in enumerate(grids)
            if wanted(component, resolution)
        )

    def wanted(self, reduction: int) -> Iterator[tuple[Packet, bool]]:
        """Yield the packets up to the last one that an image needs which is reduced by so many
        powers of 2, and whether it needs them.
        """

        def needs(component: int, resolution: int) -> bool:
            return resolution <= max(0, self.codings[component].levels - reduction)

        left = self._count(needs)
        for packet in self.packets():
            if not left:
                return
            needed = needs(packet[2], packet[1])
            left -= needed
            yield packet, needed

    @property
    def empty_packets(self) -> list[bytes]:
        """How an empty packet may look, the best first: the marker before one may be missing."""
        bare = b'\0' + (EPH[1] if self.style & EPH[0] else b'')
        return [SOP[1] + b'\0\4\0\0' + bare, bare] if self.style & SOP[0] else [bare]

    def packets(self) -> Iterator[Packet]:
        """Yield the packets in the order in which they are stored; raises `UnusualError`."""
        orders = (self._lrcp, self._rlcp, self._rpcl, self._pcrl, self._cprl)
        if self._stream.progression >= len(orders):
            raise UnusualError
        yield from orders[self._stream.progression]()

    # Layers, resolutions, components, places: each order by its initials.

    def _lrcp(self) -> Iterator[Packet]:
        for layer in range(self._stream.layers):
            for resolution in self._resolutions:
                yield from self._plainly(layer, resolution)

    def _rlcp(self) -> Iterator[Packet]:
        for resolution in self._resolutions:
            for layer in range(self._stream.layers):
                yield from self._plainly(layer, resolution)

    def _rpcl(self) -> Iterator[Packet]:
        for resolution in self._resolutions:
            yield from self._by_place(range(len(self.grids)), [resolution])

    def _pcrl(self) -> Iterator[Packet]:
        yield from self._by_place(range(len(self.grids)), self._resolutions)

    def _cprl(self) -> Iterator[Packet]:
        for component in range(len(self.grids)):
            yield from self._by_place([component], self._resolutions)

    def _plainly(self, layer: int, resolution: int) -> Iterator[Packet]:
        for component, grids in enumerate(self.grids):
            if resolution < len(grids):
                for precinct in range(grids[resolution].count):
                    yield layer, resolution, component, precinct

    def _by_place(self, components: Iterable[int], resolutions: Iterable[int]) -> Iterator[Packet]:
        places = sorted(
            (*self.grids[component][resolution].place(precinct), component, resolution, precinct)
            for component in components
            for resolution in resolutions
            if resolution < len(self.grids[component])
            for precinct in range(self.grids[component][resolution].count)
        )
        for _, _, component, resolution, precinct in places:
            for layer in range(self._stream.layers):
                yield layer, resolution, component, precinct
