"""Windows of decoded blocks scaled to other sizes, as GDAL scales those of the image."""

from __future__ import annotations

import math

from osgeo import gdal, gdal_array

from django_large_image.pixels.raster import Array, Size
from django_large_image.sources.boxes import Box
from django_large_image.sources.decoded import Identity, read

# GDAL reads an overview in place of pixels that are finer than needed, but for this factor.
_OVERSAMPLING = 1.01 if int(gdal.VersionInfo()) >= 3090000 else 1.2
_MASKS = gdal.GMF_PER_DATASET | gdal.GMF_ALPHA
# Pixels beside a window that a resampling looks at, of those that become one.
_REACH = 4


def hold(
    dataset: gdal.Dataset, identity: Identity, box: Box, size: Size, *, mixed: bool
) -> tuple[Array, Box] | None:
    """Return samples (rows, columns, bands) and a box in them: scaled to a size it is what GDAL
    makes of a box of the image. None where blocks are not kept.

    `mixed` says whether the resampling mixes samples. Of a box that has that size, or whose level
    does, there are no others.
    """
    if has_mask(dataset):
        return None
    level, levels = _choose_level(dataset, box, size, mixed)
    if level:
        box = _scale(box, levels[0], levels[level])
    around = box if box[2:] == size else _widen(box, size, levels[level])
    data = read(dataset, identity, level, around)
    if data is None:
        return None
    return data, (box[0] - around[0], box[1] - around[1], *box[2:])


def has_mask(dataset: gdal.Dataset) -> bool:
    """Whether there is a mask that is not among the bands."""
    return bool(dataset.GetRasterBand(1).GetMaskFlags() & _MASKS == gdal.GMF_PER_DATASET)


def in_memory(dataset: gdal.Dataset, data: Array) -> gdal.Dataset:
    """Return samples (rows, columns, bands) as a dataset whose bands mean what another's do."""
    memory = gdal_array.OpenArray(data.transpose(2, 0, 1))
    for number in range(1, dataset.RasterCount + 1):
        source, band = dataset.GetRasterBand(number), memory.GetRasterBand(number)
        if source.GetColorInterpretation() == gdal.GCI_AlphaBand:
            band.SetColorInterpretation(gdal.GCI_AlphaBand)
        if source.GetNoDataValue() is not None:
            band.SetNoDataValue(source.GetNoDataValue())
    return memory


def _choose_level(
    dataset: gdal.Dataset, box: Box, size: Size, mixed: bool
) -> tuple[int, list[Size]]:
    """Return the level that GDAL reads for a box scaled to a size, and the sizes of all levels."""
    band = dataset.GetRasterBand(1)
    levels = [(band.XSize, band.YSize)]
    across, down = box[2] / size[0], box[3] / size[1]
    wanted = across if across < down or size[1] == 1 else down
    threshold = _OVERSAMPLING if mixed else 1.2
    chosen, best = 0, 0.0
    for index in range(band.GetOverviewCount()):
        overview = band.GetOverview(index)
        levels.append((overview.XSize, overview.YSize))
        factor = min(band.XSize / overview.XSize, band.YSize / overview.YSize)
        if best < factor < wanted * threshold and max(across, down) > 1:
            chosen, best = index + 1, factor
    return chosen, levels


def _scale(box: Box, full: Size, level: Size) -> Box:
    """Return the whole pixels that GDAL takes for a box of the full resolution in a level."""
    x, y = full[0] / level[0], full[1] / level[1]
    left = min(int(box[0] / x + 0.5), level[0] - 1)
    top = min(int(box[1] / y + 0.5), level[1] - 1)
    width, height = max(1, int(box[2] / x + 0.5)), max(1, int(box[3] / y + 0.5))
    return left, top, min(width, level[0] - left), min(height, level[1] - top)


def _widen(box: Box, size: Size, level: Size) -> Box:
    """Return a box with the pixels beside it that resampling may look at."""
    x, y = (math.ceil(_REACH * max(1, box[2 + i] / size[i])) + 1 for i in (0, 1))
    left, top = max(0, box[0] - x), max(0, box[1] - y)
    right, bottom = min(level[0], box[0] + box[2] + x), min(level[1], box[1] + box[3] + y)
    return left, top, right - left, bottom - top
