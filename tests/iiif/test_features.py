"""What is switched off, and limits of results."""

from __future__ import annotations

import pytest

from django_large_image.exceptions import ParameterError, UnsupportedError
from django_large_image.iiif.features import ALL_ON, LONGEST, NAMES, UNLIMITED, Features, Limits


def test_all_is_on_unless_switched_off():
    some = Features(frozenset({'pdf', 'mirroring'}))
    assert not some.allows('pdf')
    assert some.allows('jpg')
    assert all(map(ALL_ON.allows, NAMES))
    some.require(('jpg', 'rotationBy90s'))
    with pytest.raises(UnsupportedError, match='mirroring is switched off'):
        some.require(('jpg', 'mirroring'))


def test_the_names_are_those_of_version_3():
    assert {'regionSquare', 'sizeUpscaling', 'sizeByWh', 'webp', 'bitonal', 'cors'} <= NAMES
    # Every service has it; those are 2.1's words.
    assert not {'default', 'sizeAboveFull', 'sizeByDistortedWh'} & NAMES


def test_a_budget_is_a_limit_of_the_area_that_is_not_told():
    for limits in (Limits(budget=50), Limits(area=70, budget=50), Limits(area=50, budget=70)):
        assert limits.largest_area == 50
        limits.check((10, 10), (10, 5))
        with pytest.raises(ParameterError, match='more than 50 pixels'):
            limits.check((10, 10), (51, 1))
    assert UNLIMITED.largest_area is None
    assert Limits(area=0, budget=9).largest_area == 0
    assert not Limits(budget=50).told
    assert Limits(scale=2, budget=50).told


@pytest.mark.parametrize(
    ('limits', 'bounds'),
    [
        (UNLIMITED, (LONGEST, LONGEST)),
        (Limits(width=50), (50, 50)),
        (Limits(height=50), (50, 50)),
        (Limits(width=50, height=70), (50, 70)),
        (Limits(area=10), (LONGEST, LONGEST)),
        (Limits(scale=1), (100, 10)),
        (Limits(scale=0.333), (34, 4)),
        (Limits(scale=0.0001), (1, 1)),
        (Limits(scale=2.5, width=120), (120, 25)),
        (Limits(scale=1e300), (LONGEST, LONGEST)),
        (Limits(scale=float('inf')), (LONGEST, LONGEST)),
    ],
)
def test_the_largest_sides(limits, bounds):
    assert limits.bounds((100, 10)) == bounds


@pytest.mark.parametrize(
    ('limits', 'size', 'says'),
    [
        (Limits(width=50), (51, 1), '51 x 1 is wider than 50 pixels'),
        (Limits(width=50), (1, 51), '1 x 51 is higher than 50 pixels'),
        (Limits(width=50, height=40), (50, 41), 'higher than 40 pixels'),
        (Limits(area=100), (11, 10), 'more than 100 pixels'),
        (Limits(scale=2), (201, 10), 'wider than 200 pixels'),
        (UNLIMITED, (10**18, 1), f'wider than {LONGEST} pixels'),
    ],
)
def test_what_is_over_the_limits(limits, size, says):
    with pytest.raises(ParameterError, match=says):
        limits.check((100, 100), size)


def test_what_is_at_the_limits():
    Limits(width=50, height=40, area=2000, scale=0.5).check((100, 80), (50, 40))
    UNLIMITED.check((1, 1), (LONGEST, LONGEST))
