"""Maps out of open GDAL datasets, fast: the hot path of tiles.

One window of one overview is read and sampled once, at places that are interpolated between a few
exact ones. It agrees with GDAL's own warper, which `reading.read_warped` asks for all that this
module leaves to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from osgeo import gdal

from django_large_image.pixels.raster import Array, Band, Mask, Raster, Size
from django_large_image.sources import decoded
from django_large_image.sources.boxes import Box, Window
from django_large_image.sources.description import Description
from django_large_image.sources.interpolation import (
    DTYPES,
    MAX_SIDE,
    RESAMPLINGS,
    Patch,
    Places,
    clipped,
    nothing,
    sample,
)
from django_large_image.sources.reading import (
    MapWindow,
    check_samples,
    to_byte,
)
from django_large_image.sources.transforms import TransformPool

# Pixels round a window that interpolation may reach, beyond those that become one.
_MARGIN = 2
# How many pixels may become one along a side: beyond the overviews GDAL averages as well. Little of
# an image in a large window is cheap for GDAL.
_MAX_BLUR = 8
_MAX_BLUR_AT_EDGES = 2.5


@dataclass(frozen=True, slots=True)
class View:
    """What a map window shows of one level of an image, in pixels of that level.

    `extent` (left, top, right, bottom) reaches beyond the image where the window does; `box` (left,
    top, width, height) is what has to be read. `scale` is how many pixels of the full resolution
    are one of the level, `blur` how many of the level become one of the map.
    """

    level: int
    size: Size
    scale: tuple[float, float]
    extent: Window
    blur: tuple[float, float]
    box: Box

    @property
    def touches(self) -> bool:
        """Whether anything of the image is in the window."""
        left, top, right, bottom = self.extent
        return right > 0 and bottom > 0 and left < self.size[0] and top < self.size[1]

    @property
    def whole(self) -> bool:
        """Whether the image fills the window."""
        left, top, right, bottom = self.extent
        return left >= 0 and top >= 0 and right <= self.size[0] and bottom <= self.size[1]

    @property
    def feasible(self) -> bool:
        """Whether one read and one pass over it suffice."""
        limit = _MAX_BLUR if self.whole else _MAX_BLUR_AT_EDGES
        return max(self.blur) <= limit and max(self.box) <= MAX_SIDE

    def inside(self, places: Places) -> Array | None:
        """Return which places, in pixels of the box, lie in the image; None: all do."""
        if self.whole:
            return None
        x, y = places[:, :, 0], places[:, :, 1]
        first, upper = -0.5 - self.box[0], -0.5 - self.box[1]
        inside: Array = (x >= first) & (x < first + self.size[0])
        inside &= (y >= upper) & (y < upper + self.size[1])
        return inside


def warp(
    dataset: gdal.Dataset,
    description: Description,
    transforms: TransformPool,
    bands: Sequence[Band],
    target: MapWindow,
    resampling: str,
) -> Raster | None:
    """Read a window of a map; what the image does not cover is masked, and nodata where declared.

    None for what only GDAL's warper does: other resamplings and sample types, and windows that
    reach beyond a projection. Raises `BudgetError` before reading more than the settings allow.
    """
    if not _can_sample(description, bands, resampling) or max(target.size) > MAX_SIDE:
        return None
    location = transforms.locate(dataset, target)
    if location is None:
        return None
    view = find_view(description, location.extent, target.size)
    if not view.touches:
        return Raster.blank(target.size[1], target.size[0], tuple(bands))
    if not view.feasible:
        return None
    check_samples(max(view.box[2] * view.box[3] * len(bands), description.block))
    patch = read_patch(dataset, description, bands, view)
    if patch is None:
        return None
    if patch.empty:
        data = np.empty((target.size[1], target.size[0], len(bands)), patch.data.dtype)
        data[:] = nothing(bands, data.dtype)
        return Raster(data, np.zeros(data.shape[:2], np.uint8), tuple(bands))
    places = location.places(view.scale, (view.box[0] + 0.5, view.box[1] + 0.5))
    inside = view.inside(places)
    if inside is not None:
        places = clipped(places, view.box[2:])
    data, mask = sample(patch, places, resampling, bands)
    if inside is not None:
        data = _cleared(data, inside, bands)
        mask = inside.view(np.uint8) * np.uint8(255) if mask is None else mask * inside
    return Raster(data, mask, tuple(bands))


def choose_level(description: Description, extent: Window, size: Size) -> int:
    """Return the coarsest level that is fine enough across for an extent of the full resolution
    that is shown in `size` pixels: as GDAL's warper chooses it.
    """
    # Tiles that are a level's own blocks are to be found in it, whatever the last digit.
    ratio = (extent[2] - extent[0]) / size[0] * (1 + 1e-6)
    widths = [columns for columns, _ in description.levels]
    fine = [level for level, width in enumerate(widths) if widths[0] / width <= ratio]
    return min(fine, key=widths.__getitem__, default=0)


def find_view(description: Description, extent: Window, size: Size) -> View:
    """Return what a map window of `size` shows of an image; `extent` is in full resolution."""
    level = choose_level(description, extent, size)
    columns, rows = description.levels[level]
    scale = description.width / columns, description.height / rows
    left, right = extent[0] / scale[0], extent[2] / scale[0]
    top, bottom = extent[1] / scale[1], extent[3] / scale[1]
    blur = _rounded((right - left) / size[0]), _rounded((bottom - top) / size[1])
    x, width = _span(left, right, blur[0], columns)
    y, height = _span(top, bottom, blur[1], rows)
    return View(
        level, (columns, rows), scale, (left, top, right, bottom), blur, (x, y, width, height)
    )


def read_patch(
    dataset: gdal.Dataset, description: Description, bands: Sequence[Band], view: View
) -> Patch | None:
    """Read the window of a view; None if it holds no plain numbers."""
    numbers = [band.number for band in bands]
    if description.alpha:
        numbers.append(description.alpha)
    data = decoded.read_bands(dataset, description.identity, view.level, view.box, numbers)
    if data.dtype != bands[0].dtype:
        return None
    alpha: Mask | None = None
    if description.alpha:
        alpha = to_byte(data[:, :, -1], description.opaque)
        data = data[:, :, :-1]
    elif description.masked:
        band = dataset.GetRasterBand(1)
        source = band.GetOverview(view.level - 1) if view.level else band
        alpha = to_byte(source.GetMaskBand().ReadAsArray(*view.box))
    if alpha is not None and (alpha == 255).all():
        alpha = None
    return Patch(data, alpha, bool(description.alpha), _valid(data, bands), view.blur)


def _cleared(data: Array, inside: Array, bands: Sequence[Band]) -> Array:
    """Return samples with the nodata of their bands, or 0, where there is no image."""
    empty = nothing(bands, data.dtype)
    if empty.any() or data.shape[2] > 4:
        return np.where(inside[:, :, np.newaxis], data, empty)
    # The same in a tenth of the time.
    kept = cv2.bitwise_and(data, data, mask=inside.view(np.uint8))
    return np.asarray(kept).reshape(data.shape)


def _can_sample(description: Description, bands: Sequence[Band], resampling: str) -> bool:
    types = {band.dtype for band in bands}
    alpha = any(band.number == description.alpha for band in bands)
    return resampling in RESAMPLINGS and len(types) == 1 and types <= DTYPES and not alpha


def _rounded(blur: float) -> float:
    """Return how many pixels become one as GDAL's warper takes it."""
    if abs(blur - round(blur)) < 0.05:
        blur = round(blur)
    # Up to a twentieth more it interpolates between four neighbours only.
    return blur if blur * 0.95 > 1 else 1.0


def _span(first: float, last: float, blur: float, size: int) -> tuple[int, int]:
    """Return first pixel and number of those that an extent needs with what blur reaches."""
    margin = math.ceil(blur) + _MARGIN
    start = min(max(0, math.floor(first) - margin), size - 1)
    return start, max(1, min(size, math.ceil(last) + margin) - start)


def _valid(data: Array, bands: Sequence[Band]) -> Array | None:
    """Return which samples (height, width, bands) are neither nodata nor NaN; None: all are."""
    invalid = np.isnan(data) if data.dtype.kind == 'f' else None
    for index, band in enumerate(bands):
        nodata = band.nodata
        if nodata is None or math.isnan(nodata):
            continue
        if data.dtype.kind in 'iu' and nodata.is_integer():
            # Else numpy makes floats of the samples.
            nodata = int(nodata)
        gone = data[:, :, index] == nodata
        if gone.any():
            invalid = np.zeros(data.shape, bool) if invalid is None else invalid
            invalid[:, :, index] |= gone
    return None if invalid is None or not invalid.any() else ~invalid
