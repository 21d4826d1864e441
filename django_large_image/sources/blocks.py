"""Every sample of an image, in parts of which no block of the file is read twice."""

from __future__ import annotations

from collections.abc import Iterator

from django_large_image.pixels.raster import Raster, Size
from django_large_image.sources import reading
from django_large_image.sources.boxes import Box, Window
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource

# Samples of a band that are read at once.
LIMIT = 512 * 1024


def read_blocks(reader: Reader, frame: int | None, number: int) -> Iterator[tuple[Window, Raster]]:
    """Yield the windows (left, top, right, bottom) of the pixel grid that make up an image, with
    the samples of a band (1-based) in them.

    What GDAL decoded is given back with each block: memory stays bounded, however large the image.
    Raises `StyleError` for a frame or band that there is not.
    """
    size = reader.sourceSizeX, reader.sourceSizeY
    if not isinstance(reader, RasterTileSource):
        for box in _boxes((0, 0, *size), (reader.tileWidth, reader.tileHeight)):
            window = _window(box)
            raster = reader.read_window(
                window, box[2:], frame=frame, bands=(number,), resampling='nearest'
            )
            yield window, raster
        return
    bands, pool = reader.select_bands((number,)), reader.pool(frame)
    with pool.borrow() as dataset:
        band = dataset.GetRasterBand(number)
        block = band.GetBlockSize()
    for whole in _boxes((0, 0, *size), block):
        # A block alone may be more than is read at once.
        for box in _boxes(whole, (whole[2], 1)):
            window = _window(box)
            # Nobody else's code runs while a handle is lent.
            with pool.borrow() as dataset:
                raster = reading.read_window(
                    dataset, bands, window, box[2:], 'nearest', opaque=reader.description.opaque
                )
                if window[3] == whole[1] + whole[3]:
                    dataset.FlushCache()
                    dataset.GetRasterBand(1).GetMaskBand().FlushCache()
            yield window, raster


def _boxes(whole: Box, block: Size) -> Iterator[Box]:
    """Yield boxes of whole blocks that fill a box, of `LIMIT` pixels as far as blocks allow it."""
    left, top, width, height = whole
    columns = block[0] * max(1, LIMIT // (block[0] * block[1]))
    columns = min(columns, width)
    rows = block[1] * max(1, LIMIT // (columns * block[1]))
    for y in range(0, height, rows):
        for x in range(0, width, columns):
            yield left + x, top + y, min(columns, width - x), min(rows, height - y)


def _window(box: Box) -> Window:
    left, top, width, height = box
    return float(left), float(top), float(left + width), float(top + height)
