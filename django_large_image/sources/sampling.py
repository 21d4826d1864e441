"""Samples that stand for a whole image, and what is measured in them.

They come from an overview. An image without one that is too large to be decoded as a whole is
sampled in small windows spread over it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import BudgetError
from django_large_image.pixels.raster import Raster
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.sources.boxes import Window

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
    """Return bands of the whole image, at most `SAMPLE_SIZE` pixels each way.

    Only values that the file or its overviews hold: nearest neighbours.
    """
    parts = [raster for _, raster in read_parts(reader, frame, numbers)]
    if len(parts) == 1:
        return parts[0]
    masks = [
        np.full(part.data.shape[:2], 255, np.uint8) if part.mask is None else part.mask
        for part in parts
    ]
    return Raster(np.vstack([part.data for part in parts]), np.vstack(masks), parts[0].bands)


def read_parts(
    reader: Reader, frame: int | None, numbers: Sequence[int]
) -> list[tuple[Window, Raster]]:
    """Return the sample of `read_sample` with where it lies in the image: one part, or the small
    windows of an image that is too large.
    """
    width, height = reader.sourceSizeX, reader.sourceSizeY
    scale = max(1.0, max(width, height) / SAMPLE_SIZE)
    size = (max(1, math.ceil(width / scale)), max(1, math.ceil(height / scale)))
    window = (0.0, 0.0, float(width), float(height))
    try:
        raster = reader.read_window(window, size, frame=frame, bands=numbers, resampling='nearest')
    except BudgetError:
        return _read_windows(reader, frame, numbers)
    return [(window, raster)]


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


def _read_windows(
    reader: Reader, frame: int | None, numbers: Sequence[int]
) -> list[tuple[Window, Raster]]:
    side = SAMPLE_SIZE // _WINDOWS
    size = width, height = min(side, reader.sourceSizeX), min(side, reader.sourceSizeY)
    parts = []
    for row in range(_WINDOWS):
        for column in range(_WINDOWS):
            left = float((reader.sourceSizeX - width) * column // (_WINDOWS - 1))
            top = float((reader.sourceSizeY - height) * row // (_WINDOWS - 1))
            window = (left, top, left + width, top + height)
            raster = reader.read_window(
                window, size, frame=frame, bands=numbers, resampling='nearest'
            )
            parts.append((window, raster))
    return parts
