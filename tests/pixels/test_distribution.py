"""Samples that come in parts are distributed as numpy says of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels import distribution as module
from django_large_image.pixels.distribution import Counts, Digest, Moments, tally

RNG = np.random.default_rng(7)
PERCENTS = np.arange(1, 100)


def parts(samples):
    """Cut samples into parts of very different sizes, an empty one among them."""
    return np.split(samples, sorted({0, 1, len(samples) // 3, len(samples) // 2}))


def distribution(samples):
    tallied = tally(samples.dtype)
    for part in parts(samples):
        tallied.add(part)
    return tallied.distribution()


@pytest.mark.parametrize('dtype', ['uint8', 'int8', 'uint16', 'int16'])
@pytest.mark.parametrize('spread', [0.02, 0.5, 5])
def test_whole_numbers_of_16_bits_are_exact(dtype, spread):
    limits = np.iinfo(dtype)
    middle = (limits.min + limits.max) / 2
    samples = RNG.normal(middle, spread * (limits.max - middle), 5001)
    samples = samples.clip(limits.min, limits.max).astype(dtype)
    found = distribution(samples)
    assert found.count == samples.size
    assert (found.minimum, found.maximum) == (samples.min(), samples.max())
    assert found.mean == pytest.approx(samples.mean(dtype='f8'), rel=1e-12)
    assert found.stdev == pytest.approx(samples.std(dtype='f8'), rel=1e-12)
    np.testing.assert_allclose(
        found.percentiles, np.percentile(samples.astype('f8'), PERCENTS), rtol=1e-12
    )


@pytest.mark.parametrize('count', [1, 2, 3, 50, 101])
def test_percentiles_of_few_samples_are_numpys(count):
    samples = RNG.integers(0, 255, count, dtype='uint8')
    np.testing.assert_allclose(
        distribution(samples).percentiles, np.percentile(samples, PERCENTS), rtol=1e-12
    )


@pytest.mark.parametrize('dtype', ['int32', 'uint32', 'int64', 'float32', 'float64'])
def test_numbers_that_can_be_told_apart_are_exact(dtype):
    samples = (RNG.normal(1e6, 1e3, 4001) * (1 if dtype[0] == 'f' else 1.5)).astype(dtype)
    found = distribution(samples)
    expected = np.percentile(samples.astype('f8'), PERCENTS)
    np.testing.assert_allclose(found.percentiles, expected, rtol=1e-12)
    assert (found.minimum, found.maximum) == (samples.min(), samples.max())
    assert found.mean == pytest.approx(samples.mean(dtype='f8'), rel=1e-12)
    assert found.stdev == pytest.approx(samples.std(dtype='f8'), rel=1e-9)


@pytest.mark.parametrize('offset', [0, 1e4, -1e9])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_percentiles_of_more_are_off_by_as_much_as_is_said(dtype, offset, monkeypatch):
    monkeypatch.setattr(module, '_DISTINCT', 2000)
    monkeypatch.setattr(module, '_SORTED', 5000)
    samples = (RNG.standard_cauchy(20001) * 1000 + offset).astype(dtype)
    # A fill value that nobody declared spoils nothing but itself.
    samples[:150] = -3.4e38
    digest = Digest(samples.dtype)
    for part in np.array_split(samples, 9):
        digest.add(part)
    found = digest.distribution()
    expected = np.percentile(samples.astype('f8'), PERCENTS)
    assert digest.tolerance < 0.02
    assert digest.tolerance or len(np.unique(samples)) <= 2000
    np.testing.assert_allclose(found.percentiles, expected, rtol=digest.tolerance)
    assert (found.minimum, found.maximum) == (samples.min(), samples.max())


def test_usual_measurements_are_off_by_millionths():
    samples = RNG.normal(15, 8, 3_000_000).astype('f4')
    digest = Digest(samples.dtype)
    digest.add(samples)
    found = np.array(digest.distribution().percentiles)
    assert digest.tolerance <= 1e-4
    np.testing.assert_allclose(found, np.percentile(samples, PERCENTS), rtol=digest.tolerance)


def test_values_that_are_all_the_same():
    for value in (np.float32(0.1), np.float64(-7e100), np.int32(-5)):
        found = distribution(np.full(1000, value))
        assert found.percentiles == (float(value),) * 99
        assert found.minimum == found.maximum == float(value)
        assert found.stdev == pytest.approx(0, abs=abs(float(value)) * 1e-12)


def test_the_largest_numbers_neither_fail_nor_leave_the_range():
    samples = np.array([-1.7e308, 1.0, 2.0, 3.0, 1.7e308])
    found = distribution(samples)
    assert (found.minimum, found.maximum) == (-1.7e308, 1.7e308)
    assert found.percentiles[49] == 2.0
    assert np.isfinite(found.percentiles).all()
    assert (np.diff(found.percentiles) >= 0).all()


def test_a_large_offset_does_not_swallow_the_deviation():
    samples = 1e9 + RNG.normal(0, 0.01, 10_000)
    moments = Moments()
    for part in parts(samples):
        moments.add(part)
    assert moments.count == 10_000
    assert moments.mean == pytest.approx(samples.mean(), rel=1e-15)
    assert moments.stdev == pytest.approx((samples - 1e9).std(), rel=1e-4)


@pytest.mark.parametrize('offset', [0, 1e7])
def test_moments_of_parts_are_those_of_all(offset):
    samples = RNG.normal(1, 1000, 7000).astype('f4') + np.float32(offset)
    moments = Moments()
    for part in np.array_split(samples, [1, 2, 3, 4, 700, 701]):
        moments.add(part)
    whole = samples.astype('f8')
    assert moments.count == whole.size
    assert (moments.minimum, moments.maximum) == (whole.min(), whole.max())
    assert moments.mean == pytest.approx(whole.mean(), rel=1e-12)
    assert moments.stdev == pytest.approx(whole.std(), rel=1e-9)


def test_one_number_does_not_deviate():
    moments = Moments()
    moments.add(np.empty(0, 'f4'))
    moments.add(np.array([3e38], 'f4'))
    assert (moments.mean, moments.stdev) == (np.float32(3e38), 0)


def test_without_samples_there_is_no_distribution():
    for tallied in (Counts(np.dtype('u2')), Digest(np.dtype('f4'))):
        tallied.add(np.empty(0, 'u2'))
        assert tallied.distribution() is None
    assert Moments().stdev == 0
