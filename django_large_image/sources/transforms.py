"""Where the pixels of a map lie in an image: exactly, or within a bound between control points."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from django_large_image.pixels.raster import Array, Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.description import Description
from django_large_image.sources.reading import MapWindow

# How far off, in pixels of the level that is read, a pixel of the map may be: GDAL's own default.
TOLERANCE = 0.125
# Control points are that many cells of two intervals apart, at first and at most.
_FIRST_CELLS = 2
_MAX_CELLS = 32
# The third differences of five values, as many as the first cells have each way.
_THIRD = np.array([[-1.0, 3, -3, 1, 0], [0, -1, 3, -3, 1]])
# Projections of one image of which transforms are kept, and how many of each.
_PROJECTIONS = 8
_SPARE = 8
# Map windows whose locations are kept, and those of up to so many pixels whose places are: bands of
# a scene that are files of their own are asked for the same ones, one after another.
_LOCATIONS = 128
_PLACES = 4
_MAX_KEPT = 512 * 512
# The method that finds places by nothing else than what `Grid` holds.
_PLAIN = ('SRC_METHOD=GEOTRANSFORM',)

# Driver, width, height, projection and transform: images of the same lie pixel on pixel.
Grid = tuple[str, int, int, str, tuple[float, ...] | None]


class PixelTransform:
    """From coordinates of a map to pixels (column, row) of an image, exactly as GDAL computes it.

    One thread at a time may use it.
    """

    def __init__(self, dataset: gdal.Dataset, description: Description, projection: str) -> None:
        options = [*description.warp_options, f'DST_SRS={projection}']
        if not description.wkt:
            options.append('SRC_SRS=EPSG:4326')
        self._transformer = gdal.Transformer(dataset, None, options)

    def __call__(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return columns and rows of as many places; NaN when the projections do not reach all."""
        places = np.column_stack((x, y))
        try:
            points, known = self._transformer.TransformPoints(1, places.tolist())
        except RuntimeError:
            points, known = [], [0]
        found = np.array(points, float)[:, :2] if all(known) else np.full(places.shape, np.nan)
        return found[:, 0], found[:, 1]


class TransformPool:
    """Lends the transforms of one image, so that no two threads use one at a time."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._grid = _grid(description)
        self._free: OrderedDict[str, deque[PixelTransform]] = OrderedDict()

    def locate(self, dataset: gdal.Dataset, target: MapWindow) -> Location | None:
        """Return where a map window lies in the image, as the function `locate` does; images of the
        same grid share it.
        """
        key = (self._grid, target)
        location = _located.get(key) if self._grid else None
        if location is None:
            with self.borrow(dataset, target.projection) as transform:
                location = locate(transform, target)
            if location is not None and self._grid:
                # Dictionaries are safe under threads; at worst a window is located twice.
                if len(_located) >= _LOCATIONS:
                    _located.clear()
                _located[key] = location
        return location

    @contextmanager
    def borrow(self, dataset: gdal.Dataset, projection: str) -> Iterator[PixelTransform]:
        """Lend a transform from a projection; raises `RuntimeError` where GDAL knows none."""
        free = self._free.get(projection)
        if free is None:
            # Dictionaries and deques are safe under threads; at worst a transform is made twice.
            free = self._free.setdefault(projection, deque(maxlen=_SPARE))
            while len(self._free) > _PROJECTIONS:
                self._free.popitem(last=False)
        try:
            transform = free.pop()
        except IndexError:
            transform = PixelTransform(dataset, self._description, projection)
        yield transform
        free.append(transform)


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """Where a map window lies in an image.

    `points` are columns + i * rows, pixels of the full resolution, at control points spread evenly
    from edge to edge of the window (rows, columns; complex128). `extent` (left, top, right, bottom)
    is what it covers of the image's pixel grid, beyond the image too.
    """

    points: Array
    size: Size

    @property
    def extent(self) -> Window:
        """What the window covers: (left, top, right, bottom) in pixels of the full resolution."""
        columns, rows = self.points.real, self.points.imag
        return float(columns.min()), float(rows.min()), float(columns.max()), float(rows.max())

    def places(
        self, scale: tuple[float, float], origin: tuple[float, float]
    ) -> NDArray[np.float32]:
        """Return x and y (height, width, 2) of the window's pixels in a window of a level.

        A pixel of the level is `scale` of the full resolution, and its window starts at `origin`.
        """
        few = self.size[0] * self.size[1] <= _MAX_KEPT
        return (_kept_places if few else _places)(self, scale, origin)


_located: dict[tuple[Grid | None, MapWindow], Location] = {}


def locate(transform: PixelTransform, target: MapWindow) -> Location | None:
    """Return where a map window lies in an image.

    Places between control points are interpolated within `TOLERANCE`: the points become denser
    until that holds, by the polynomial through the first ones where they follow it. None where it
    never does, or where the projections do not reach: at poles, at the antimeridian.
    """
    xmin, ymin, xmax, ymax = target.bounds
    cells = _FIRST_CELLS
    while cells <= _MAX_CELLS:
        across, down = _mesh(2 * cells + 1)
        columns, rows = transform(xmin + across * (xmax - xmin), ymax + down * (ymin - ymax))
        points = (columns + 1j * rows).reshape(2 * cells + 1, -1)
        if not np.isfinite(points).all():
            return None
        scale = _level_scale(points, target.size)
        deviation = _bulge(points) / scale
        if deviation <= TOLERANCE:
            return Location(points, target.size)
        # Of cells half as wide it is a quarter.
        denser = 2 ** max(1, math.ceil(math.log(deviation / TOLERANCE, 4)))
        smooth = cells == _FIRST_CELLS and _swerve(points) / scale <= TOLERANCE
        cells *= denser
        if smooth and cells <= _MAX_CELLS:
            return Location(_refined(points, denser), target.size)
    return None


def _grid(description: Description) -> Grid | None:
    """Return the grid of an image; None where more than that decides its place."""
    known = description
    if known.warp_options != _PLAIN:
        return None
    return known.driver, known.width, known.height, known.wkt, known.transform


def _places(
    location: Location, scale: tuple[float, float], origin: tuple[float, float]
) -> NDArray[np.float32]:
    grid = location.points[:, :, np.newaxis].view(np.float64) / scale - origin
    places = _spread(grid.astype(np.float32), location.size)
    # Others are given them as well.
    places.flags.writeable = False
    return places


_kept_places = lru_cache(maxsize=_PLACES)(_places)


def _level_scale(points: Array, size: Size) -> float:
    """Return the least number of pixels of the image that become one of the level to read: its
    pixels are at most twice as fine as the map's.
    """
    across: float = _distance(points) * (points.shape[0] - 1)
    return max(1.0, across / max(size) / 2)


def _bulge(points: Array) -> float:
    """Return how far points may be off the middle of those around them; places between neighbours
    are off about a quarter of that.
    """
    across = np.abs(points[:, 2:] + points[:, :-2] - 2 * points[:, 1:-1])
    down = np.abs(points[2:] + points[:-2] - 2 * points[1:-1])
    return float(across.max() + down.max()) / 2


def _swerve(points: Array) -> float:
    """Return how far five points in a row are off a parabola: their third differences, a small part
    of which the polynomial through all of them is off between them.
    """
    across, down = np.abs(points @ _THIRD.T), np.abs(_THIRD @ points)
    return float(across.max() + down.max())


def _refined(points: Array, times: int) -> Array:
    """Return so many times as many intervals of the polynomial through points."""
    weights = _lagrange(points.shape[0], times)
    refined: Array = weights @ points @ weights.T
    return refined


@lru_cache(maxsize=16)
def _lagrange(points: int, times: int) -> NDArray[np.float64]:
    """Return the weight of each of some even points at each of a denser row of them."""
    dense = np.linspace(0, 1, (points - 1) * times + 1)
    weights: NDArray[np.float64] = np.vander(dense, points) @ np.linalg.inv(
        np.vander(np.linspace(0, 1, points))
    )
    return weights


def _distance(points: Array) -> float:
    """Return the mean distance, in pixels of the image, between neighbouring control points."""
    across, down = np.abs(points[:, 1:] - points[:, :-1]), np.abs(points[1:] - points[:-1])
    return math.sqrt(float(across.sum() * down.sum()) / across.size / down.size)


@lru_cache(maxsize=8)
def _mesh(points: int) -> tuple[Array, Array]:
    """Return the places across and down, from 0 to 1, of so many points each way, row by row."""
    even = np.linspace(0, 1, points)
    return np.tile(even, points), np.repeat(even, points)


@lru_cache(maxsize=64)
def _between(points: int, pixels: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the control point before each pixel's centre, and how far it is to the next one."""
    place = (np.arange(pixels) + 0.5) / pixels * (points - 1)
    before = np.minimum(place.astype(np.intp), points - 2)
    return before, (place - before).astype(np.float32)


def _spread(grid: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """Return values (height, width, 2) between those of control points (rows, columns, 2)."""
    intervals = grid.shape[1] - 1, grid.shape[0] - 1
    if any(pixels % (2 * count) for pixels, count in zip(size, intervals, strict=True)):
        return _spread_oddly(grid, size)
    across, down = (pixels // count for pixels, count in zip(size, intervals, strict=True))
    # OpenCV takes points for the centres of pixels: half of one lies before the first point.
    spread = np.asarray(cv2.resize(grid, None, fx=across, fy=down), np.float32)
    return spread[down // 2 : down // 2 + size[1], across // 2 : across // 2 + size[0]]


def _spread_oddly(grid: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """Return the same where control points are not an even number of pixels apart."""
    above, down = _between(grid.shape[0], size[1])
    left, across = _between(grid.shape[1], size[0])
    # Rows last: whole ones are copied, not single values.
    columns = grid[:, left] + (grid[:, 1:] - grid[:, :-1])[:, left] * across[:, np.newaxis]
    spread: NDArray[np.float32] = np.take(columns[1:] - columns[:-1], above, axis=0)
    spread *= down[:, np.newaxis, np.newaxis]
    spread += np.take(columns, above, axis=0)
    return spread
