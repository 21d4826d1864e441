"""Where a picture lies on the web map: a tile of it, or all of its datasets."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django_large_image.catalog.mosaics import MERCATOR, Degrees
from django_large_image.exceptions import ParameterError
from django_large_image.pixels.raster import Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.tile_matrix import MAX_ZOOM, get_tile_matrix

# Where the square of the web map ends.
_LIMIT = 85.0511287798066


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of the web map: level, column from the left, row from the top."""

    z: int
    x: int
    y: int

    @classmethod
    def parse(cls, z: str, x: str, y: str) -> Tile:
        """Return the tile of numbers as a path has them; raises `ParameterError` for others."""
        # More digits than Python reads are no number of anything either.
        if not all(number.isdecimal() and len(number) < 1000 for number in (z, x, y)):
            raise ParameterError('Levels, columns and rows are whole numbers from 0.')
        return cls(int(z), int(x), int(y))

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MAX_ZOOM:
            raise ParameterError(f'Levels are from 0 to {MAX_ZOOM}.')

    @property
    def there(self) -> bool:
        """Whether the map goes so far."""
        return 0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z

    @property
    def degrees(self) -> Degrees:
        """West, south, east and north."""
        side = 360 / (1 << self.z)
        west = self.x * side - 180
        north, south = (self._latitude(row) for row in (self.y, self.y + 1))
        return west, south, west + side, north

    @property
    def window(self) -> Window:
        """Left, bottom, right and top in metres."""
        return get_tile_matrix(MERCATOR).bounds(self.z, self.x, self.y)

    def _latitude(self, row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / (1 << self.z)))))


def window_round(bounds: Degrees, size: Size) -> Window:
    """Return the smallest window of the map round bounds that is of the shape of a size."""
    west, south, east, north = bounds
    left, right = _metres(west), _metres(east)
    bottom, top = _northing(south), _northing(north)
    # A raster may be as thin as nothing.
    scale = max((right - left) / size[0], (top - bottom) / size[1], 1e-3)
    x, y = (left + right) / 2, (bottom + top) / 2
    across, up = scale * size[0] / 2, scale * size[1] / 2
    return x - across, y - up, x + across, y + up


def _metres(degrees: float) -> float:
    return degrees / 360 * get_tile_matrix(MERCATOR).extent


def _northing(latitude: float) -> float:
    clipped = math.radians(min(max(latitude, -_LIMIT), _LIMIT))
    return _metres(math.degrees(math.asinh(math.tan(clipped))))
