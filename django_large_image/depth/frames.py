"""Frames: the rows of an image between two depths or row numbers, out of the chunks they lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from django_large_image.depth import levels
from django_large_image.depth.models import Chunk, DepthImage
from django_large_image.exceptions import MissingError

DEPTHS = np.dtype('<f8')
VALUES = np.dtype('<f4')


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Neighbouring rows: `depths` float64 (n), increasing, and `values` float32 (n, width)."""

    depths: NDArray[np.float64]
    values: NDArray[np.float32]


def read(
    image: DepthImage, depth_min: float | None = None, depth_max: float | None = None
) -> Frame:
    """Return the rows from one depth to another, both included; None: the image's own.

    Takes a query more than `span` for each limit, and none of them reads values of other chunks.
    Raises `MissingError` where the image was deleted meanwhile.
    """
    return rows(image, *span(image, depth_min, depth_max))


def span(
    image: DepthImage, depth_min: float | None = None, depth_max: float | None = None
) -> tuple[int, int]:
    """Return the numbers of the first row of a range of depths and of the row after the last.

    They are the same where no row lies between the depths. Each limit that is given takes a query
    that reads the depths of one chunk.
    """
    start = 0 if depth_min is None else _row(image, depth_min, 'left')
    stop = image.rows if depth_max is None else _row(image, depth_max, 'right')
    return start, max(start, stop)


def rows(image: DepthImage, start: int, stop: int, step: int = 1) -> Frame:
    """Return rows by their numbers, from 0; `stop` is the row after the last.

    With a `step` each row that is returned is the mean of so many (NaN left out), as is its depth;
    they begin at multiples of `step`: `start` is rounded down to one, `stop` up. One query; powers
    of `levels.FACTOR` read the least, powers of two a few times as much. What lies outside the
    image is left out. Raises `MissingError` where the image was deleted meanwhile.
    """
    start, stop = max(start, 0), min(stop, image.rows)
    if start >= stop:
        return Frame(np.empty(0), np.empty((0, image.width), np.float32))
    level, stride = 0, 1
    last = levels.count(image.rows, image.chunk_rows) - 1
    while level < last and step % (stride * levels.FACTOR) == 0:
        level, stride = level + 1, stride * levels.FACTOR
    size = step // stride
    stop = min(-(-stop // step) * step, image.rows)
    frame = _level(image, level, start // step * size, -(-stop // stride))
    if size == 1:
        return frame
    return Frame(levels.means(frame.depths, size), levels.means(frame.values, size))


def _row(image: DepthImage, depth: float, side: Literal['left', 'right']) -> int:
    """Return how many rows lie above a depth; with 'right' those at the depth are among them."""
    above = Chunk.objects.filter(image=image, level=0, depth_min__lte=depth).order_by('-depth_min')
    found = above.values_list('number', 'depths').first()
    if found is None:
        return 0
    number, depths = found
    among = np.searchsorted(np.frombuffer(depths, DEPTHS), depth, side)
    return int(number * image.chunk_rows + among)


def _level(image: DepthImage, level: int, start: int, stop: int) -> Frame:
    """Return some rows of a level."""
    first, last = start // image.chunk_rows, (stop - 1) // image.chunk_rows
    chunks = Chunk.objects.filter(image=image, level=level, number__range=(first, last))
    found = chunks.order_by('number').values_list('depths', 'values')
    depths = b''.join(row[0] for row in found)
    values = b''.join(row[1] for row in found)
    start, stop = start - first * image.chunk_rows, stop - first * image.chunk_rows
    if len(depths) < stop * DEPTHS.itemsize:
        raise MissingError('The depth image is not there any more.')
    return Frame(
        np.frombuffer(depths, DEPTHS)[start:stop].astype(np.float64),
        np.frombuffer(values, VALUES).reshape(-1, image.width)[start:stop].astype(np.float32),
    )
