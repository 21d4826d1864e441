"""Levels of detail."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.depth import levels


@pytest.mark.parametrize(
    ('rows', 'expected'), [(1, 1), (256, 1), (257, 2), (2048, 2), (2049, 3), (1_000_000, 5)]
)
def test_the_last_level_fits_into_a_chunk(rows: int, expected: int) -> None:
    assert levels.count(rows, 256) == expected


def test_means_leave_out_what_is_missing() -> None:
    data = np.array([[1, np.nan], [3, np.nan], [np.nan, 5], [7, 6], [-9, 8]], 'f4')
    found = levels.means(data, 2)
    np.testing.assert_array_equal(found, [[2, np.nan], [7, 5.5], [-9, 8]])
    assert found.dtype == np.dtype('f4')
    np.testing.assert_array_equal(levels.means(np.arange(5.0), 8), [2])


def test_means_of_large_numbers_are_finite() -> None:
    assert levels.means(np.full((8, 1), 3e38, 'f4'), 8) == np.float32(3e38)
