"""Chunks of rows in the database."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_large_image.depth import levels, storing
from django_large_image.depth.loading import load
from tests.depth import factories


@pytest.mark.parametrize(
    ('width', 'rows'), [(1, 256), (150, 256), (512, 256), (1000, 128), (16384, 8), (10**6, 8)]
)
def test_chunks_of_wide_images_have_less_rows(width: int, rows: int) -> None:
    assert storing.chunk_rows(width) == rows


def test_what_is_written(db: None) -> None:
    depths, values = np.arange(3000) / 3, factories.numbers(3000, 4)
    with CaptureQueriesContext(connection) as queries:
        image = load(factories.npy(np.column_stack([depths, values])), width=4)
    # Few statements: a savepoint, the image, its chunks by levels, the version.
    assert len(queries) <= 8
    chunks = list(image.chunks.order_by('level', 'number'))
    assert [(chunk.level, chunk.number, chunk.rows) for chunk in chunks] == [
        *((0, number, 256) for number in range(11)),
        (0, 11, 184),
        (1, 0, 256),
        (1, 1, 119),
        (2, 0, 47),
    ]
    assert b''.join(chunk.values for chunk in chunks[:12]) == values.tobytes()
    assert b''.join(chunk.depths for chunk in chunks[:12]) == depths.tobytes()
    assert all(
        (chunk.depth_min, chunk.depth_max) == tuple(np.frombuffer(chunk.depths)[[0, -1]])
        for chunk in chunks
    )
    first = np.frombuffer(chunks[12].values, '<f4').reshape(-1, 4)
    assert np.array_equal(first, levels.means(values[:2048], 8))
    assert len(image.version) == 32
