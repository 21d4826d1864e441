"""Levels of an image: the image at a half, a quarter and so on, of which every part is exact.

A level of a factor is the image's width and height divided by it and rounded up; a pixel of it is
the mean of as many pixels each way, at the right and lower edge of those that there are. An
overview of that size is the level. Windows of the pixel grid would be read from overviews of odd
sizes as GDAL stretches them: beside the place by up to a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from osgeo import gdal

from django_large_image.pixels.raster import Array, Mask, Raster, Size
from django_large_image.sources import complaints, decoded, reading
from django_large_image.sources.boxes import Box
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.scaling import has_mask, in_memory

# (left, top, right, bottom) in whole pixels.
PixelWindow = tuple[int, int, int, int]

# What looks at no pixels beside those that become one.
_WITHIN = {'nearest', 'average', 'mode'}
# Of more samples or bands GDAL reads a part at a time.
_MAX_HELD, _MAX_BANDS = 1 << 25, 16


def level_size(full: Size, factor: int) -> Size:
    """Return the size (width, height) of a level of an image."""
    return -(-full[0] // factor), -(-full[1] // factor)


def find_level(window: PixelWindow, size: Size, full: Size) -> tuple[PixelWindow, int] | None:
    """Return which part of a level, in its pixels, a window of the full resolution is when it is
    scaled to a size, and the factor of that level, a power of two.

    None where it is a part of none, or no whole pixels.
    """
    left, top, right, bottom = window
    # No smaller one has so few pixels, and where a larger one fits, it does.
    least = max(-(-(right - left) // size[0]), -(-(bottom - top) // size[1]))
    factor = 1 << (least - 1).bit_length()
    whole = left % factor == top % factor == 0
    if not (whole and _ends(right, full[0], factor) and _ends(bottom, full[1], factor)):
        return None
    part = (left // factor, top // factor, *level_size((right, bottom), factor))
    return (part, factor) if (part[2] - part[0], part[3] - part[1]) == size else None


def stored_factor(sizes: Sequence[Size], factor: int) -> int:
    """Return the largest divisor of a factor, a power of two, of which the level is stored.

    `sizes` are those of the full resolution and of the overviews.
    """
    while factor > 1 and level_size(sizes[0], factor) not in sizes:
        factor //= 2
    return factor


def read_level(
    reader: Reader,
    part: PixelWindow,
    factor: int,
    *,
    frame: int | None = None,
    bands: Sequence[int] | None = None,
    resampling: str | None = None,
) -> Raster:
    """Return the samples of a part, in pixels of the level, of the level of a factor, a power of
    two.

    `resampling` is `average` by default. Raises `BudgetError` before reading more than the settings
    allow, `StyleError` for a frame or band that there is not. Other libraries' sources scale as
    they do.
    """
    left, top, right, bottom = part
    full = (reader.sourceSizeX, reader.sourceSizeY)
    if not isinstance(reader, RasterTileSource):
        window = (
            *(left * factor, top * factor),
            *(min(right * factor, full[0]), min(bottom * factor, full[1])),
        )
        size = right - left, bottom - top
        return reader.read_window(window, size, frame=frame, bands=bands, resampling=resampling)
    chosen = reader.select_bands(bands)
    how = reading.choose_resampling(resampling or 'average', chosen)
    with reader.pool(frame).borrow() as dataset:
        sizes = _sizes(dataset)
        stored = stored_factor(sizes, factor)
        size = level_size(full, stored)
        rest = factor // stored
        width = min(right * rest, size[0]) - left * rest
        height = min(bottom * rest, size[1]) - top * rest
        reading.check_read(dataset, width * height, 1.0, len(chosen))
        level = _Level(
            reader, dataset, sizes.index(size), (left * rest, top * rest, width, height), rest, how
        )
        alpha = reading.alpha_number(dataset)
        data = level.read([band.number for band in chosen] + ([alpha] if alpha else []))
        mask = (
            reading.to_byte(data[:, :, -1], reader.description.opaque)
            if alpha
            else level.read_mask()
        )
    samples = np.ascontiguousarray(data[:, :, : len(chosen)])
    return Raster(reading.typed(samples, chosen), mask, chosen)


def _ends(last: int, length: int, factor: int) -> bool:
    """Whether a range may end there: between pixels of the level, or with the image."""
    return last % factor == 0 or last == length


def _sizes(dataset: gdal.Dataset) -> list[Size]:
    band = dataset.GetRasterBand(1)
    overviews = (band.GetOverview(index) for index in range(band.GetOverviewCount()))
    return [(level.XSize, level.YSize) for level in (band, *overviews)]


class _Level:
    """A box of a stored level, the full resolution (0) or an overview, of which `rest` pixels each
    way become one.
    """

    def __init__(
        self,
        reader: RasterTileSource,
        dataset: gdal.Dataset,
        number: int,
        box: Box,
        rest: int,
        resampling: str,
    ) -> None:
        self.dataset, self.number, self.box, self.rest = dataset, number, box, rest
        self.identity = reader.description.identity
        self.resampling = resampling

    def read(self, numbers: Sequence[int]) -> Array:
        """Return bands (rows, columns, bands)."""
        if self.rest == 1:
            return decoded.read_bands(self.dataset, self.identity, self.number, self.box, numbers)
        algorithm = reading.RESAMPLINGS[self.resampling][0]
        held = self._hold()
        if held is not None:
            bands = decoded.level_bands(held, 0, numbers)
            return _shrink(bands, (0, 0, *self.box[2:]), self.rest, algorithm)
        bands = decoded.level_bands(self.dataset, self.number, numbers)
        return _shrink(bands, self.box, self.rest, algorithm)

    def _hold(self) -> gdal.Dataset | None:
        """Return a dataset in memory of the box; None where GDAL may as well read from the file."""
        bands = decoded.level_bands(self.dataset, self.number)
        # Of the full resolution GDAL itself may choose an overview, for images of few rows any.
        chooses = not self.number and bands[0].GetOverviewCount()
        if self.resampling not in _WITHIN or not (chooses or self.identity is not None):
            return None
        samples = self.box[2] * self.box[3] * len(bands)
        if samples > _MAX_HELD or len(bands) > _MAX_BANDS or has_mask(self.dataset):
            return None
        numbers = range(1, len(bands) + 1)
        data = decoded.read_bands(self.dataset, self.identity, self.number, self.box, numbers)
        return in_memory(self.dataset, data)

    def read_mask(self) -> Mask | None:
        """Return the mask of all bands, None without one."""
        (band,) = decoded.level_bands(self.dataset, self.number, [1])
        if not band.GetMaskFlags() & gdal.GMF_PER_DATASET:
            return None
        nearest = gdal.GRIORA_NearestNeighbour
        return reading.to_byte(_shrink([band.GetMaskBand()], self.box, self.rest, nearest)[:, :, 0])


def _shrink(bands: Sequence[gdal.Band], box: Box, rest: int, algorithm: int) -> Array:
    """Return bands (rows, columns, bands) of a box, `rest` pixels each way as one."""
    left, top, width, height = box
    columns, rows = level_size((width, height), rest)
    data = np.empty((rows, columns, len(bands)), reading.stored_type(bands[0]))
    for (y, down, row), (x, across, column) in product(_spans(height, rest), _spans(width, rest)):
        target = data[row : row + -(-down // rest), column : column + -(-across // rest)]
        for index, band in enumerate(bands):
            place = (left + x, top + y, across, down)
            band.ReadAsArray(*place, buf_obj=target[:, :, index], resample_alg=algorithm)
    complaints.check()
    return data


def _spans(length: int, rest: int) -> Iterator[tuple[int, int, int]]:
    """Yield the start and length of what becomes whole pixels, and of what is left over, with the
    place of its first pixel: so GDAL stretches none.
    """
    count, over = divmod(length, rest)
    if count:
        yield 0, count * rest, 0
    if over:
        yield count * rest, over, count
