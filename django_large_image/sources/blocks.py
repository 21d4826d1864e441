"""An image in parts of which no block of the file is read twice: all of its samples, or some.

What GDAL decoded is given back with each part: memory is bounded, however large image and cache
are. A block is decoded as a whole: of as many samples as `MAX_READ_PIXELS` allows, it may be
all of the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from osgeo import gdal

from django_large_image.pixels.raster import Raster, Size
from django_large_image.sources import reading
from django_large_image.sources.boxes import Box, Window
from django_large_image.sources.decoded import level_bands
from django_large_image.sources.foreign import ForeignReader

if TYPE_CHECKING:
    from django_large_image.sources.opening import Reader
    from django_large_image.sources.raster_source import RasterTileSource

# Samples of all bands that are read at once.
LIMIT = 512 * 1024
# Samples that are decoded at once where few of them are read: the overview of four bands that a
# thousand pixels each way are read from is one part.
THINNED_LIMIT = 12 * 1024 * 1024
# GDAL reads an overview that is coarser than asked for by so much, too.
_COARSER = 1.2

Part = tuple[Window, Raster]


def read_blocks(reader: Reader, frame: int | None, number: int) -> Iterator[Part]:
    """Yield the windows (left, top, right, bottom) of the pixel grid that make up an image, with
    the samples of a band (1-based) in them.

    Raises `StyleError` for a frame or band that there is not, `BudgetError` where a block alone is
    more than the settings allow.
    """
    whole = (0, 0, reader.sourceSizeX, reader.sourceSizeY)
    if not isinstance(reader, ForeignReader):
        yield from _read(reader, frame, (number,), whole, 1.0, LIMIT)
        return
    for box in _boxes(whole, (reader.tileWidth, reader.tileHeight), LIMIT):
        yield _read_foreign(reader, frame, (number,), box, 1.0)


def read_thinned(
    reader: Reader, frame: int | None, numbers: Sequence[int], box: Box, scale: float
) -> Iterator[Part]:
    """Yield windows that make up a box of the pixel grid, with samples of bands in them: of about
    `scale` pixels each way the nearest one that the file or an overview holds.

    Raises as `read_blocks` does, and `BudgetError` before more is read than the settings allow.
    """
    if isinstance(reader, ForeignReader):
        yield _read_foreign(reader, frame, numbers, box, scale)
        return
    count = len(reader.select_bands(numbers))
    with reader.pool(frame).borrow() as dataset:
        reading.check_read(dataset, box[2] * box[3], scale, count)
    yield from _read(reader, frame, numbers, box, scale, THINNED_LIMIT)


def _read(
    reader: RasterTileSource,
    frame: int | None,
    numbers: Sequence[int],
    whole: Box,
    scale: float,
    limit: int,
) -> Iterator[Part]:
    bands, pool = reader.select_bands(numbers), reader.pool(frame)
    with pool.borrow() as dataset:
        cell, density = _cell(dataset, scale, len(bands))
    for part in _boxes(whole, cell, int(limit / density)):
        # A block alone may be more than is read at once.
        for box in _boxes(part, (part[2], math.ceil(scale)), int(limit * scale**2 / len(bands))):
            window = _window(box)
            # Nobody else's code runs while a handle is lent.
            with pool.borrow() as dataset:
                raster = reading.read_window(
                    dataset,
                    bands,
                    window,
                    _thinned(box, scale),
                    'nearest',
                    opaque=reader.description.opaque,
                    # Those of a large image would push out the blocks that tiles are made of.
                    identity=reader.description.identity if box == whole else None,
                )
                if box[1] + box[3] == part[1] + part[3]:
                    _release(dataset)
            yield window, raster


def _read_foreign(
    reader: ForeignReader, frame: int | None, numbers: Sequence[int], box: Box, scale: float
) -> Part:
    window, size = _window(box), _thinned(box, scale)
    raster = reader.read_window(window, size, frame=frame, bands=numbers, resampling='nearest')
    return window, raster


def _cell(dataset: gdal.Dataset, scale: float, count: int) -> tuple[Size, float]:
    """Return which pixels (width, height) of the full resolution are decoded together where so many
    bands are read at a scale, and how many samples are decoded for each of them.
    """
    band = dataset.GetRasterBand(1)
    levels = [band, *(band.GetOverview(index) for index in range(band.GetOverviewCount()))]
    factors = [band.XSize / level.XSize for level in levels]
    factor = max(each for each in factors if each <= max(1.0, scale * _COARSER))
    width, height = levels[factors.index(factor)].GetBlockSize()
    # Of blocks that no sample is taken from none is decoded.
    least = math.ceil(scale)
    cell = max(least, round(width * factor)), max(least, round(height * factor))
    columns, rows = band.GetBlockSize()
    together = reading.block_samples(dataset) // (columns * rows)
    return cell, max(together, count) / factor**2


def _release(dataset: gdal.Dataset) -> None:
    """Give back what GDAL decoded of a dataset, and of its overviews, which hold their own."""
    dataset.FlushCache()
    first = dataset.GetRasterBand(1)
    first.GetMaskBand().FlushCache()
    for index in range(first.GetOverviewCount()):
        for level in level_bands(dataset, index + 1):
            level.FlushCache()
        first.GetOverview(index).GetMaskBand().FlushCache()


def _thinned(box: Box, scale: float) -> Size:
    """Return how many samples are read of a box: never more, lest GDAL takes a finer overview."""
    # What the division of floats leaves over.
    width, height = (max(1, int(side / scale + 1e-6)) for side in box[2:])
    return width, height


def _boxes(whole: Box, block: Size, limit: int) -> Iterator[Box]:
    """Yield boxes of whole blocks that fill a box, of `limit` pixels as far as blocks allow it."""
    left, top, width, height = whole
    columns = block[0] * min(max(1, limit // (block[0] * block[1])), -(-width // block[0]))
    rows = block[1] * max(1, limit // (columns * block[1]))
    for y in range(0, height, rows):
        for x in range(0, width, columns):
            yield left + x, top + y, min(columns, width - x), min(rows, height - y)


def _window(box: Box) -> Window:
    left, top, width, height = box
    return float(left), float(top), float(left + width), float(top + height)
