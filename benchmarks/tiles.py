"""Which tiles are asked for: a list of every level of a raster, made once by a seeded choice."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

TILE_SIZE = 256
COUNT = 400
SEED = 3
WEB_MERCATOR = 'EPSG:3857'
# Half the extent of the web-mercator square, in metres.
EDGE = 20037508.342789244


class Tile(NamedTuple):
    """Level, column and row; row 0 is at the top."""

    z: int
    x: int
    y: int


@dataclass(frozen=True)
class Footprint:
    """The rectangle that a raster covers: in units of `crs`, or in pixels without one.

    `levels` are the first and the last level that is asked for.
    """

    left: float
    top: float
    right: float
    bottom: float
    crs: str | None
    levels: tuple[int, int]

    @classmethod
    def of_pixels(cls, width: int, height: int, first: int = 0) -> Footprint:
        """Return the footprint of a pixel grid, with the levels of its pyramid from `first` on."""
        finest = max(0, math.ceil(math.log2(max(width, height) / TILE_SIZE)))
        return cls(0, 0, width, height, crs=None, levels=(first, finest))

    @classmethod
    def of_tiles(
        cls, z: int, corner: tuple[int, int], count: int, levels: tuple[int, int]
    ) -> Footprint:
        """Return a square of `count` x `count` web-mercator tiles; `corner` is its upper left."""
        side = 2 * EDGE / 2**z
        left, top = corner[0] * side - EDGE, EDGE - corner[1] * side
        return cls(left, top, left + count * side, top - count * side, WEB_MERCATOR, levels)

    def tiles(self, z: int) -> list[Tile]:
        """Return all tiles of a level in which some of the raster is seen."""
        if self.crs is None:
            return self._pixel_tiles(z)
        return self._map_tiles(z)

    def pixel_scale(self, tile: Tile) -> int:
        """Return how many pixels of the raster a pixel of a tile covers each way."""
        return 1 << (self.levels[1] - tile.z)

    def pixel_window(self, tile: Tile) -> tuple[int, int, int, int]:
        """Return what a tile shows of a pixel grid: (left, top, width, height)."""
        side = TILE_SIZE * self.pixel_scale(tile)
        left, top = tile.x * side, tile.y * side
        width, height = min(side, int(self.right) - left), min(side, int(self.bottom) - top)
        return left, top, width, height

    def _pixel_tiles(self, z: int) -> list[Tile]:
        scale = TILE_SIZE << (self.levels[1] - z)
        columns, rows = math.ceil(self.right / scale), math.ceil(self.bottom / scale)
        return [Tile(z, x, y) for y in range(rows) for x in range(columns)]

    def _map_tiles(self, z: int) -> list[Tile]:
        import pyproj

        side = 2 * EDGE / 2**z
        to_map = pyproj.Transformer.from_crs(self.crs, WEB_MERCATOR, always_xy=True)
        xs, ys = to_map.transform(*self._points())
        # A tile is in where a point of a fine grid over the raster falls into it; the points on
        # the raster's own border belong to what lies inside.
        found = {
            (math.floor((x + EDGE) / side), math.floor((EDGE - y) / side))
            for x, y in zip(xs, ys, strict=True)
        }
        return [Tile(z, x, y) for x, y in sorted(found)]

    def _points(self, count: int = 200) -> tuple[list[float], list[float]]:
        width, height = self.right - self.left, self.bottom - self.top
        steps = [(index + 0.5) / count for index in range(count)]
        xs = [self.left + width * step for step in steps] * count
        ys = [self.top + height * step for step in steps for _ in range(count)]
        return xs, ys


def choose(
    levels: Sequence[Sequence[Tile]], count: int = COUNT, seed: int = SEED
) -> tuple[Tile, ...]:
    """Return `count` tiles in random order, as equal a share of each level as it has tiles.

    `levels` are the tiles of each level, the coarsest first; with too few of them all are returned.
    """
    random_choice = random.Random(seed)  # noqa: S311
    chosen: list[Tile] = []
    for index, tiles in enumerate(levels):
        share = (count - len(chosen)) // (len(levels) - index)
        chosen += random_choice.sample(list(tiles), min(share, len(tiles)))
    random_choice.shuffle(chosen)
    return tuple(chosen)


def tile_list(footprint: Footprint, count: int = COUNT) -> tuple[Tile, ...]:
    """Return the tiles that a case asks for; the same in every run."""
    first, last = footprint.levels
    return choose([footprint.tiles(z) for z in range(first, last + 1)], count)
