"""Statistics of bands: measured once per version of a file, and kept in the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from django_large_image import cache
from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError
from django_large_image.pixels.distribution import Moments
from django_large_image.pixels.statistics import BandStatistics, count_bins, widen
from django_large_image.sources.blocks import read_blocks
from django_large_image.sources.opening import Reader
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.sampling import (
    is_sampled,
    measure_bands,
    read_sample,
    valid_samples,
)

# The bands of a picture are measured together: they lie together in most files.
_GROUP = 4

Measured = dict[int, BandStatistics | None]


def band_statistics(
    reader: Reader, reference: ImageReference | None, frame: int | None, band: int
) -> BandStatistics | None:
    """Return the statistics of a band (1-based) of a frame, with a histogram of 256 bins.

    None when the band has no valid sample.
    """
    count = len(reader.bands)
    numbers = tuple(range(1, count + 1)) if count <= _GROUP else (band,)

    def measure() -> Measured:
        return dict(zip(numbers, measure_bands(reader, frame, numbers), strict=True))

    if reference is None or not reference.identity:
        return measure()[band]
    key = cache.make_key('statistics', *reference.identity, frame or 0, numbers)
    return cache.get_or_make(key, measure)[band]


def histogram(
    reader: Reader,
    frame: int | None,
    band: int,
    *,
    bins: int,
    limits: tuple[float, float] | None,
    exact: bool,
) -> BandStatistics | None:
    """Return the statistics of a band with a histogram as asked for; `exact` reads every sample.

    Raises `BudgetError` when an exact one would read more than is allowed.
    """
    if exact and is_sampled(reader):
        return _exact(reader, frame, band, bins, limits)
    samples = valid_samples(read_sample(reader, frame, (band,)))
    return BandStatistics.from_samples(samples, bins, limits=limits, approximate=is_sampled(reader))


def _exact(
    reader: Reader, frame: int | None, band: int, bins: int, limits: tuple[float, float] | None
) -> BandStatistics | None:
    """Measure every sample, part by part: once for the moments, once for the histogram."""
    if reader.sourceSizeX * reader.sourceSizeY > settings.MAX_READ_PIXELS:
        raise BudgetError('An exact histogram of this image would read too many samples.')
    moments, whole = Moments(), True
    for samples in _samples(reader, frame, band):
        whole = samples.dtype.kind in 'iu'
        moments.add(samples)
    if not moments.count:
        return None
    low, high = moments.minimum, moments.maximum
    edges = widen(limits or (low, high + (1.0 if whole or high == low else 0.0)), bins)
    counts = np.zeros(bins, np.int64)
    for samples in _samples(reader, frame, band):
        counts += count_bins(samples, bins, edges)
    return BandStatistics(
        minimum=low,
        maximum=high,
        mean=moments.mean,
        stdev=moments.stdev,
        counts=tuple(counts.tolist()),
        edges=edges,
    )


def _samples(reader: Reader, frame: int | None, band: int) -> Iterator[NDArray[np.generic]]:
    """Yield the valid finite samples of a band, a bounded number at a time."""
    for _, raster in read_blocks(reader, frame, band):
        samples = valid_samples(raster)
        yield samples if samples.dtype.kind in 'iu' else samples[np.isfinite(samples)]
