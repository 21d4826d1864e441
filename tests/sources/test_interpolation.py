"""Samples between pixels are those of the textbook, and what is masked has no part in them."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels.raster import Band
from django_large_image.sources.interpolation import Patch, clipped, sample

RNG = np.random.default_rng(2)


def bands(count: int, **known: object) -> list[Band]:
    return [Band(number=1 + index, **known) for index in range(count)]


def patch(data: np.ndarray, **known: object) -> Patch:
    return Patch(
        **{'alpha': None, 'soft': False, 'valid': None, 'blur': (1, 1), **known, 'data': data}
    )


def places(*shape: int, low: float = 3, high: float = 25) -> tuple[np.ndarray, np.ndarray]:
    x, y = (RNG.uniform(low, high, shape).astype(np.float32) for _ in range(2))
    return x, y


def at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.dstack((x, y))


def triangle(
    data: np.ndarray, x: np.ndarray, y: np.ndarray, blur: tuple[float, float]
) -> np.ndarray:
    """Return the weighted means that a triangle of these half-widths takes, one by one."""
    rows, columns = np.mgrid[0 : data.shape[0], 0 : data.shape[1]]
    found = np.empty((*x.shape, data.shape[2]))
    for index in np.ndindex(x.shape):
        across = np.maximum(0, 1 - np.abs(columns - x[index]) / blur[0])
        down = np.maximum(0, 1 - np.abs(rows - y[index]) / blur[1])
        weights = (across * down)[:, :, None]
        found[index] = (weights * data).sum(axis=(0, 1)) / weights.sum()
    return found


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32', 'float64'])
@pytest.mark.parametrize('count', [1, 3, 4, 7])
def test_bilinear_is_the_mean_of_four_neighbours(dtype, count):
    data = (RNG.random((30, 30, count)) * 250).astype(dtype)
    x, y = places(9, 11)
    found, mask = sample(patch(data), at(x, y), 'bilinear', bands(count))
    assert mask is None
    assert found.dtype == data.dtype
    np.testing.assert_allclose(
        found, triangle(data, x, y, (1, 1)), atol=0.51 if data.dtype.kind in 'iu' else 0.05
    )


@pytest.mark.parametrize('blur', [(1.3, 1.3), (1.5, 1.9), (2.0, 2.0), (3.2, 2.6), (5.0, 1.0)])
def test_a_blur_averages_over_that_many_pixels(blur):
    data = (40 + RNG.normal(0, 10, (40, 40, 1))).astype('float32')
    x, y = places(12, 12, low=8, high=30)
    found, _ = sample(patch(data, blur=blur), at(x, y), 'bilinear', bands(1))
    expected = triangle(data, x, y, blur)
    assert np.abs(found - expected).mean() < 0.12 * 10
    # It neither brightens nor darkens, and averages as much noise away.
    assert abs(found.mean() - expected.mean()) < 0.3
    assert found.std() == pytest.approx(expected.std(), rel=0.25)


def test_nearest_takes_the_pixel_in_which_a_place_lies():
    data = np.arange(900, dtype='uint16').reshape(30, 30, 1)
    x, y = (np.round(place, 1) for place in places(20, 20, low=0, high=28))
    found, _ = sample(patch(data, blur=(1.9, 1.9)), at(x, y), 'nearest', bands(1))
    expected = data[np.floor(y + 0.5).astype(int), np.floor(x + 0.5).astype(int)]
    np.testing.assert_array_equal(found, expected)


def test_a_border_of_two_pixels_belongs_to_the_later_one():
    data = np.arange(8, dtype='uint8').reshape(1, 8, 1)
    x = np.array([[0.5, 1.5, 2.5, 3.5]], np.float32)
    found, _ = sample(patch(data), at(x, np.zeros_like(x)), 'nearest', bands(1))
    np.testing.assert_array_equal(found[0, :, 0], [1, 2, 3, 4])


@pytest.mark.parametrize('blur', [(1, 1), (1.8, 1.8), (3, 3)])
def test_what_is_not_valid_has_no_part(blur):
    data = np.full((30, 30, 2), 100, 'int16')
    valid = RNG.random((30, 30, 2)) < 0.6
    data[~valid] = -9999
    x, y = places(15, 15)
    found, mask = sample(
        patch(data, valid=valid, blur=blur), at(x, y), 'bilinear', bands(2, nodata=-9999.0)
    )
    assert set(np.unique(found)) <= {100, -9999}
    nearest = valid[np.floor(y + 0.5).astype(int), np.floor(x + 0.5).astype(int)].any(axis=2)
    np.testing.assert_array_equal(mask > 0, nearest)


def test_alpha_weighs_samples_and_is_interpolated():
    data = np.zeros((4, 4, 1), 'uint8')
    data[:, 2:] = 200
    alpha = np.full((4, 4), 255, 'uint8')
    alpha[:, 2:] = 51
    x, y = np.full((1, 1), 1.5, np.float32), np.full((1, 1), 1.0, np.float32)
    found, mask = sample(patch(data, alpha=alpha, soft=True), at(x, y), 'bilinear', bands(1))
    assert found[0, 0, 0] == round(200 * 51 / (255 + 51))
    assert mask[0, 0] == (255 + 51) // 2


def test_a_mask_is_never_interpolated():
    data = np.full((20, 20, 1), 9, 'uint8')
    alpha = ((RNG.random((20, 20)) < 0.5) * 255).astype('uint8')
    x, y = places(9, 9, low=2, high=17)
    found, mask = sample(patch(data, alpha=alpha), at(x, y), 'bilinear', bands(1))
    assert set(np.unique(mask)) <= {0, 255}
    assert (found[mask > 0] == 9).all()


@pytest.mark.parametrize('count', [2, 6])
def test_the_number_of_bands_costs_no_precision(count):
    data = (RNG.random((30, 30, count)) * 60_000).astype('float32')
    x, y = places(9, 11)
    found, _ = sample(patch(data), at(x, y), 'bilinear', bands(count))
    for index in range(count):
        alone, _ = sample(patch(data[:, :, index : index + 1]), at(x, y), 'bilinear', bands(1))
        np.testing.assert_array_equal(found[:, :, index], alone[:, :, 0])


@pytest.mark.parametrize('count', [1, 3])
def test_places_beyond_a_window_show_its_outer_pixels(count):
    data = (RNG.random((20, 30, count)) * 65_535).astype('uint16')
    x, y = places(40, 40, low=-9, high=45)
    near = clipped(at(x, y), (30, 20))
    found, _ = sample(patch(data), near, 'bilinear', bands(count))
    expected = triangle(data, x.clip(0, 29), y.clip(0, 19), (1, 1))
    np.testing.assert_allclose(found, expected, atol=0.6)
    corner, _ = sample(patch(data), near[(x > 29) & (y > 19)][np.newaxis], 'bilinear', bands(count))
    assert corner.size
    assert (corner == data[19, 29]).all()


def test_a_patch_is_empty_where_nothing_is_seen():
    data = np.ones((3, 3, 2), 'uint8')
    nowhere, nothing = np.zeros((3, 3), np.uint8), np.zeros(data.shape, bool)
    assert patch(data, alpha=nowhere).empty
    assert patch(data, valid=nothing).empty
    assert not patch(data).empty
    nowhere[1, 1] = nothing[0, 0, 1] = 1
    assert not patch(data, alpha=nowhere, valid=nothing).empty
