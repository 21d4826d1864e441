"""Samples that stand for a whole image, and what is measured in them.

They come from an overview. An image without one is decoded a part at a time, and one that is too
large for that is sampled in small windows spread over it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import BudgetError
from django_large_image.pixels.raster import Raster
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.sources.blocks import read_thinned
from django_large_image.sources.boxes import Box, Window

if TYPE_CHECKING:
    from django_large_image.sources.opening import Reader

# The side of the largest sample that statistics are taken from.
SAMPLE_SIZE = 1024
# Windows across and down where the whole image is too much.
_WINDOWS = 4


def is_sampled(reader: Reader) -> bool:
    """Whether statistics are taken from fewer samples than the image has."""
    return max(reader.sourceSizeX, reader.sourceSizeY) > SAMPLE_SIZE


def read_sample(reader: Reader, frame: int | None, numbers: Sequence[int]) -> Raster:
    """Return bands of the whole image, at most about `SAMPLE_SIZE` pixels each way; in a single
    column where it was read in parts.

    Only values that the file or its overviews hold: nearest neighbours.
    """
    parts = [raster for _, raster in read_parts(reader, frame, numbers)]
    if len(parts) == 1:
        return parts[0]
    data = np.concatenate([part.data.reshape(-1, 1, len(numbers)) for part in parts])
    if all(part.mask is None for part in parts):
        return Raster(data, None, parts[0].bands)
    masks = [
        np.full(part.data.shape[:2], 255, np.uint8) if part.mask is None else part.mask
        for part in parts
    ]
    return Raster(data, np.concatenate([mask.reshape(-1, 1) for mask in masks]), parts[0].bands)


def read_parts(
    reader: Reader, frame: int | None, numbers: Sequence[int]
) -> Iterator[tuple[Window, Raster]]:
    """Yield the sample of `read_sample` with where it lies in the image: its parts, or the small
    windows of an image that is too large.
    """
    width, height = reader.sourceSizeX, reader.sourceSizeY
    scale = max(1.0, max(width, height) / SAMPLE_SIZE)
    try:
        yield from read_thinned(reader, frame, numbers, (0, 0, width, height), scale)
    except BudgetError:
        # Known before anything is read.
        for box in _spread(width, height):
            yield from read_thinned(reader, frame, numbers, box, 1.0)


def measure_bands(
    reader: Reader, frame: int | None, numbers: Sequence[int]
) -> list[BandStatistics | None]:
    """Return the statistics of bands (1-based), with histograms of 256 bins.

    None stands for a band without a valid sample.
    """
    raster = read_sample(reader, frame, numbers)
    return [
        BandStatistics.from_samples(
            valid_samples(raster, index), 256, approximate=is_sampled(reader)
        )
        for index in range(len(raster.bands))
    ]


def valid_samples(raster: Raster, index: int = 0) -> NDArray[Any]:
    """Return the samples (n,) of a raster's band, by index, that are neither masked nor nodata."""
    values, valid = raster.data[:, :, index], valid_mask(raster, index)
    samples: NDArray[Any] = values.reshape(-1) if valid is None else values[valid]
    return samples


def valid_mask(raster: Raster, index: int = 0) -> NDArray[np.bool_] | None:
    """Return which samples (height, width) of a raster's band, by index, are neither masked nor
    nodata; None where all are.
    """
    valid = None if raster.mask is None else raster.mask > 0
    nodata = raster.bands[index].nodata
    if nodata is None or math.isnan(nodata):
        return valid
    values = raster.data[:, :, index]
    whole = values.dtype.kind in 'iu' and float(nodata).is_integer()
    # As a whole number where it is one: numpy need not make floats of the samples. A float32
    # cannot hold all that a file may declare.
    with np.errstate(over='ignore'):
        differs: NDArray[np.bool_] = values != (int(nodata) if whole else nodata)
    return differs if valid is None else valid & differs


def _spread(width: int, height: int) -> Iterator[Box]:
    """Yield the boxes of small windows all over an image."""
    side = SAMPLE_SIZE // _WINDOWS
    columns, rows = min(side, width), min(side, height)
    for row in range(_WINDOWS):
        for column in range(_WINDOWS):
            left = (width - columns) * column // (_WINDOWS - 1)
            yield left, (height - rows) * row // (_WINDOWS - 1), columns, rows
