"""Rasters out of open GDAL datasets: a window of their pixel grid, or a window of a map.

Windows of the pixel grid are (left, top, right, bottom) in pixels of the full resolution, origin
top left; windows of a map are (xmin, ymin, xmax, ymax) in units of its projection. Sizes are
(width, height).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from osgeo import gdal, gdal_array

from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError, ParameterError
from django_large_image.pixels.raster import Array, Band, Mask, Raster, Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.decoded import Identity, pick
from django_large_image.sources.scaling import hold, in_memory

RESAMPLINGS: dict[str, tuple[int, int]] = {
    # name: (of a read, of a warp)
    'nearest': (gdal.GRIORA_NearestNeighbour, gdal.GRA_NearestNeighbour),
    'bilinear': (gdal.GRIORA_Bilinear, gdal.GRA_Bilinear),
    'cubic': (gdal.GRIORA_Cubic, gdal.GRA_Cubic),
    'cubicspline': (gdal.GRIORA_CubicSpline, gdal.GRA_CubicSpline),
    'lanczos': (gdal.GRIORA_Lanczos, gdal.GRA_Lanczos),
    'average': (gdal.GRIORA_Average, gdal.GRA_Average),
    'mode': (gdal.GRIORA_Mode, gdal.GRA_Mode),
}
_EDGE_POINTS = 21


@dataclass(frozen=True, slots=True)
class MapWindow:
    """A rectangle (xmin, ymin, xmax, ymax) of a map in `projection`, shown in `size` pixels."""

    projection: str
    bounds: Window
    size: Size


def choose_resampling(name: str | None, bands: Sequence[Band]) -> str:
    """Return the resampling to use: the one asked for, else the setting's.

    Colour tables are never mixed. Raises `ParameterError` for an unknown name.
    """
    name = name or settings.RESAMPLING
    if name not in RESAMPLINGS:
        raise ParameterError(f'Unknown resampling {name!r}: use one of {", ".join(RESAMPLINGS)}.')
    if any(not _is_mixable(band) for band in bands):
        return 'nearest'
    palette = any(band.interpretation == 'palette' for band in bands)
    return 'nearest' if palette and name != 'mode' else name


def _is_mixable(band: Band) -> bool:
    """Whether GDAL can interpolate between the samples of a band."""
    if band.nodata is not None and band.dtype.startswith(('int', 'uint')):
        limits = np.iinfo(band.dtype)
        if not limits.min <= band.nodata <= limits.max:
            # With a nodata value that no sample can have GDAL may never return.
            return False
    # GDAL before 3.7 would mix signed bytes as if they were unsigned.
    return band.dtype != 'int8'


def read_window(
    dataset: gdal.Dataset,
    bands: Sequence[Band],
    window: Window,
    size: Size,
    resampling: str,
    *,
    opaque: int | None = None,
    identity: Identity | None = None,
) -> Raster:
    """Read a window of the pixel grid, scaled to `size`; what lies outside of the image is masked.

    `opaque` is the alpha of what is seen in full, by default as its type has it. The overview is
    GDAL's choice. Blocks of a file with an `identity` are kept. Raises `BudgetError` before reading
    more than the settings allow.
    """
    left, top, right, bottom = window
    width, height = size
    scale = (right - left) / width, (bottom - top) / height
    first_column, last_column = _shown(left, right, width, dataset.RasterXSize)
    first_row, last_row = _shown(top, bottom, height, dataset.RasterYSize)
    columns, rows = last_column - first_column, last_row - first_row
    if columns <= 0 or rows <= 0:
        return Raster.blank(height, width, tuple(bands))
    x0, x1 = _clip(
        left + first_column * scale[0], left + last_column * scale[0], dataset.RasterXSize
    )
    y0, y1 = _clip(top + first_row * scale[1], top + last_row * scale[1], dataset.RasterYSize)
    # GDAL chooses overviews by the side that is scaled less; of a single row it looks at its width.
    least = scale[0] if rows == 1 else min(scale)
    check_read(dataset, (x1 - x0) * (y1 - y0), least, len(bands))
    box = (x0, y0, x1 - x0, y1 - y0)
    raster = _read_box(dataset, bands, box, (columns, rows), resampling, opaque, identity)
    if (columns, rows) == (width, height):
        return raster
    return _paste(raster, first_row, first_column, height, width)


def _read_box(
    dataset: gdal.Dataset,
    bands: Sequence[Band],
    box: Window,
    size: Size,
    resampling: str,
    opaque: int | None,
    identity: Identity | None,
) -> Raster:
    """Read a box (left, top, width, height) within the image, scaled to a size."""
    numbers = [band.number for band in bands]
    if not all(float(edge).is_integer() for edge in box):
        # GDAL averages over whole pixels only, but for the window of a VRT.
        window = {'srcWin': box, 'width': size[0], 'height': size[1]}
        dataset = gdal.Translate('', dataset, format='VRT', resampleAlg=resampling, **window)
        box = (0, 0, *size)
    elif identity is not None:
        left, top, width, height = map(int, box)
        mixed = resampling != 'nearest'
        held = hold(dataset, identity, (left, top, width, height), size, mixed=mixed)
        if held is not None and held[1] == (0, 0, *size):
            return _as_held(dataset, held[0], bands, opaque)
        if held is not None:
            dataset, box = in_memory(dataset, held[0]), held[1]
    data = dataset.ReadAsArray(
        *box,
        buf_xsize=size[0],
        buf_ysize=size[1],
        resample_alg=RESAMPLINGS[resampling][0],
        band_list=numbers,
        interleave='pixel',
    )
    mask = _read_mask(dataset, box, size, resampling, opaque)
    if data is None:
        raise RuntimeError('GDAL gave no samples.')
    return Raster(typed(data.reshape(size[1], size[0], len(bands)), bands), mask, tuple(bands))


def _as_held(
    dataset: gdal.Dataset, data: Array, bands: Sequence[Band], opaque: int | None
) -> Raster:
    """Return all bands (rows, columns, bands) of a dataset as a raster of some."""
    alpha = alpha_number(dataset)
    mask = to_byte(data[:, :, alpha - 1], opaque) if alpha else None
    return Raster(typed(pick(data, [band.number for band in bands]), bands), mask, tuple(bands))


def read_warped(
    dataset: gdal.Dataset,
    bands: Sequence[Band],
    target: MapWindow,
    resampling: str,
    *,
    source_projection: str | None = None,
    options: Sequence[str] = (),
    opaque: int | None = None,
) -> Raster:
    """Read a window of a map; what the image does not cover is masked, and nodata where declared.

    `source_projection` stands in where the dataset itself names none, `options` are those of GDAL's
    transformer, `opaque` as in `read_window`. Raises `BudgetError` before reading more than the
    settings allow.
    """
    width, height = target.size
    _check_warp(dataset, len(bands), target, source_projection, options)
    # The warper takes the last band of its input for the alpha.
    numbers = [band.number for band in bands]
    alpha = alpha_number(dataset)
    wanted = [number for number in numbers if number != alpha]
    if not wanted:
        # Alpha alone would be weighed by itself.
        wanted = [next((n for n in range(1, dataset.RasterCount + 1) if n != alpha), 1)]
    if alpha and alpha not in wanted:
        wanted.append(alpha)
    source = dataset
    if wanted != list(range(1, dataset.RasterCount + 1)):
        source = gdal.Translate('', dataset, format='VRT', bandList=wanted)
    opaque = opaque or opaque_in(stored_type(dataset.GetRasterBand(1)))
    nodata = {band.number: band.nodata for band in bands}
    empty = [str(nodata.get(number) or 0) for number in wanted if number != alpha]
    warped = gdal.Warp(
        '',
        source,
        format='MEM',
        srcSRS=source_projection,
        dstSRS=target.projection,
        outputBounds=target.bounds,
        width=width,
        height=height,
        dstAlpha=True,
        resampleAlg=RESAMPLINGS[resampling][1],
        # As gdalwarp does by itself: an eighth of a pixel nobody sees, and it saves half the time.
        errorThreshold=0.125,
        transformerOptions=list(options),
        warpMemoryLimit=256,
        warpOptions=[
            'NUM_THREADS=1',
            f'INIT_DEST={",".join([*empty, "0"])}',
            f'SRC_ALPHA_MAX={opaque}',
            f'DST_ALPHA_MAX={opaque}',
        ],
    )
    data = warped.ReadAsArray(interleave='pixel') if warped is not None else None
    if data is None:
        raise RuntimeError('GDAL gave no samples.')
    data = data.reshape(height, width, -1)
    # The alpha of the source is in the mask, which is the last band.
    places = [len(wanted) - 1 if number == alpha else wanted.index(number) for number in numbers]
    samples = np.ascontiguousarray(data[:, :, places])
    return Raster(typed(samples, bands), to_byte(data[:, :, -1], opaque), tuple(bands))


def check_read(dataset: gdal.Dataset, pixels: float, scale: float, band_count: int) -> None:
    """Raise `BudgetError` when a read at `scale` decodes more than is allowed.

    `pixels` counts those of the full resolution, `scale` how many of them, along a side, become one
    pixel of the output.
    """
    if scale > 1:
        band = dataset.GetRasterBand(1)
        factors = (
            dataset.RasterXSize / band.GetOverview(index).XSize
            for index in range(band.GetOverviewCount())
        )
        pixels /= max((factor for factor in factors if factor <= scale * 1.2), default=1.0) ** 2
    check_samples(max(pixels * band_count, block_samples(dataset)))


def check_samples(count: float) -> None:
    """Raise `BudgetError` when so many samples are more than may be decoded."""
    if count > settings.MAX_READ_PIXELS:
        raise BudgetError(
            'This view would decode more pixels than allowed: the image needs overviews '
            '(make it a Cloud Optimized GeoTIFF), or ask for less of it.'
        )


def block_samples(dataset: gdal.Dataset) -> int:
    """Return how many samples are decoded at least: a block, with all bands that lie in it."""
    width, height = dataset.GetRasterBand(1).GetBlockSize()
    together = dataset.GetMetadataItem('INTERLEAVE', 'IMAGE_STRUCTURE') == 'PIXEL'
    return int(width * height * (dataset.RasterCount if together else 1))


def outline(bounds: Window) -> Array:
    """Return points (n, 2) along the edges of a box, in order round it."""
    x0, y0, x1, y1 = bounds
    t = np.linspace(0, 1, _EDGE_POINTS)
    x, y = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
    edges = [
        np.column_stack((x, np.full_like(t, y0))),
        np.column_stack((np.full_like(t, x1), y)),
        np.column_stack((x[::-1], np.full_like(t, y1))),
        np.column_stack((np.full_like(t, x0), y[::-1])),
    ]
    return np.concatenate(edges)


def to_byte(alpha: Array, opaque: int | None = None) -> Mask:
    """Return alpha of any type as a mask; `opaque` is what becomes 255 in it."""
    opaque = opaque or opaque_in(alpha.dtype)
    if alpha.dtype == np.uint8 and opaque == 255:
        return np.ascontiguousarray(alpha)
    real = alpha.real if alpha.dtype.kind == 'c' else alpha
    scaled = np.nan_to_num(real.astype(np.float32)) * (255 / opaque)
    return scaled.round().clip(0, 255).astype(np.uint8)


def from_byte(mask: Mask, dtype: np.dtype[Any]) -> Array:
    """Return a mask as alpha of another type: the inverse of `to_byte`."""
    return (mask.astype(np.float32) * (opaque_in(dtype) / 255)).round().astype(dtype)


def _check_warp(
    dataset: gdal.Dataset,
    band_count: int,
    target: MapWindow,
    source_projection: str | None,
    options: Sequence[str],
) -> None:
    """Raise `BudgetError` when a warp would decode more than is allowed."""
    check_read(dataset, 0.0, 1.0, band_count)
    whole = dataset.RasterXSize * dataset.RasterYSize
    if whole * max(band_count, dataset.RasterCount) <= settings.MAX_READ_PIXELS:
        return
    given = [*options, f'DST_SRS={target.projection}']
    if source_projection:
        given.append(f'SRC_SRS={source_projection}')
    transformer = gdal.Transformer(dataset, None, given)
    xmin, ymin, xmax, ymax = target.bounds
    xs, ys = np.meshgrid(np.linspace(xmin, xmax, 9), np.linspace(ymin, ymax, 9))
    points = np.concatenate((outline(target.bounds), np.column_stack((xs.ravel(), ys.ravel()))))
    found, ok = transformer.TransformPoints(1, points.tolist())
    inside = np.array(found, float)[np.array(ok, bool), :2]
    inside = inside[np.isfinite(inside).all(axis=1)]
    limits = np.array([dataset.RasterXSize, dataset.RasterYSize], float)
    if not len(inside):
        return
    low, high = inside.min(axis=0), inside.max(axis=0)
    scale = float(np.prod((high - low) / target.size)) ** 0.5
    seen = np.clip(high, 0, limits) - np.clip(low, 0, limits)
    check_read(dataset, float(np.prod(seen)), scale, band_count)


def _shown(first: float, last: float, count: int, size: int) -> tuple[int, int]:
    """Return the range of output pixels, of `count` from `first` to `last`, that show the image."""
    scale = (last - first) / count
    start = max(0, math.ceil(-first / scale - 0.5))
    stop = min(count, math.ceil((size - first) / scale - 0.5))
    if stop <= start and first < size and last > 0:
        # An image of less than half a pixel still shows.
        stop = min(count, start + 1)
        start = stop - 1
    return start, stop


def _clip(first: float, last: float, size: int) -> tuple[float, float]:
    first, last = max(0.0, first), min(float(size), last)
    # Whole numbers keep GDAL on its exact path.
    near_first, near_last = round(first), round(last)
    if abs(first - near_first) < 1e-6:
        first = near_first
    if abs(last - near_last) < 1e-6:
        last = near_last
    if last <= first:
        first, last = max(0.0, last - 1), max(1.0, last)
    return first, last


def _read_mask(
    dataset: gdal.Dataset, window: Window, size: Size, resampling: str, opaque: int | None
) -> Mask | None:
    """Return the alpha or the mask that the dataset has for all bands, None without one.

    The window is (x, y, width, height).
    """
    band = dataset.GetRasterBand(1)
    flags = band.GetMaskFlags()
    alpha = alpha_number(dataset)
    if alpha:
        # Not the mask that GDAL makes of it: it takes some types for bands like any other.
        band = dataset.GetRasterBand(alpha)
    elif flags & gdal.GMF_PER_DATASET:
        band = band.GetMaskBand()
    else:
        return None
    algorithm = RESAMPLINGS[resampling][0] if alpha else gdal.GRIORA_NearestNeighbour
    mask = band.ReadAsArray(*window, *size, resample_alg=algorithm)
    if mask is None:
        raise RuntimeError('GDAL gave no mask.')
    return to_byte(mask, opaque if alpha else None)


def alpha_number(dataset: gdal.Dataset) -> int | None:
    """Return the number of the alpha band; None without one."""
    for number in range(dataset.RasterCount, 0, -1):
        if dataset.GetRasterBand(number).GetColorInterpretation() == gdal.GCI_AlphaBand:
            return number
    return None


def stored_type(band: gdal.Band) -> np.dtype[Any]:
    """Return numpy's type of what GDAL reads from a band."""
    dtype: np.dtype[Any] = np.dtype(gdal_array.GDALTypeCodeToNumericTypeCode(band.DataType))
    return dtype


def opaque_in(dtype: np.dtype[Any]) -> int:
    """Return the alpha of what is seen in full in a type, by GDAL's convention."""
    return int(np.iinfo(dtype).max) if dtype.kind in 'iu' and dtype.itemsize <= 2 else 255


def typed(data: Array, bands: Sequence[Band]) -> Array:
    """Return samples in the type that their bands declare: signed bytes, magnitudes of complex."""
    if data.dtype.kind == 'c':
        return np.abs(data)
    if data.dtype == np.uint8 and all(band.dtype == 'int8' for band in bands):
        return data.view(np.int8)
    return data


def _paste(raster: Raster, row: int, column: int, height: int, width: int) -> Raster:
    data = np.zeros((height, width, raster.data.shape[2]), raster.data.dtype)
    mask = np.zeros((height, width), np.uint8)
    rows, columns = raster.data.shape[:2]
    data[row : row + rows, column : column + columns] = raster.data
    mask[row : row + rows, column : column + columns] = 255 if raster.mask is None else raster.mask
    return Raster(data, mask, raster.bands)
