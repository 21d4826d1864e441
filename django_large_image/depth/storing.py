"""Spooled rows into the database, in chunks at every level of detail."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
from django.conf import settings
from django.db import reset_queries, router, transaction
from numpy.typing import NDArray

from django_large_image.depth import levels
from django_large_image.depth.frames import DEPTHS, VALUES
from django_large_image.depth.models import Chunk, DepthImage
from django_large_image.depth.spool import Spool, spool

# Rows of a chunk: from 32 to 1024 of them, a frame of 500 rows takes about the same time.
MAX_ROWS = 256
# Bytes of its values, for wider images, and of the chunks that one statement writes.
_CHUNK = 512 * 1024
_BATCH = 2 * 1024 * 1024


def chunk_rows(width: int) -> int:
    """Return how many rows of an image of some width are a chunk: a multiple of FACTOR."""
    rows = _CHUNK // (width * VALUES.itemsize)
    return max(levels.FACTOR, min(MAX_ROWS, rows // levels.FACTOR * levels.FACTOR))


def store(
    image: DepthImage,
    rows: Spool,
    order: NDArray[np.int64],
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Write an image that has all but `chunk_rows` and `version`, and its chunks: all or nothing.

    `order` are the numbers of the rows by depth; `progress` is told how many of them are written.
    """
    image.chunk_rows = chunk_rows(image.width)
    digest = hashlib.blake2b(digest_size=16)
    with transaction.atomic(using=router.db_for_write(DepthImage)), ExitStack() as spools:
        image.save(force_insert=True)
        for level in range(levels.count(image.rows, image.chunk_rows)):
            coarser = spools.enter_context(spool(image.width))
            for chunk in _written(_chunks(image, level, rows, order, coarser), image):
                if level == 0:
                    digest.update(chunk.depths)
                    digest.update(chunk.values)
                    progress(chunk.number * image.chunk_rows + chunk.rows)
            rows, order = coarser, np.arange(len(coarser.depths()))
        image.version = digest.hexdigest()
        image.save(update_fields=['version'])


def _chunks(
    image: DepthImage, level: int, rows: Spool, order: NDArray[np.int64], coarser: Spool
) -> Iterator[Chunk]:
    """Yield the chunks of a level, and put the rows of the next one into a spool."""
    all_depths = rows.depths()
    for number, first in enumerate(range(0, len(order), image.chunk_rows)):
        which = order[first : first + image.chunk_rows]
        depths, values = all_depths[which], rows.values(which)
        coarser.add(levels.means(depths, levels.FACTOR), levels.means(values, levels.FACTOR))
        yield Chunk(
            image=image,
            level=level,
            number=number,
            rows=len(which),
            depth_min=depths[0],
            depth_max=depths[-1],
            depths=depths.astype(DEPTHS).tobytes(),
            values=values.astype(VALUES).tobytes(),
        )


def _written(chunks: Iterator[Chunk], image: DepthImage) -> Iterator[Chunk]:
    """Write chunks, some in one statement, and yield them."""
    size = max(1, _BATCH // (image.chunk_rows * image.width * VALUES.itemsize))
    while batch := list(itertools.islice(chunks, size)):
        Chunk.objects.bulk_create(batch)
        if settings.DEBUG:
            # Django keeps each statement with all of its bytes.
            reset_queries()
        yield from batch
