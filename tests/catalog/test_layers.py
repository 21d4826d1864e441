"""What a request asks of a layer is read once per query string, and always as it is in force."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from rest_framework.exceptions import ValidationError

from django_large_image.catalog import layers
from django_large_image.catalog.layers import COMPUTE, SINGLEBAND

STRETCH = 'stretch_range=[0,9]&colormap=viridis'


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    layers._remembered.cache_clear()


def asked(text: str, layer: layers.Layer = SINGLEBAND) -> Any:
    """Return what a request with a query string asks for."""
    return layer.asked(RequestFactory().get(f'/?{text}'))


def test_requests_of_one_look_share_what_was_read_of_the_first() -> None:
    (query, given), (again, _) = asked(STRETCH), asked(STRETCH)
    assert (query.stretch_range, query.colormap) == ((0.0, 9.0), 'viridis')
    assert given['stretch_range'] == '[0,9]'
    assert again is query
    assert layers._remembered.cache_info().misses == 1


def test_what_is_shared_cannot_be_changed() -> None:
    query, given = asked(STRETCH)
    with pytest.raises(AttributeError, match='immutable'):
        given['stretch_range'] = '[0,1]'
    with pytest.raises(AttributeError):
        query.stretch_range = (0.0, 1.0)


def test_each_layer_and_each_query_reads_its_own() -> None:
    formula = asked(f'expression=a%2Bb&{STRETCH}', COMPUTE)[0]
    assert formula.expression.names == ('a', 'b')
    assert not hasattr(asked(f'expression=a%2Bb&{STRETCH}')[0], 'expression')
    assert asked('stretch_range=[1,2]')[0].stretch_range == (1.0, 2.0)


def test_what_makes_no_sense_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ValidationError, match='lower end'):
            asked('stretch_range=[9,0]')


def test_other_settings_are_another_request(settings: Any) -> None:
    asked(STRETCH)
    settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 1000}
    asked(STRETCH)
    assert layers._remembered.cache_info().misses == 2


def test_a_query_that_a_middleware_changed_is_the_one_in_force() -> None:
    request = RequestFactory().get(f'/?{STRETCH}')
    request.GET = QueryDict('stretch_range=[3,4]')  # type: ignore[assignment]
    assert SINGLEBAND.asked(request)[0].stretch_range == (3.0, 4.0)


@pytest.mark.parametrize('more', ['x' * 2000, 'ü'])
def test_long_and_strange_queries_are_read_and_not_kept(more: str) -> None:
    request = RequestFactory().get('/')
    request.META['QUERY_STRING'] = f'{STRETCH}&other={more}'.encode().decode('latin-1')
    query, given = SINGLEBAND.asked(request)
    assert query.stretch_range == (0.0, 9.0)
    assert given['other'] == more
    assert layers._remembered.cache_info().currsize == 0
