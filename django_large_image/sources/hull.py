"""Where on earth the valid pixels of an image lie: its bounds, and their convex hull.

Longitudes begin in [-180, 180) and go on beyond 180 where an image lies across the antimeridian.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import ProjectionError
from django_large_image.pixels.raster import Array
from django_large_image.sources.boxes import Window
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.regions import map_bounds, transform_points

# Points on the outline, at least: straight edges become curves on the map.
_POINTS = 128
# Degrees: what the arithmetic of projections leaves over.
_NOTHING = 1e-9
# Digits of a degree in GeoJSON: a millimetre.
_DIGITS = 8


class PixelHull:
    """The convex hull of pixels that come in parts, in pixels of the full resolution: their
    corners, not their centres.
    """

    def __init__(self) -> None:
        self.points: Array = np.empty((0, 2))

    def add(self, window: Window, valid: NDArray[np.bool_]) -> None:
        """Take the pixels (height, width) of a window (left, top, right, bottom) that are valid."""
        height, width = valid.shape
        rows = np.flatnonzero(valid.any(axis=1))
        if not rows.size:
            return
        first = valid[rows].argmax(axis=1)
        last = width - valid[rows, ::-1].argmax(axis=1)
        x = np.concatenate((first, first, last, last))
        y = np.concatenate((rows, rows + 1, rows, rows + 1))
        self._merge(np.column_stack((x, y)), window, (width, height))

    def fill(self, window: Window) -> None:
        """Take all pixels of a window."""
        self._merge(np.array([[0, 0], [1, 0], [1, 1], [0, 1]]), window, (1, 1))

    def _merge(self, points: Array, window: Window, size: tuple[int, int]) -> None:
        left, top, right, bottom = window
        scale = (right - left) / size[0], (bottom - top) / size[1]
        points = convex_hull(points.astype(np.float64)) * scale + (left, top)
        self.points = convex_hull(np.concatenate((self.points, points)))


def convex_hull(points: Array) -> Array:
    """Return those of points (n, 2) that are corners of their convex hull, in order."""
    low = points.min(axis=0)
    extent = float((points.max(axis=0) - low).max())
    if not extent:
        return points[:1]
    # OpenCV is exact with whole numbers only: as many as 32 bits hold, and pixels stay whole.
    scale = 2.0 ** math.floor(math.log2(2**29 / extent))
    places = np.rint((points - low) * scale).astype(np.int32)
    corners: Array = points[cv2.convexHull(places, returnPoints=False).ravel()]
    return corners


def geographic_bounds(reader: Reader) -> Window | None:
    """Return west, south, east and north of an image; None for one without a place on the map."""
    if not isinstance(reader, RasterTileSource) or not reader.geospatial:
        return None
    try:
        west, south, east, north = map_bounds(reader, 'EPSG:4326')
    except ProjectionError:
        return None
    if east - west > 360 - _NOTHING:
        return -180.0, south, 180.0, north
    turns = _turns(west)
    return west - turns, south, east - turns, north


def geographic_hull(reader: Reader, points: Array) -> dict[str, Any] | None:
    """Return the convex hull, in longitudes and latitudes, of what points (n, 2) of the pixel grid
    enclose, as a geometry of GeoJSON (RFC 7946): a `MultiPolygon` where it is cut in two at the
    antimeridian.

    None without points, or for an image without a place on the map.
    """
    if not isinstance(reader, RasterTileSource) or not reader.geospatial or len(points) < 3:
        return None
    try:
        places, there = transform_points(reader, 'EPSG:4326', _densify(points), to_pixel=False)
    except ProjectionError:
        return None
    places = places[there]
    if len(places) < 3:
        return None
    longitudes, latitudes = np.unwrap(places[:, 0], period=360), places[:, 1].clip(-90, 90)
    ring = convex_hull(np.column_stack((longitudes, latitudes)))
    if len(ring) < 3:
        return None
    return _geometry(_parts(ring, _pole(longitudes, latitudes)))


def geometry_bounds(geometry: dict[str, Any] | None) -> Window | None:
    """Return west, south, east and north of what `geographic_hull` returned: they stand in for
    those of an image whose edges are off the earth, as in views of it from space.
    """
    if geometry is None:
        return None
    several = geometry['type'] == 'MultiPolygon'
    rings = [part[0] for part in geometry['coordinates']] if several else geometry['coordinates']
    # What was cut off at the antimeridian goes on beyond it.
    points = np.concatenate(
        [np.add(ring, (turn, 0)) for ring, turn in zip(rings, (0, 360), strict=False)]
    )
    (west, south), (east, north) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return west, south, east, north


def _densify(points: Array) -> Array:
    """Return a closed ring through points, with more of them where they are far apart."""
    ends = np.roll(points, -1, axis=0)
    lengths = np.hypot(*(ends - points).T)
    counts = np.ceil(lengths / lengths.sum() * _POINTS).astype(int).clip(1)
    edges = [
        np.linspace(start, end, count, endpoint=False)
        for start, end, count in zip(points, ends, counts, strict=True)
    ]
    return np.concatenate([*edges, points[:1]])


def _pole(longitudes: Array, latitudes: Array) -> float | None:
    """Return the latitude of the pole that a closed ring goes round, None where it does not."""
    if abs(longitudes[-1] - longitudes[0]) < 180:
        return None
    return 90.0 if latitudes.mean() > 0 else -90.0


def _turns(west: float) -> float:
    """Return the degrees of full turns by which longitudes begin too far east."""
    return 360.0 * math.floor((west + 180 + _NOTHING) / 360)


def _parts(ring: Array, pole: float | None) -> list[Array]:
    """Return rings between -180 and 180 degrees that make up one that may reach beyond."""
    west, south = ring.min(axis=0)
    east, north = ring.max(axis=0)
    if pole is not None:
        south, north = min(south, pole), max(north, pole)
    turns = _turns(west)
    round_the_earth = east - west > 360 - _NOTHING and abs(west - turns + 180) > 1e-6
    if pole is not None or round_the_earth:
        return [np.array([[-180, south], [180, south], [180, north], [-180, north]])]
    ring = ring - (turns, 0)
    parts = [_clip(ring, 180.0)]
    if east - turns > 180 + _NOTHING:
        parts.append(_clip(ring * (-1, 1), -180.0) * (-1, 1) - (360, 0))
    return parts


def _clip(ring: Array, limit: float) -> Array:
    """Return the part of a convex ring with x up to a limit."""
    found = []
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if start[0] <= limit:
            found.append(start)
        if (start[0] - limit) * (end[0] - limit) < 0:
            share = (limit - start[0]) / (end[0] - start[0])
            found.append(np.array([limit, start[1] + share * (end[1] - start[1])]))
    return np.array(found)


def _geometry(rings: list[Array]) -> dict[str, Any]:
    polygons = []
    for ring in rings:
        x, y = ring.T
        # Counterclockwise, as outer rings are.
        turned = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) < 0
        corners = (ring[::-1] if turned else ring).round(_DIGITS).tolist()
        polygons.append([[*corners, corners[0]]])
    if len(polygons) == 1:
        return {'type': 'Polygon', 'coordinates': polygons[0]}
    return {'type': 'MultiPolygon', 'coordinates': polygons}
