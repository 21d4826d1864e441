"""Regions of an image: from the units that a client writes to a window that can be read.

Pixel windows are (left, top, right, bottom) from the top left corner; map windows are (xmin, ymin,
xmax, ymax).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from django_large_image.exceptions import ProjectionError, RegionError
from django_large_image.pixels.raster import Array, Raster, Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reading import outline
from django_large_image.sources.tile_matrix import TileMatrix, get_crs, normalize_projection

PIXEL_UNITS = {'pixels', 'pixel', 'base_pixels', 'base_pixel', 'base'}
_MILLIMETERS = {'nm': 1e-6, 'um': 1e-3, 'mm': 1.0, 'cm': 10.0, 'm': 1e3, 'km': 1e6}


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle that a client asks for; `units` say what its numbers are."""

    left: float
    top: float
    right: float
    bottom: float
    units: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to read, and how large the result is: a window of the pixel grid, or of a map in
    `projection`.
    """

    window: Window
    size: Size
    projection: str | None = None

    def read(
        self,
        reader: Reader,
        frame: int | None,
        bands: Sequence[int] | None,
        resampling: str | None,
    ) -> Raster:
        """Return the samples of the region."""
        if self.projection is None:
            return reader.read_window(
                self.window, self.size, frame=frame, bands=bands, resampling=resampling
            )
        return reader.read_map(
            self.projection, self.window, self.size, frame=frame, bands=bands, resampling=resampling
        )


def plan_region(reader: Reader, region: Region, width: int | None, height: int | None) -> Plan:
    """Return the plan of a region, clipped to the image, at most `width` x `height` pixels, aspect
    kept.

    Raises `RegionError` for an inverted or empty region or one outside the image, `ProjectionError`
    for unknown units.
    """
    matrix = reader.matrix
    if matrix is None or not isinstance(reader, RasterTileSource):
        left, top, right, bottom = pixel_window(reader, region)
        window = _clip((left, top, right, bottom), (0, 0, reader.sourceSizeX, reader.sourceSizeY))
        left, top, right, bottom = _whole(window)
        size = fit(right - left, bottom - top, width, height)
        return Plan((left, top, right, bottom), size)
    bounds = _map_window(reader, region, matrix.projection)
    bounds = _clip(bounds, _shown_bounds(reader, matrix))
    return _plan_map(reader, matrix, bounds, width, height)


def plan_image(reader: Reader, width: int | None, height: int | None) -> Plan:
    """Return the plan of the whole image, at most `width` x `height` pixels."""
    matrix = reader.matrix
    if matrix is None or not isinstance(reader, RasterTileSource):
        window = (0.0, 0.0, float(reader.sourceSizeX), float(reader.sourceSizeY))
        return Plan(window, fit(reader.sourceSizeX, reader.sourceSizeY, width, height))
    return _plan_map(reader, matrix, _shown_bounds(reader, matrix), width, height)


def _plan_map(
    reader: RasterTileSource,
    matrix: TileMatrix,
    bounds: Window,
    width: int | None,
    height: int | None,
) -> Plan:
    resolution = matrix.extent / (reader.tileWidth << (reader.levels - 1))
    full = ((bounds[2] - bounds[0]) / resolution, (bounds[3] - bounds[1]) / resolution)
    return Plan(bounds, fit(*full, width, height), matrix.projection)


def _shown_bounds(reader: RasterTileSource, matrix: TileMatrix) -> Window:
    """Return the part of the image that its tiles show: a pole is infinitely far on a web map."""
    square = matrix.bounds(0, 0, 0)
    bounds = map_bounds(reader, matrix.projection)
    # Where the image goes on beyond the square, its own outline tells little of what is inside.
    points = outline(square)
    done, ok = transform_points(reader, matrix.projection, points, to_pixel=True)
    size = (reader.sourceSizeX, reader.sourceSizeY)
    within = points[ok & (done >= 0).all(axis=1) & (done <= size).all(axis=1)]
    if len(within):
        low = np.minimum(bounds[:2], within.min(axis=0))
        high = np.maximum(bounds[2:], within.max(axis=0))
        bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    try:
        return _clip(bounds, square)
    except RegionError:
        raise ProjectionError(f'This image cannot be shown in {matrix.projection}.') from None


def fit(
    full_width: float, full_height: float, width: int | None, height: int | None
) -> tuple[int, int]:
    """Return the largest size of the same aspect within limits, never larger than the full one, at
    least 1 x 1.
    """
    scale = min(
        1.0,
        width / full_width if width else 1.0,
        height / full_height if height else 1.0,
    )
    return max(1, round(full_width * scale)), max(1, round(full_height * scale))


def pixel_window(reader: Reader, region: Region) -> Window:
    """Return the region in pixels of the full resolution, not yet clipped."""
    scale = _unit_scale(reader, region.units)
    if scale is not None:
        left, top, right, bottom = _ordered((region.left, region.top, region.right, region.bottom))
        return left * scale[0], top * scale[1], right * scale[0], bottom * scale[1]
    xmin, ymin, xmax, ymax = _upright(region)
    projection = units_projection(reader, region.units)
    points = outline((xmin, ymin, xmax, ymax))
    x, y = to_pixels(reader, projection, points)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def pixel_of(reader: Reader, x: float, y: float, units: str) -> tuple[int, int]:
    """Return the pixel (column, row) of a point; raises `RegionError` outside the image."""
    scale = _unit_scale(reader, units)
    if scale is not None:
        column, row = x * scale[0], y * scale[1]
    else:
        columns, rows = to_pixels(reader, units_projection(reader, units), np.array([[x, y]]))
        column, row = float(columns[0]), float(rows[0])
    if not (0 <= column < reader.sourceSizeX and 0 <= row < reader.sourceSizeY):
        raise RegionError('The point lies outside of the image.')
    return int(column), int(row)


def _unit_scale(reader: Reader, units: str) -> tuple[float, float] | None:
    """Return how many pixels across and down one unit is; None for units of a map."""
    name = units.lower()
    if name in PIXEL_UNITS:
        return 1.0, 1.0
    if name == 'fraction':
        return float(reader.sourceSizeX), float(reader.sourceSizeY)
    if name in _MILLIMETERS:
        scale = _MILLIMETERS[name] / _pixel_millimeters(reader)
        return scale, scale
    return None


def units_projection(reader: Reader, units: str) -> str:
    """Return the projection that units stand for: a code, or `projection` for the one the image is
    shown in.
    """
    if not reader.geospatial:
        raise ProjectionError(
            'This image has no place on the map: use units of pixels or fraction.'
        )
    if units.lower() in {'projection', 'proj'}:
        if reader.matrix is not None:
            return reader.matrix.projection
        return ''
    if units.lower() == 'wgs84':
        return 'EPSG:4326'
    code = normalize_projection(units)
    get_crs(code)
    return code


def to_pixels(reader: Reader, projection: str, points: Array) -> tuple[Array, Array]:
    """Return the (columns, rows) of points (n, 2) of a projection ('' for the image's own); raises
    `RegionError`.
    """
    if not isinstance(reader, RasterTileSource):
        raise ProjectionError('This image can only be cut in units of pixels or fraction.')
    done, ok = transform_points(reader, projection, points, to_pixel=True)
    if not ok.any():
        raise RegionError('The region lies outside of the image.')
    return done[ok, 0], done[ok, 1]


def map_bounds(reader: RasterTileSource, projection: str) -> Window:
    """Return (xmin, ymin, xmax, ymax) of the image in a projection ('' for its own), in units of
    it.

    A geographic result may reach beyond 180 degrees east where the image crosses the dateline.
    """
    points = outline((0, 0, reader.sourceSizeX, reader.sourceSizeY))
    done, ok = transform_points(reader, projection, points, to_pixel=False)
    if not ok.any():
        raise ProjectionError(f'This image cannot be shown in {projection}.')
    x, y = done[ok, 0], done[ok, 1]
    if projection and get_crs(projection).is_geographic:
        y = y.clip(-90, 90)
        poles = [pole for pole in (-90.0, 90.0) if _shows(reader, projection, (0.0, pole))]
        if poles:
            # Round a pole lie all longitudes.
            x, y = np.array([-180.0, 180.0]), np.append(y, poles)
        # A jump of more than half the world between neighbours on the edge is the dateline.
        elif np.abs(np.diff(x)).max(initial=0) > 180 and x.max() - x.min() < 360:
            x = np.where(x < 0, x + 360, x)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _shows(reader: RasterTileSource, projection: str, point: tuple[float, float]) -> bool:
    """Whether a point of a projection lies within the image."""
    done, ok = transform_points(reader, projection, np.array([point]), to_pixel=True)
    column, row = done[0]
    return bool(ok[0] and 0 < column < reader.sourceSizeX and 0 < row < reader.sourceSizeY)


def transform_points(
    reader: RasterTileSource, projection: str, points: Array, *, to_pixel: bool
) -> tuple[Array, Array]:
    """Return points (n, 2) of the pixel grid in a projection ('' for the image's own), or the other
    way round, and which of them (n,) have a place there; raises `ProjectionError` where none can.
    """
    options = list(reader.description.warp_options)
    if projection:
        options.append(f'DST_SRS={projection}')
    if projection and not reader.description.wkt:
        options.append('SRC_SRS=EPSG:4326')
    with reader.pool(0).borrow() as dataset:
        try:
            transformer = gdal.Transformer(dataset, None, options)
        except RuntimeError:
            raise ProjectionError(f'This image cannot be shown in {projection}.') from None
        try:
            result = np.array(transformer.TransformPoints(int(to_pixel), points.tolist())[0])
        except RuntimeError:
            # One point without an image, a pole for one, fails them all.
            result = np.array([_transform_point(transformer, to_pixel, *point) for point in points])
    # GDAL marks what it could not compute by infinity.
    return result[:, :2], np.isfinite(result[:, :2]).all(axis=1)


def _transform_point(
    transformer: gdal.Transformer, to_pixel: bool, x: float, y: float
) -> tuple[float, float]:
    try:
        done, (found_x, found_y, _) = transformer.TransformPoint(int(to_pixel), x, y)
    except RuntimeError:
        done = False
    return (found_x, found_y) if done else (np.inf, np.inf)


def _map_window(reader: RasterTileSource, region: Region, projection: str) -> Window:
    units = region.units.lower()
    if units in PIXEL_UNITS or units == 'fraction' or units in _MILLIMETERS:
        left, top, right, bottom = pixel_window(reader, region)
        done, ok = transform_points(
            reader, projection, outline((left, top, right, bottom)), to_pixel=False
        )
        if not ok.any():
            raise RegionError('The region lies outside of the image.')
        x, y = done[ok, 0], done[ok, 1]
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())
    import pyproj

    box = _upright(region)
    given = units_projection(reader, region.units)
    if given == projection:
        return box
    source = given or reader.description.wkt or 'EPSG:4326'
    transformer = pyproj.Transformer.from_crs(source, get_crs(projection), always_xy=True)
    bounds = transformer.transform_bounds(*box, densify_pts=21)
    if not all(map(math.isfinite, bounds)):
        raise RegionError('The region lies outside of the projection.')
    return bounds


def _pixel_millimeters(reader: Reader) -> float:
    source = reader if isinstance(reader, RasterTileSource) else reader.source
    size = source.getNativeMagnification().get('mm_x')
    if not size:
        raise RegionError('The size of this image in millimetres is unknown: use units of pixels.')
    return float(size)


def _ordered(box: Window) -> Window:
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        raise RegionError(
            'The region is empty or inverted: left has to be less than right, top less than bottom.'
        )
    return box


def _upright(region: Region) -> Window:
    """Return a map region as (xmin, ymin, xmax, ymax)."""
    if region.right <= region.left or region.top <= region.bottom:
        raise RegionError(
            'The region is empty or inverted: left has to be less than right, bottom less than top.'
        )
    return region.left, region.bottom, region.right, region.top


def _clip(box: Window, limits: Window) -> Window:
    clipped = (
        max(box[0], limits[0]),
        max(box[1], limits[1]),
        min(box[2], limits[2]),
        min(box[3], limits[3]),
    )
    if clipped[2] <= clipped[0] or clipped[3] <= clipped[1]:
        raise RegionError('The region lies outside of the image.')
    return clipped


def _whole(box: Window) -> Window:
    """Return a pixel window on whole pixels, at least one each way."""
    left, top = math.floor(box[0] + 0.5), math.floor(box[1] + 0.5)
    right, bottom = math.floor(box[2] + 0.5), math.floor(box[3] + 0.5)
    left = min(left, math.ceil(box[2]) - 1)
    top = min(top, math.ceil(box[3]) - 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)
