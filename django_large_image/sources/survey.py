"""What one look at all samples of a band tells: statistics, and where there is anything at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from django_large_image.pixels.distribution import tally
from django_large_image.pixels.raster import Raster
from django_large_image.sources.blocks import read_blocks
from django_large_image.sources.boxes import Window
from django_large_image.sources.hull import (
    PixelHull,
    geographic_bounds,
    geographic_hull,
    geometry_bounds,
)
from django_large_image.sources.opening import Reader
from django_large_image.sources.sampling import is_sampled, read_parts, valid_mask


@dataclass(frozen=True, slots=True)
class Survey:
    """One band (of the first frame) of an image.

    `valid_share` (0-1) is that of pixels which are neither masked, transparent, nodata nor NaN;
    statistics are None, and `percentiles` empty, where there is none. `percentiles` are the 1st to
    the 99th: exact for whole numbers of 8 and 16 bits, of others as precise as
    `distribution.Digest` says. `bounds` (west, south, east, north; degrees) are those of the image,
    `hull` is a GeoJSON geometry round its valid pixels; None without a place on the map.
    `approximate` says that an overview, or windows spread over the image, were read instead of
    every sample.
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    stdev: float | None
    percentiles: tuple[float, ...]
    valid_share: float
    bounds: Window | None
    hull: dict[str, Any] | None
    approximate: bool


def survey(reader: Reader, band: int, *, exact: bool = False) -> Survey:
    """Return what is to be known of a band (1-based), from an overview unless it is to be `exact`.

    Every sample is read once, a bounded number at a time. Raises `StyleError` where there is no
    such band, `UnreadableError` for damaged files.
    """
    approximate = is_sampled(reader) and not exact
    parts: Iterable[tuple[Window, Raster]]
    parts = read_parts(reader, None, (band,)) if approximate else read_blocks(reader, None, band)
    hull, samples, total, found = PixelHull(), None, 0, 0
    for window, raster in parts:
        values = raster.data[:, :, 0]
        valid = valid_mask(raster)
        if values.dtype.kind == 'f':
            finite = np.isfinite(values)
            valid = finite if valid is None else valid & finite
        if valid is None or valid.all():
            hull.fill(window)
            chosen = values.reshape(-1)
        else:
            hull.add(window, valid)
            chosen = values[valid]
        samples = samples or tally(values.dtype)
        samples.add(chosen)
        total, found = total + values.size, found + chosen.size
    known = samples.distribution() if samples is not None else None
    geometry = geographic_hull(reader, hull.points)
    return Survey(
        minimum=known.minimum if known else None,
        maximum=known.maximum if known else None,
        mean=known.mean if known else None,
        stdev=known.stdev if known else None,
        percentiles=known.percentiles if known else (),
        valid_share=found / total if total else 0.0,
        bounds=geographic_bounds(reader) or geometry_bounds(geometry),
        hull=geometry,
        approximate=approximate,
    )
