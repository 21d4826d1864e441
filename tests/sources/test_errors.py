"""Errors of ours as large-image's."""

from __future__ import annotations

import pytest
from large_image.exceptions import TileSourceError, TileSourceXYZRangeError

from django_large_image.exceptions import OutsideError, UnreadableError
from django_large_image.sources.errors import as_large_image


@pytest.mark.parametrize(
    ('error', 'expected'),
    [
        (OutsideError('There is no tile.'), TileSourceXYZRangeError),
        (UnreadableError('It is no raster.'), TileSourceError),
    ],
)
def test_errors_keep_what_they_say_and_where_they_come_from(error, expected):
    with pytest.raises(TileSourceError) as raised, as_large_image():
        raise error
    assert type(raised.value) is expected
    assert str(raised.value) == error.detail
    assert raised.value.__cause__ is error


def test_errors_of_others_stay_as_they_are():
    with pytest.raises(KeyError), as_large_image():
        raise KeyError
