"""Statistics of bands agree with numpy on the whole image, and are measured once."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.cache import cache as django_cache

from django_large_image.exceptions import BudgetError
from django_large_image.sources import blocks, sampling, statistics
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.statistics import band_statistics, histogram

from .references import source

RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def empty_cache():
    django_cache.clear()


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'int32', 'float32', 'float64'])
def test_small_images_are_measured_exactly(dtype, make_raster):
    data = (RNG.random((3, 70, 90)) * 200).astype(dtype)
    reader = source(make_raster(data))
    for number in (1, 2, 3):
        found = band_statistics(reader, None, None, number)
        plane = data[number - 1].astype('f8')
        assert (found.minimum, found.maximum) == (plane.min(), plane.max())
        assert found.mean == pytest.approx(plane.mean(), rel=1e-12)
        assert found.stdev == pytest.approx(plane.std(), rel=1e-9)
        assert found.samples == plane.size
        assert not found.approximate


@pytest.mark.parametrize(
    ('nodata', 'dtype'), [(0, 'uint8'), (-9999, 'float32'), (np.nan, 'float64'), (-1, 'int16')]
)
def test_nodata_is_not_measured(nodata, dtype, make_raster):
    data = RNG.integers(5, 90, (40, 40)).astype(dtype)
    data[:9] = nodata
    found = band_statistics(source(make_raster(data, nodata=nodata)), None, None, 1)
    assert found.minimum == data[9:].min()
    assert found.mean == pytest.approx(data[9:].mean(dtype='f8'))
    assert found.samples == data[9:].size


def test_what_is_masked_is_not_measured(make_raster):
    data, mask = RNG.integers(0, 90, (40, 40), dtype='uint8'), RNG.random((40, 40)) < 0.5
    found = band_statistics(source(make_raster(data, mask=mask)), None, None, 1)
    assert found.mean == pytest.approx(data[mask].mean())


def test_an_image_of_nothing_has_no_statistics(make_raster):
    reader = source(make_raster(np.zeros((9, 9), 'uint8'), nodata=0))
    assert band_statistics(reader, None, None, 1) is None
    for exact in (False, True):
        assert histogram(reader, None, 1, bins=4, limits=None, exact=exact) is None


def test_large_images_are_sampled(make_raster, monkeypatch):
    monkeypatch.setattr(sampling, 'SAMPLE_SIZE', 64)
    data = RNG.integers(0, 255, (300, 500), dtype='uint8')
    found = band_statistics(source(make_raster(data)), None, None, 1)
    assert found.approximate
    assert found.samples == 64 * 38
    assert found.mean == pytest.approx(data.mean(), rel=0.05)


def test_images_that_cannot_be_decoded_as_a_whole_are_sampled_in_windows(make_raster, settings):
    data = np.tile(np.arange(4000, dtype='uint16'), (1200, 1))
    path = make_raster(data, options={'TILED': 'YES'})
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 1_000_000}
    found = band_statistics(source(path), None, None, 1)
    assert found.approximate
    assert (found.minimum, found.maximum) == (0, 3999)
    with pytest.raises(BudgetError):
        histogram(source(path), None, 1, bins=4, limits=None, exact=True)


def test_statistics_are_measured_once_per_version(make_raster, monkeypatch):
    calls = []
    real = statistics.measure_bands
    monkeypatch.setattr(
        statistics, 'measure_bands', lambda *args: calls.append(args[2]) or real(*args)
    )
    reader = source(make_raster(np.zeros((3, 9, 9), 'uint8')))
    reference = ImageReference('/a', '1')
    for number in (1, 2, 3, 1):
        band_statistics(reader, reference, None, number)
    assert calls == [(1, 2, 3)]
    band_statistics(reader, ImageReference('/a', '2'), None, 1)
    assert len(calls) == 2


def test_statistics_belong_to_a_frame(tmp_path):
    from tests import factories

    frames = [np.full((9, 9), value, 'uint8') for value in (10, 20)]
    reader = source(factories.multiframe(tmp_path / 'a.tif', frames))
    reference = ImageReference('/a', '1')
    assert band_statistics(reader, reference, None, 1).maximum == 10
    assert band_statistics(reader, reference, 0, 1).maximum == 10
    assert band_statistics(reader, reference, 1, 1).maximum == 20


@pytest.mark.parametrize('limits', [None, (10.0, 100.0)])
@pytest.mark.parametrize('dtype', ['uint8', 'int16', 'float32'])
def test_exact_histograms_are_numpys(dtype, limits, make_raster, monkeypatch):
    monkeypatch.setattr(blocks, 'LIMIT', 5000)
    data = (RNG.random((1300, 40)) * 200).astype(dtype)
    data[5, 5] = 77
    path = make_raster(data, nodata=77)
    found = histogram(source(path), None, 1, bins=17, limits=limits, exact=True)
    values = data[data != 77].astype('f8')
    edges = limits or (values.min(), values.max() + (dtype != 'float32'))
    assert found.counts == tuple(np.histogram(values, 17, edges)[0])
    assert found.mean == pytest.approx(values.mean(), rel=1e-9)
    assert found.stdev == pytest.approx(values.std(), rel=1e-9)
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert not found.approximate
