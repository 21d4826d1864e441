"""What a request asks for, and what of it is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from django_large_image.exceptions import StyleError
from django_large_image.rest import asked as module
from django_large_image.rest.asked import Asked, ask
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.parameters import (
    BandParameters,
    FrameTileParameters,
    Parameters,
    RegionParameters,
    TileJSONParameters,
    TileParameters,
)

PLACE = {'z': '3', 'x': '1', 'y': '2', 'fmt': 'jpg'}


class Plain(ImageHooks):
    pass


class Hooked(ImageHooks):
    """The same answers, by a hook of its own."""

    def get_query_param(self, request: Request, key: str, default: Any = '') -> str:
        return super().get_query_param(request, key, default)


def asking(
    query: str = '',
    kwargs: dict[str, Any] | None = None,
    table: type[Parameters] = TileParameters,
    view: type[ImageHooks] = Plain,
) -> Asked:
    request = Request(RequestFactory().get(f'/?{query}'))
    return ask(view(), request, {'pk': '7', **(PLACE if kwargs is None else kwargs)}, table)


QUERIES = [
    '',
    'projection=EPSG:3857',
    'band=01&min=0&max=10.5&palette=viridis&nodata=null',
    'cmap=viridis&palette=undefined',
    'style=%7B%22band%22%3A%202%7D&quality=50',
    'fmt=webp&z=9&frame=2&unknown=1',
    'band=1&band=2&palette=%C3%A4',
    'palette=ä',
    'source=raster&resample=nearest',
]


@pytest.mark.parametrize('query', QUERIES)
def test_a_plain_viewset_is_asked_as_one_with_hooks(query: str) -> None:
    plain, hooked = asking(query), asking(query, view=Hooked)
    assert vars(plain.query) == vars(hooked.query)
    assert type(plain.query) is type(hooked.query)
    assert plain.key == hooked.key
    assert (hooked.style, hooked.opening) == (None, None)


@pytest.mark.parametrize(
    ('table', 'kwargs', 'query'),
    [
        (FrameTileParameters, {**PLACE, 'frame': '4'}, 'frame=5'),
        (RegionParameters, {'fmt': 'tif'}, 'left=0&right=1&top=2&bottom=3'),
        (BandParameters, {}, 'band=3'),
        (TileJSONParameters, {}, ''),
    ],
)
def test_every_table(table: type[Parameters], kwargs: dict[str, str], query: str) -> None:
    plain, hooked = (asking(query, kwargs, table, view) for view in (Plain, Hooked))
    assert vars(plain.query) == vars(hooked.query)
    assert plain.key == hooked.key


def test_tiles_of_one_look_are_parsed_once() -> None:
    module._remembered.cache_clear()
    found = [
        asking('projection=EPSG:3857&band=1', {**PLACE, 'pk': pk, 'x': str(x), 'y': '009'})
        for pk in ('a', 'b')
        for x in range(50)
    ]
    assert [(one.query.x, one.query.y) for one in found] == [(x, 9) for x in range(50)] * 2
    assert len({one.key for one in found}) == 50
    assert module._remembered.cache_info().misses == 1


def test_keys_tell_places_and_values_apart() -> None:
    places = [('1', '11', '1'), ('1', '1', '11'), ('11', '1', '1'), ('1', '1', '1')]
    keys = [asking('', dict(zip('zxy', place, strict=True))).key for place in places]
    keys += [asking(query).key for query in ('', 'quality=9', 'frame=9', 'palette=9')]
    assert len(set(keys)) == 8


@pytest.mark.parametrize(
    'wrong',
    [
        {'z': 'a'},
        {'x': '1.5'},
        {'y': ''},
        {'z': '65'},
        {'x': '9' * 30},
        {'y': '\u0663x'},
        {'x': '1/2', 'y': '3'},
    ],
)
def test_a_wrong_place_is_named_beside_all_else(wrong: dict[str, str]) -> None:
    for view in (Plain, Hooked):
        with pytest.raises(ValidationError) as caught:
            asking('quality=1000', {**PLACE, **wrong}, view=view)
        assert set(caught.value.detail) == {next(iter(wrong)), 'quality'}


@pytest.mark.parametrize('place', [{'z': '-1'}, {'x': '-3'}, {'x': '9' * 15}, {'y': '\u0663'}])
def test_an_unusual_place_is_judged_by_the_table(place: dict[str, str]) -> None:
    plain, hooked = (asking('', {**PLACE, **place}, view=view) for view in (Plain, Hooked))
    assert vars(plain.query) == vars(hooked.query)
    assert plain.key == hooked.key


def test_long_query_strings_are_not_kept() -> None:
    before = module._remembered.cache_info().currsize
    asked = asking('palette=' + 'x' * 2000)
    assert len(asked.query.palette) == 2000
    assert module._remembered.cache_info().currsize == before


def test_memory_is_bounded() -> None:
    for number in range(1500):
        asking(f'unknown={number}')
    assert module._remembered.cache_info().currsize <= 1024


def test_what_a_middleware_changes_counts() -> None:
    request = RequestFactory().get('/?band=1')
    given = request.GET.copy()
    given['band'] = '2'
    request.GET = given  # type: ignore[misc]
    assert ask(Plain(), Request(request), PLACE, TileParameters).query.band == 2


def test_the_encoding_of_a_request_counts() -> None:
    for encoding, text in (('latin-1', 'Ã¤'), (None, 'ä')):
        request = RequestFactory().get('/?palette=%C3%A4')
        request.encoding = encoding
        assert ask(Plain(), Request(request), PLACE, TileParameters).query.palette == text


def test_style_and_opening_are_known_beforehand() -> None:
    asked = asking('band=2&palette=viridis&min=0&max=9&projection=EPSG:3857&source=null')
    assert asked.opening == {'projection': 'EPSG:3857'}
    assert asked.style is not None
    assert (
        asked.style.key
        == module.parse_style({'band': 2, 'palette': 'viridis', 'min': '0', 'max': '9'}).key
    )
    # `projection` of a TileJSON is that of its tiles: the image is opened without one.
    assert asking('', {}, TileJSONParameters).opening == {}


def test_a_wrong_style_waits_until_it_is_wanted() -> None:
    """Whether the image may be seen is said first."""
    asked = asking('style=[]')
    assert asked.query.style == '[]'
    assert asked.style is None


def test_styles_follow_the_settings(settings: Any) -> None:
    query = 'style={"function":"math.sqrt","bands":[]}'
    assert asking(query).style is None
    with pytest.raises(StyleError):
        module.parse_style('{"function":"math.sqrt","bands":[]}')
    settings.LARGE_IMAGE = {'STYLE_FUNCTIONS': ['math.sqrt']}
    assert asking(query).style is not None
