"""Statistics of samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from django_large_image.pixels.statistics import BandStatistics


def measure(values: object, **options: object) -> BandStatistics:
    found = BandStatistics.from_samples(np.asarray(values), **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_moments_of_whole_numbers() -> None:
    found = measure(np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert (found.minimum, found.maximum, found.mean) == (0, 255, 127.5)
    assert found.stdev == pytest.approx(73.9, abs=0.01)
    assert found.edges == (0, 256)
    assert found.counts == (1,) * 256
    assert found.samples == 256
    assert not found.approximate


def test_nan_and_infinities_do_not_count() -> None:
    found = measure(np.array([np.nan, 1, 2, np.inf, -np.inf], np.float32), bins=2)
    assert (found.minimum, found.maximum, found.mean, found.counts) == (1, 2, 1.5, (1, 1))
    assert found.edges == (1, 2)


def test_nothing_to_measure() -> None:
    assert BandStatistics.from_samples(np.array([np.nan])) is None
    assert BandStatistics.from_samples(np.array([], np.uint8)) is None


def test_limits_and_bins() -> None:
    found = measure([1, 2, 3, 90], bins=10, limits=(0, 100), approximate=True)
    assert found.counts == (3, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.bin_edges.tolist() == list(range(0, 101, 10))
    assert found.approximate


@pytest.mark.parametrize(
    ('fraction', 'from_maximum', 'expected'),
    [(0, False, 0), (0.1, False, 10), (0.105, False, 10), (0.5, False, 50), (1, False, 100),
     (0, True, 99), (0.1, True, 90), (0.5, True, 50), (1, True, 0)],
)  # fmt: skip
def test_percentile(fraction: float, from_maximum: bool, expected: float) -> None:
    found = measure(np.arange(100, dtype=np.uint8), bins=100)
    assert found.percentile(fraction, from_maximum=from_maximum) == pytest.approx(expected)


def test_percentile_without_a_histogram_is_the_extreme() -> None:
    found = BandStatistics(3.0, 9.0, 5.0, 1.0)
    assert found.percentile(0.02) == 3
    assert found.percentile(0.02, from_maximum=True) == 9


def test_percentile_is_large_images_threshold() -> None:
    utilities = pytest.importorskip('large_image.tilesource.utilities')
    values = np.random.default_rng(3).normal(1000, 200, 50_000).clip(0, 60000).astype(np.uint16)
    found = measure(values)
    histogram = {
        'hist': np.array(found.counts),
        'bin_edges': found.bin_edges,
        'samples': found.samples,
        'min': found.minimum,
        'max': found.maximum,
    }
    for fraction in (0, 0.001, 0.02, 0.25, 0.9):
        for upper in (False, True):
            utilities._recentThresholds.clear()  # of a histogram with this one's `id`
            expected = utilities.histogramThreshold(histogram, fraction, upper)
            assert found.percentile(fraction, from_maximum=upper) == expected


@pytest.mark.parametrize(('dtype', 'limit'), [('float32', 3e38), ('float64', 1.6e308)])
def test_ranges_that_the_type_cannot_hold(dtype: str, limit: float) -> None:
    samples = (np.linspace(-limit / 4, limit / 4, 1000) * 4).astype(dtype)
    known = BandStatistics.from_samples(samples, bins=10)
    assert known is not None
    assert known.counts == (100,) * 10
    assert known.bin_edges[[0, -1]].tolist() == pytest.approx([-limit, limit])


@pytest.mark.parametrize(
    'samples',
    [
        np.full(9, 1e8, 'float32'),
        np.full(10, -3.4028235e38, 'float32'),
        np.array([2e7, 2e7 + 2], 'float32'),
        np.array([0, 5e-324]),
        np.full(4, 1.7e308),
    ],
)
def test_ranges_too_narrow_for_the_bins(samples: Any) -> None:
    known = BandStatistics.from_samples(samples)
    assert known is not None
    assert sum(known.counts) == samples.size
    assert (known.minimum, known.maximum) == (samples.min(), samples.max())
