"""Samples of images: as many as are wanted, from everywhere, of whatever fits into the memory."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.sources import blocks, sampling
from django_large_image.sources.sampling import measure_bands, read_parts, read_sample

from .references import source

RNG = np.random.default_rng(4)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """An image of many parts without a large one."""
    monkeypatch.setattr(sampling, 'SAMPLE_SIZE', 64)
    monkeypatch.setattr(blocks, 'THINNED_LIMIT', 10_000)


def test_a_sample_in_parts_is_one_of_the_whole(make_raster):
    data = RNG.normal(50, 9, (2, 500, 700)).astype('f4') + np.arange(700, dtype='f4') / 9
    options = {'TILED': 'YES', 'BLOCKXSIZE': 64, 'BLOCKYSIZE': 64}
    reader = source(make_raster(data, options=options))
    assert len(list(read_parts(reader, None, (1, 2)))) > 9
    raster = read_sample(reader, None, (2, 1))
    assert raster.numbers == (2, 1)
    assert raster.mask is None
    assert 64 * 45 * 0.7 < raster.data[:, :, 0].size <= 64 * 46
    for index, band in enumerate(data[::-1]):
        assert np.isin(raster.data[:, :, index], band).all()
        expected = np.percentile(band, [5, 50, 95])
        found = np.percentile(raster.data[:, :, index], [5, 50, 95])
        np.testing.assert_allclose(found, expected, atol=2)


def test_what_is_masked_in_any_part_is_no_sample(make_raster):
    data = np.full((500, 700), 7, 'u1')
    data[:, 350:] = 200
    options = {'TILED': 'YES', 'BLOCKXSIZE': 64, 'BLOCKYSIZE': 64}
    reader = source(make_raster(data, mask=data == 7, options=options))
    (found,) = measure_bands(reader, None, [1])
    assert (found.minimum, found.maximum) == (7, 7)
    assert found.approximate


def test_images_that_are_too_large_are_sampled_in_windows(make_raster, settings, monkeypatch):
    monkeypatch.setattr(blocks, 'THINNED_LIMIT', 1 << 20)
    reader = source(make_raster(np.tile(np.arange(700, dtype='u2'), (500, 1))))
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 500 * 700 - 1}
    windows = [window for window, _ in read_parts(reader, None, (1,))]
    assert len(windows) == 16
    assert {right - left for left, _, right, _ in windows} == {16}
    assert (min(windows)[:2], max(windows)[2:]) == ((0, 0), (700, 500))
