"""The table of parameters: what it takes, what it refuses, and that its values are frozen."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from django_large_image.rest.parameters import (
    HistogramParameters,
    Parameters,
    PixelParameters,
    RegionParameters,
    ThumbnailParameters,
    TileParameters,
    is_absent,
)


def test_values_are_typed_and_frozen() -> None:
    query = TileParameters.parse({'z': '3', 'x': '1', 'y': '2', 'fmt': 'jpg', 'band': '2'})
    assert (query.z, query.x, query.y, query.fmt, query.band) == (3, 1, 2, 'jpg', 2)
    assert query.palette is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.z = 4


def test_equal_parameters_give_the_same_value() -> None:
    given = {'left': '1', 'top': '2.5'}
    assert PixelParameters.parse(given) is PixelParameters.parse(dict(reversed(given.items())))


def test_others_do_not_matter() -> None:
    given = {'left': '1', 'top': '2.5'}
    assert PixelParameters.parse({**given, 'other': 'x' * 5000}) is PixelParameters.parse(given)


def test_the_settings_in_force_judge(settings: Any) -> None:
    assert HistogramParameters.parse({'bins': '300'}).bins == 300
    settings.LARGE_IMAGE = {'MAX_BINS': 299}
    with pytest.raises(ValidationError):
        HistogramParameters.parse({'bins': '300'})


def test_long_values_are_not_kept() -> None:
    given = {'z': '0', 'x': '0', 'y': '0', 'style': '{"a":"' + 'x' * 2000 + '"}'}
    assert TileParameters.parse(given) is not TileParameters.parse(given)
    assert TileParameters.parse(given) == TileParameters.parse(given)


@pytest.mark.parametrize('text', ['', ' ', 'undefined', 'null', 'None', 'NULL'])
def test_absent_values_take_the_default(text: str) -> None:
    assert is_absent(text)
    assert ThumbnailParameters.parse({'max_width': text}).max_width == 256


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        RegionParameters.parse({'left': 'nan', 'right': 'x', 'bottom': '1', 'width': '-1'})
    assert set(caught.value.detail) == {'left', 'right', 'top', 'width'}


@pytest.mark.parametrize('value', ['nan', 'inf', '-inf', '1e999', 'NaN'])
def test_numbers_are_finite(value: str) -> None:
    with pytest.raises(ValidationError):
        PixelParameters.parse({'left': value, 'top': '0'})


@pytest.mark.parametrize(
    ('text', 'edges'), [('0,255', (0.0, 255.0)), ('-1.5,2e3', (-1.5, 2000.0)), ('round', 'round')]
)
def test_histogram_range(text: str, edges: object) -> None:
    assert HistogramParameters.parse({'range': text}).range == edges


@pytest.mark.parametrize(
    ('text', 'value'), [('true', True), ('1', True), ('false', False), ('0', False)]
)
def test_flags(text: str, value: bool) -> None:
    assert HistogramParameters.parse({'onlyMinMax': text}).onlyMinMax is value


def test_threads_validate_by_one_table() -> None:
    """It is built once and holds nothing of what it validates."""

    def parse(number: int) -> tuple[int, str | None]:
        given = {'z': '1', 'x': str(number), 'y': '0', 'quality': str(1 + number % 200)}
        try:
            query = TileParameters.parse(given)
        except ValidationError as error:
            return number, str(error.detail)
        return query.x, None

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(parse, range(4000)))
    assert [number for number, _ in found] == list(range(4000))
    assert all((error is not None) == (number % 200 >= 100) for number, error in found)
    assert {error for _, error in found if error} == {
        "{'quality': [ErrorDetail(string='The quality is 1 to 100.', code='invalid')]}"
    }


@pytest.mark.parametrize(
    ('named', 'place'),
    [
        ({'z': '3', 'x': '1', 'y': '002'}, (3, 1, 2)),
        ({'z': '64', 'x': '999999999999', 'y': '0'}, (64, 999999999999, 0)),
        ({'z': '65', 'x': '0', 'y': '0'}, None),
        ({'z': '-1', 'x': '0', 'y': '0'}, None),
        ({'z': '1', 'x': '0'}, None),
        ({'z': '1', 'x': '0/0', 'y': '0'}, None),
        ({'z': '\u0661', 'x': '0', 'y': '0'}, None),
    ],
)
def test_places_that_are_plainly_right(named: dict[str, str], place: object) -> None:
    assert TileParameters.place(named) == place
    if isinstance(place, tuple):
        elsewhere = TileParameters.parse({'z': '0', 'x': '0', 'y': '0', 'band': '2'})
        here = TileParameters.placed(elsewhere, place)
        assert here == TileParameters.parse({**named, 'band': '2'})
        assert (elsewhere.z, elsewhere.x, elsewhere.y) == (0, 0, 0)
        with pytest.raises(dataclasses.FrozenInstanceError):
            here.z = 4


def test_tables_without_a_place() -> None:
    query = PixelParameters.parse({'left': '1', 'top': '2'})
    assert PixelParameters.place({}) == ()
    assert PixelParameters.placed(query, ()) is query


def test_bins_follow_the_setting(settings: object) -> None:
    settings.LARGE_IMAGE = {'MAX_BINS': 10}  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match='At most 10'):
        HistogramParameters.parse({'bins': '11'})


def _tables(cls: type[Parameters]) -> list[type[Parameters]]:
    return [cls, *(table for child in cls.__subclasses__() for table in _tables(child))]


@pytest.mark.parametrize('table', _tables(Parameters)[1:], ids=lambda table: table.__name__)
def test_every_parameter_is_explained(table: type[Parameters]) -> None:
    for name, field in table._declared_fields.items():
        assert str(field.help_text).endswith('.'), name
