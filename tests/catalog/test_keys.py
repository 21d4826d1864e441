"""Typed values of keys."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_large_image.catalog import keys
from django_large_image.exceptions import ParameterError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**53), 2**53)


@given(FINITE, FINITE)
def test_texts_of_numbers_are_in_their_order(first: float, second: float) -> None:
    texts = [keys.encode('number', value) for value in (first, second)]
    assert (texts[0] < texts[1]) == (first < second)
    assert (texts[0] == texts[1]) == (first == second)
    assert keys.decode('number', texts[0]) == first


@given(INTEGERS)
def test_whole_numbers_stay_whole(number: int) -> None:
    decoded = keys.decode('number', keys.encode('number', number))
    assert (decoded, type(decoded)) == (number, int)


@given(st.datetimes(), st.datetimes())
def test_texts_of_times_are_in_their_order(first: datetime, second: datetime) -> None:
    texts = [keys.encode('date', value) for value in (first, second)]
    assert (texts[0] < texts[1]) == (first < second)
    assert keys.encode('date', keys.decode('date', texts[0])) == texts[0]


@pytest.mark.parametrize(
    ('kind', 'value', 'shown'),
    [
        ('text', 'B04', 'B04'),
        ('text', 4, '4'),
        ('text', 'été 2024 / [x],y', 'été 2024 / [x],y'),
        ('text', date(2024, 5, 31), '2024-05-31'),
        ('number', '010', 10),
        ('number', ' 2.50 ', 2.5),
        ('number', '1e3', 1000),
        ('number', '-0', 0),
        ('number', 1e300, 1e300),
        ('date', '2024-05-31', '2024-05-31'),
        ('date', '20240531', '2024-05-31'),
        ('date', '20240531T101112', '2024-05-31T10:11:12Z'),
        ('date', '20240531T101112Z', '2024-05-31T10:11:12Z'),
        ('date', '2024-05-31T12:11+02:00', '2024-05-31T10:11:00Z'),
        ('date', '2024-05-31T12:11 02:00', '2024-05-31T10:11:00Z'),
        ('date', '2024-05-31T10:11:12.5Z', '2024-05-31T10:11:12.500000Z'),
        ('date', date(2024, 5, 31), '2024-05-31'),
        (
            'date',
            datetime(2024, 5, 31, 1, tzinfo=timezone(timedelta(hours=2))),
            '2024-05-30T23:00:00Z',
        ),
        ('date', '0001-01-01T00:00:00', '0001-01-01T00:00:00Z'),
    ],
)
def test_values_are_read_and_shown(kind: str, value: Any, shown: Any) -> None:
    assert keys.decode(kind, keys.encode(kind, value)) == shown


@pytest.mark.parametrize(
    ('kind', 'value'),
    [
        ('text', ''),
        ('text', 'x' * 129),
        ('text', 'a\0b'),
        ('text', 'a\nb'),
        ('text', '\ud800'),
        ('text', '*'),
        ('text', '.'),
        ('text', '..'),
        ('number', 'ten'),
        ('number', ''),
        ('number', 'nan'),
        ('number', 'sNaN'),
        ('number', 'inf'),
        ('number', '1e999'),
        ('number', '9' * 5000),
        ('number', 2**53 + 1),
        ('number', True),
        ('number', date(2024, 1, 1)),
        ('date', ''),
        ('date', '2024-02-30'),
        ('date', '20240230'),
        ('date', '2024'),
        ('date', 'yesterday'),
        ('date', 20240531),
        ('date', '9999-12-31T23:59:59-12:00'),
        ('date', '2024-01-01T25:00:00'),
    ],
)
def test_values_that_cannot_be(kind: str, value: Any) -> None:
    with pytest.raises(ParameterError) as error:
        keys.encode(kind, value)
    assert len(error.value.detail) < 200


def test_a_day_as_the_end_of_a_range_is_all_of_it() -> None:
    day, noon = keys.encode('date', '2024-05-31'), keys.encode('date', '2024-05-31T12:00')
    assert day < noon <= keys.last('date', day) < keys.encode('date', '2024-06-01')
    assert keys.last('date', noon) == noon
    assert keys.last('text', '2024-05-31') == '2024-05-31'


@pytest.mark.parametrize('name', ['band', 'B', 'cloud_cover', 'x2'])
def test_names(name: str) -> None:
    keys.validate_name(name)


@pytest.mark.parametrize(
    'name', ['', '2x', '_x', 'x_', 'a__gte', 'a-b', 'a b', 'é', 'page', 'bbox', 'x' * 64, 'a\n']
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ParameterError):
        keys.validate_name(name)


@pytest.mark.parametrize(
    ('path', 'values'),
    [
        ('S2/2024-05-31/B04', ['S2', '2024-05-31', 'B04']),
        ('/S2//B04/', ['S2', 'B04']),
        ('sub%2fa_b.tif/1', ['sub/a_b.tif', '1']),
        # As they are, so that who knows nothing of escapes finds them.
        ('100%/50%_20%2A/%41', ['100%', '50%_20%2A', '%41']),
        ('a%252Fb/%2525', ['a%2Fb', '%25']),
    ],
)
def test_paths_name_values(path: str, values: list[str]) -> None:
    assert keys.values_of(path, 3) == values


@given(st.lists(st.text(st.sampled_from('/%25Ff*a'), min_size=1), min_size=1, max_size=3))
def test_any_value_has_a_path(values: list[str]) -> None:
    escaped = [re.sub('(?i)%(?=2f|25)', '%25', value).replace('/', '%2F') for value in values]
    assert keys.values_of('/'.join(escaped), len(values)) == values


def test_a_path_of_one_value_is_the_value() -> None:
    assert keys.values_of('sub/a_b.tif', 1) == keys.values_of('sub%2Fa_b.tif', 1) == ['sub/a_b.tif']
    assert keys.values_of('', 1) == keys.values_of('/', 1) == []
