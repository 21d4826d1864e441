"""Rasters: selections, masks, blanks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from django_large_image.exceptions import StyleError
from django_large_image.pixels.raster import Band, Raster

BANDS = tuple(Band(number, dtype='uint16') for number in (1, 2, 5))


def raster(mask: np.ndarray | None = None) -> Raster:
    data = np.arange(2 * 4 * 3, dtype=np.uint16).reshape(2, 4, 3)
    return Raster(data, mask, BANDS)


def test_measures() -> None:
    found = raster()
    assert (found.height, found.width, found.dtype, found.numbers) == (2, 4, np.uint16, (1, 2, 5))


def test_select_keeps_order_and_means_band_numbers() -> None:
    found = raster().select([5, 1])
    assert found.numbers == (5, 1)
    assert found.data[0, 0].tolist() == [2, 0]


@pytest.mark.parametrize('numbers', [(1, 2, 5), (1, 2), (5,)])
def test_select_of_neighbours_does_not_copy(numbers: tuple[int, ...]) -> None:
    whole = raster()
    assert np.shares_memory(whole.select(numbers).data, whole.data)


def test_a_band_that_was_not_read() -> None:
    with pytest.raises(StyleError, match='Band 3 was not read'):
        raster().select([3])
    with pytest.raises(StyleError, match='Band 3 was not read'):
        raster().band(3)


def test_band_is_a_view() -> None:
    assert raster().band(2).tolist() == [[1, 4, 7, 10], [13, 16, 19, 22]]


def test_empty_and_opaque() -> None:
    assert raster().opaque
    assert not raster().empty
    some = np.zeros((2, 4), np.uint8)
    assert raster(some).empty
    some[0, 0] = 255
    assert not raster(some).empty
    assert not raster(some).opaque
    assert raster(np.full((2, 4), 255, np.uint8)).opaque


def test_blank() -> None:
    found = Raster.blank(3, 5, BANDS)
    assert found.data.shape == (3, 5, 3)
    assert found.dtype == np.uint16
    assert found.empty


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        raster().mask = None  # type: ignore[misc]
