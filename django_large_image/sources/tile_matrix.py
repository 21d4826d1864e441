"""The tile matrices of projections: which square of the map a tile (z, x, y) covers.

Level 0 is one square tile that holds the whole projection, centred on its origin; each level halves
it.
For EPSG:3857 this is the tile matrix of all web maps.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import pyproj
from pyproj.exceptions import CRSError, ProjError

from django_large_image.exceptions import OutsideError, ProjectionError

MAX_ZOOM = 30
METERS_PER_DEGREE = 111319.49079327358
_CODE = re.compile(r'(?:proj4:)?(?:([a-z_0-9]{2,12}):)?(\w{1,12})', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TileMatrix:
    """The squares of one projection; `extent` is the side of that of level 0 in its units."""

    projection: str
    origin: tuple[float, float]
    extent: float

    def bounds(self, z: int, x: int, y: int) -> tuple[float, float, float, float]:
        """Return (xmin, ymin, xmax, ymax) of a tile in units of the projection.

        Raises `OutsideError` for a tile outside of the matrix.
        """
        count = 1 << z if 0 <= z <= MAX_ZOOM else 0
        if not (0 <= x < count and 0 <= y < count):
            raise OutsideError(f'There is no tile {z}/{x}/{y} in {self.projection}.')
        side = self.extent / count
        left = self.origin[0] - self.extent / 2 + x * side
        top = self.origin[1] + self.extent / 2 - y * side
        return left, top - side, left + side, top

    def levels(self, pixel_size: float, tile_size: int) -> int:
        """Return how many levels show an image of this pixel size, in units of the projection."""
        if not (pixel_size > 0 and math.isfinite(pixel_size)):
            return 1
        return max(1, min(MAX_ZOOM, math.ceil(math.log2(self.extent / pixel_size / tile_size))) + 1)


def normalize_projection(projection: str) -> str:
    """Return a projection as `AUTHORITY:CODE`, from that in any case or a bare EPSG number.

    Raises `ProjectionError` for all else: definitions in PROJ's own language may name files.
    """
    match = _CODE.fullmatch(projection.strip())
    if match is None:
        raise ProjectionError(
            'The projection has to be a code such as EPSG:3857, EPSG:4326 or EPSG:32633.'
        )
    return f'{(match[1] or "EPSG").upper()}:{match[2].upper()}'


@lru_cache(maxsize=256)
def get_crs(projection: str) -> pyproj.CRS:
    """Return the coordinate reference system of an `AUTHORITY:CODE`.

    Raises `ProjectionError` for an unknown code, or one that is neither projected nor geographic.
    """
    code = normalize_projection(projection)
    try:
        crs = pyproj.CRS.from_user_input(code)
    except CRSError:
        raise ProjectionError(f'The projection {code} is unknown.') from None
    if not (crs.is_projected or crs.is_geographic):
        raise ProjectionError(
            f'The projection {code} has no map: choose a projected or geographic one.'
        )
    return crs


@lru_cache(maxsize=256)
def get_tile_matrix(projection: str) -> TileMatrix:
    """Return the tile matrix of a projection.

    As in large-image, level 0 is as wide as the equator where the projection can show it; elsewhere
    (UTM, polar projections) it is the square round the projection's area of use. Raises
    `ProjectionError`.
    """
    code = normalize_projection(projection)
    crs = get_crs(code)
    if crs.is_geographic:
        return TileMatrix(code, (0.0, 0.0), 360.0)
    transformer = pyproj.Transformer.from_crs('EPSG:4326', crs, always_xy=True)
    (west, east), (south, north) = transformer.transform([-180, 180], [0, 0])
    area = crs.area_of_use
    world = area is None or area.east - area.west > 350
    if world and all(map(math.isfinite, (west, east, south, north))) and abs(east - west) > 1:
        return TileMatrix(code, (0.0, 0.0), abs(east - west))
    if area is None:
        raise ProjectionError(f'The projection {code} has no known extent to make tiles of.')
    try:
        left, bottom, right, top = transformer.transform_bounds(
            area.west, area.south, area.east, area.north, densify_pts=21
        )
    except ProjError:
        left = math.inf
    if not all(map(math.isfinite, (left, bottom, right, top))):
        raise ProjectionError(f'The projection {code} has no known extent to make tiles of.')
    extent = max(right - left, top - bottom)
    return TileMatrix(code, ((left + right) / 2, (bottom + top) / 2), extent)
