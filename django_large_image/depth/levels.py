"""Levels of detail: the rows of a log and, for pictures of many of them, means of ever more."""

from __future__ import annotations

import numpy as np

from django_large_image.pixels.raster import Array

# How many rows of a level become one of the next: all further levels add a seventh to the first.
FACTOR = 8


def count(rows: int, chunk_rows: int) -> int:
    """Return how many levels an image has: the last one fits into a chunk."""
    levels = 1
    while rows > chunk_rows:
        rows = -(-rows // FACTOR)
        levels += 1
    return levels


def means(data: Array, size: int) -> Array:
    """Return the means of every `size` rows (the last one of those that are left), NaN left out.

    `data` has the shape (rows, ...), and its type is kept.
    """
    first = np.arange(0, len(data), size)
    valid = ~np.isnan(data)
    sums = np.add.reduceat(np.where(valid, data, 0), first, axis=0, dtype=np.float64)
    counts = np.add.reduceat(valid, first, axis=0, dtype=np.int64)
    with np.errstate(invalid='ignore'):  # nothing by nothing is NaN
        return (sums / counts).astype(data.dtype)
