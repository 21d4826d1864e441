"""The arithmetic of an image's own tiles: levels that halve the one above, each cut into tiles.

Level 0 is one tile that holds the whole image, the highest level is the image; tile 0, 0 of each is
at the upper left.
"""

from __future__ import annotations

from dataclasses import dataclass

from django_large_image.exceptions import OutsideError
from django_large_image.pixels.raster import Size


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The tiles, `tile_size` pixels a side, of an image of (width, height) pixels."""

    size: Size
    tile_size: int

    @property
    def levels(self) -> int:
        """How many levels there are."""
        tiles = -(-max(self.size) // self.tile_size)
        return 1 + (tiles - 1).bit_length()

    def scale(self, z: int, x: int, y: int) -> int:
        """Return how many pixels of the image a pixel of a tile covers, along a side; raises
        `OutsideError`.
        """
        levels = self.levels
        scale = 1 << (levels - 1 - z) if 0 <= z < levels else 0
        width, height = self.size
        side = scale * self.tile_size
        if not scale or not (0 <= x * side < width and 0 <= y * side < height):
            raise OutsideError(f'There is no tile {z}/{x}/{y} in this image.')
        return scale
