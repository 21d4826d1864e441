"""Samples of rasters, and several of them laid together."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.samples import Mosaic, Samples


def raster(values: list[float], mask: list[int] | None, dtype: str = 'float32') -> Raster:
    """Return a raster of one row and one band."""
    data = np.array(values, dtype).reshape(1, -1, 1)
    hidden = None if mask is None else np.array([mask], np.uint8)
    return Raster(data, hidden, (Band(1, dtype=dtype),))


def test_what_the_mask_hides_or_is_no_number_is_not_valid():
    samples = Samples.of(raster([1, np.nan, np.inf, 4], [255, 255, 255, 0]))
    assert samples.valid is not None
    assert samples.valid.tolist() == [[True, False, False, False]]
    np.testing.assert_array_equal(samples.floats(), [[1, np.nan, np.nan, np.nan]])
    whole = Samples.of(raster([1, 2], [255, 255], 'uint16'))
    assert whole.valid is None
    assert whole.complete
    assert whole.values.dtype == np.uint16


LAYERS = [
    ([1, 2, 3, 4, 5], [1, 0, 0, 1, 0]),
    ([10, 20, 30, 1, 50], [1, 1, 0, 1, 0]),
    ([7, 8, 9, 10, 11], [1, 1, 1, 1, 0]),
]


@pytest.mark.parametrize('dtype', ['uint8', 'float64'])
@pytest.mark.parametrize(
    ('rule', 'expected'),
    [
        ('first', [1, 20, 9, 4]),
        ('min', [1, 8, 9, 1]),
        ('max', [10, 20, 9, 10]),
        ('mean', [6, 14, 9, 5]),
    ],
)
def test_the_rule_says_what_a_pixel_is_that_is_in_several(rule, expected, dtype):
    mosaic = Mosaic(rule)
    assert mosaic.result() is None
    for values, valid in LAYERS:
        mosaic.add(Samples(np.array([values], dtype), np.array([valid], bool)))
    result = mosaic.result()
    assert result is not None
    assert result.values[0, :4].tolist() == expected
    assert result.valid is not None
    assert result.valid.tolist() == [[True, True, True, True, False]]
    assert not mosaic.settled


def test_only_the_first_of_all_settles_a_pixel():
    for rule, settled in (('first', True), ('max', False)):
        mosaic = Mosaic(rule)
        mosaic.add(Samples(np.array([[1, 2]]), np.array([[True, False]])))
        assert not mosaic.settled
        mosaic.add(Samples(np.array([[3, 4]]), None))
        assert mosaic.settled is settled


def test_types_are_mixed_without_loss():
    mosaic = Mosaic('first')
    mosaic.add(Samples(np.array([[250, 0]], np.uint8), np.array([[True, False]])))
    mosaic.add(Samples(np.array([[0, -0.5]], np.float32), None))
    result = mosaic.result()
    assert result is not None
    assert result.values.tolist() == [[250, -0.5]]
    summed = Mosaic('mean')
    for _ in range(3):
        summed.add(Samples(np.full((1, 1), 65535, np.uint16), None))
    assert summed.result().values.tolist() == [[65535]]  # type: ignore[union-attr]


def test_nothing_has_no_samples():
    nothing = Samples.nothing((3, 2))
    assert nothing.values.shape == (2, 3)
    assert not nothing.complete
