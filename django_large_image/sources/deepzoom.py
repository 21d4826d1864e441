"""The arithmetic of a Deep Zoom image: levels that halve the one above, cut into tiles.

Level 0 is 1 x 1, the highest level is the image; a pixel of a level covers 2^k x 2^k pixels of the
image, at its right and bottom edge those that there are. Boxes are (left, top, right, bottom).
Source: https://learn.microsoft.com/previous-versions/windows/silverlight/dotnet-windows-silverlight/cc645077(v=vs.95)
"""

from __future__ import annotations

from dataclasses import dataclass

from django_large_image.exceptions import OutsideError
from django_large_image.pixels.raster import Size
from django_large_image.sources.levels import PixelWindow, level_size

NAMESPACE = 'http://schemas.microsoft.com/deepzoom/2008'
TILE_SIZE, OVERLAP = 254, 1


@dataclass(frozen=True, slots=True)
class DeepZoomImage:
    """An image of `width` x `height` pixels as a Deep Zoom pyramid.

    Tiles are `tile_size` pixels a side, and `overlap` more on each side that has a neighbour.
    """

    width: int
    height: int
    tile_size: int = TILE_SIZE
    overlap: int = OVERLAP

    @property
    def max_level(self) -> int:
        """The level that is the image itself."""
        return (max(self.width, self.height) - 1).bit_length()

    def factor(self, level: int) -> int:
        """Return how many pixels of the image become one of a level, along a side; raises
        `OutsideError` for a level that there is not.
        """
        if not 0 <= level <= self.max_level:
            raise OutsideError(
                f'There is no level {level}: this image has levels 0 to {self.max_level}.'
            )
        return 1 << (self.max_level - level)

    def level_size(self, level: int) -> Size:
        """Return (width, height) of a level; raises `OutsideError`."""
        factor = self.factor(level)
        return level_size((self.width, self.height), factor)

    def tile(self, level: int, column: int, row: int) -> PixelWindow:
        """Return the box of a tile in pixels of its level; raises `OutsideError`."""
        width, height = self.level_size(level)
        if not (0 <= column * self.tile_size < width and 0 <= row * self.tile_size < height):
            raise OutsideError(f'There is no tile {level}/{column}_{row} in this image.')
        left, right = self._span(column, width)
        top, bottom = self._span(row, height)
        return left, top, right, bottom

    def _span(self, index: int, length: int) -> tuple[int, int]:
        first, last = index * self.tile_size, (index + 1) * self.tile_size
        return max(0, first - self.overlap), min(last + self.overlap, length)

    def window(self, level: int, box: PixelWindow) -> PixelWindow:
        """Return what a box of a level covers, in pixels of the image; raises `OutsideError`."""
        factor = self.factor(level)
        left, top, right, bottom = (edge * factor for edge in box)
        return left, top, min(right, self.width), min(bottom, self.height)

    def descriptor(self, suffix: str) -> str:
        """Return the XML of the `.dzi` file, which names the format of the tiles by a suffix."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Image xmlns="{NAMESPACE}" Format="{suffix}" Overlap="{self.overlap}" '
            f'TileSize="{self.tile_size}"><Size Height="{self.height}" Width="{self.width}"/>'
            '</Image>\n'
        )
