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
    width, height = reader.sourceSizeX, reader.sourceSizeY
    scale = max(1.0, max(width, height) / SAMPLE_SIZE)
    size = (max(1, math.ceil(width / scale)), max(1, math.ceil(height / scale)))
    window = (0.0, 0.0, float(width), float(height))
    try:
        return reader.read_window(window, size, frame=frame, bands=numbers, resampling='nearest')
    except BudgetError:
        return _read_windows(reader, frame, numbers)


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
    values = raster.data[:, :, index]
    valid = np.ones(values.shape, bool) if raster.mask is None else raster.mask > 0
    nodata = raster.bands[index].nodata
    if nodata is not None and not math.isnan(nodata):
        valid &= values != nodata
    return values[valid]


def _read_windows(reader: Reader, frame: int | None, numbers: Sequence[int]) -> Raster:
    side = SAMPLE_SIZE // _WINDOWS
    width, height = min(side, reader.sourceSizeX), min(side, reader.sourceSizeY)
    parts = []
    for row in range(_WINDOWS):
        for column in range(_WINDOWS):
            left = (reader.sourceSizeX - width) * column // (_WINDOWS - 1)
            top = (reader.sourceSizeY - height) * row // (_WINDOWS - 1)
            window = (float(left), float(top), float(left + width), float(top + height))
            parts.append(
                reader.read_window(
                    window, (width, height), frame=frame, bands=numbers, resampling='nearest'
                )
            )
    masks = [np.full((height, width), 255, np.uint8) if p.mask is None else p.mask for p in parts]
    return Raster(np.vstack([part.data for part in parts]), np.vstack(masks), parts[0].bands)
