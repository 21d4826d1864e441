"""Statistics of parts against those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.depth.moments import Moments
from tests.depth import factories


@pytest.mark.parametrize('offset', [0, 1e7])
def test_parts_add_up(offset: float) -> None:
    values = factories.numbers(1000, 7) + np.float32(offset)
    values[3:500:9] = np.nan
    moments = Moments()
    for part in np.array_split(values, [1, 2, 3, 4, 700, 701]):
        moments.add(part)
    whole = values[~np.isnan(values)].astype('f8')
    assert moments.count == whole.size
    assert moments.summary() == {
        'minimum': whole.min(),
        'maximum': whole.max(),
        'mean': pytest.approx(whole.mean(), rel=1e-12),
        'stdev': pytest.approx(whole.std(), rel=1e-9),
    }


def test_nothing_has_none() -> None:
    moments = Moments()
    moments.add(np.full((2, 3), np.nan, 'f4'))
    assert set(moments.summary().values()) == {None}


def test_one_number_does_not_deviate() -> None:
    moments = Moments()
    moments.add(np.array([3e38], 'f4'))
    assert (moments.summary()['mean'], moments.summary()['stdev']) == (np.float32(3e38), 0)
