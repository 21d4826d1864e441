"""Frames against the rows that were loaded, and what is read for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.db.models.expressions import BaseExpression
from django.test.utils import CaptureQueriesContext

from django_large_image.depth import frames, levels
from django_large_image.depth.loading import load
from django_large_image.depth.models import Chunk, DepthImage
from django_large_image.exceptions import MissingError
from tests.depth import factories

ROWS, WIDTH = 5000, 3
DEPTHS = 100 + np.arange(ROWS) / 2
VALUES = factories.numbers(ROWS, WIDTH)
VALUES[::7, 1] = np.nan


@pytest.fixture
def image(db: None) -> DepthImage:
    """5000 rows of 3 values, each half a unit below the one before, in 20 chunks."""
    return load(factories.npy(np.column_stack([DEPTHS, VALUES])), width=WIDTH)


@pytest.fixture
def read_bytes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of what is read of binary columns."""
    lengths: list[int] = []
    usual = connection.ops.get_db_converters

    def counting(expression: BaseExpression) -> list[Any]:
        def count(value: Any, *args: Any) -> Any:
            lengths.append(len(value))
            return value

        binary = expression.output_field.get_internal_type() == 'BinaryField'
        return [*usual(expression), *([count] if binary else [])]

    monkeypatch.setattr(connection.ops, 'get_db_converters', counting)
    return lengths


@pytest.mark.parametrize(
    ('limits', 'start', 'stop'),
    [
        ((None, None), 0, ROWS),
        ((200, 300), 200, 401),
        ((200, None), 200, ROWS),
        ((None, 100), 0, 1),
        ((200.1, 200.4), 201, 201),
        ((200.1, 300.4), 201, 401),
        ((300, 200), 400, 400),
        ((-5, 99), 0, 0),
        ((-5, 1e9), 0, ROWS),
        ((2600, 9999), ROWS, ROWS),
        # The last row of a chunk, and the first one of the next.
        ((227.5, 228), 255, 257),
        ((227.6, 227.9), 256, 256),
        ((float('-inf'), float('inf')), 0, ROWS),
    ],
)
def test_both_ends_are_included(
    limits: tuple[Any, Any], start: int, stop: int, image: DepthImage
) -> None:
    assert frames.span(image, *limits) == (start, stop)
    found = frames.read(image, *limits)
    assert np.array_equal(found.depths, DEPTHS[start:stop])
    assert found.values.tobytes() == VALUES[start:stop].tobytes()
    assert found.values.shape == (stop - start, WIDTH)


def test_any_range_is_the_same_as_of_the_array(image: DepthImage) -> None:
    chosen = np.random.default_rng(2)
    for _ in range(60):
        low, high = sorted(chosen.choice(np.arange(90, 2610) + chosen.choice([0, 0.5, 0.3]), 2))
        among = (low <= DEPTHS) & (high >= DEPTHS)
        found = frames.read(image, low, high)
        assert np.array_equal(found.depths, DEPTHS[among])
        assert found.values.tobytes() == VALUES[among].tobytes()


def test_a_frame_reads_its_chunks_and_no_other(image: DepthImage, read_bytes: list[int]) -> None:
    middle = DEPTHS[2400]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = frames.read(image, middle, DEPTHS[2899])
    assert len(found.depths) == 500
    assert len(queries) == 3
    # The depths of the chunk of each limit, then the depths and values of three chunks.
    row = WIDTH * 4
    assert read_bytes == [256 * 8] * 2 + [256 * 8, 256 * row] * 3
    read_bytes.clear()
    with CaptureQueriesContext(connection) as queries:
        frames.rows(image, 256, 512)
    assert len(queries) == 1
    assert read_bytes == [256 * 8, 256 * row]


@pytest.mark.parametrize('step', [1, 2, 3, 8, 16, 24, 64, 512, 1024, 4096, 5000, 8192])
@pytest.mark.parametrize(('start', 'stop'), [(0, ROWS), (1024, 1300), (4999, 5000)])
def test_rows_of_a_step_are_means(step: int, start: int, stop: int, image: DepthImage) -> None:
    found = frames.rows(image, start, stop, step)
    firsts = range(start // step * step, stop, step)
    expected = (
        [np.nanmean(VALUES[first : first + step].astype('f8'), axis=0) for first in firsts]
        if step > 1
        else VALUES[start:stop]
    )
    depths = [DEPTHS[first : first + step].mean() for first in firsts]
    # Means of means: where some are missing, or at the end, they do not count alike.
    assert found.values.shape == (len(firsts), WIDTH)
    assert np.abs(found.values - expected)[:-1, [0, 2]].max(initial=0) < 1e-3 or step == 1
    np.testing.assert_allclose(found.depths[:-1], depths[:-1])
    assert np.isnan(found.values).sum() == np.isnan(expected).sum()


def test_many_rows_are_read_from_a_coarse_level(image: DepthImage, read_bytes: list[int]) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = frames.rows(image, 0, ROWS, 64)
    assert len(queries) == 1
    assert found.values.shape == (79, WIDTH)
    assert sum(read_bytes) == 79 * (8 + WIDTH * 4)


@pytest.mark.parametrize(('start', 'stop'), [(-9, 2), (4998, 9999), (7, 7), (9, 3), (6000, 7000)])
def test_rows_outside_the_image_are_left_out(start: int, stop: int, image: DepthImage) -> None:
    expected = DEPTHS[max(start, 0) : max(stop, 0)]
    found = frames.rows(image, start, stop)
    assert np.array_equal(found.depths, expected)
    assert (found.values.shape, found.values.dtype) == ((len(expected), WIDTH), np.dtype('f4'))


def test_an_image_that_is_deleted_meanwhile(image: DepthImage) -> None:
    Chunk.objects.all().delete()
    with pytest.raises(MissingError, match='not there any more'):
        frames.rows(image, 0, 10)


def test_a_frame_can_be_written_to(image: DepthImage) -> None:
    found = frames.rows(image, 0, 10)
    found.values[:] = 0
    found.depths[:] = 0
    assert levels.FACTOR == 8
