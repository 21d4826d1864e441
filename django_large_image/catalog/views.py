"""The paths `keys`, `datasets` and `metadata` of a catalogue, as clients of Terracotta ask for
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from drf_yasg import openapi
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request, clone_request
from rest_framework.response import Response

from django_large_image.catalog import measuring
from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.keys import values_of
from django_large_image.catalog.models import Catalog, Dataset
from django_large_image.catalog.openapi import documented
from django_large_image.catalog.queries import MAX_LIMIT, find, find_together, search
from django_large_image.catalog.schema import Schema, schema_of
from django_large_image.catalog.terms import Between, Condition
from django_large_image.exceptions import LargeImageError, MissingError, ParameterError
from django_large_image.rest.openapi import json_array, json_object, parameters_of
from django_large_image.rest.parameters import FlagField, Parameters

# Of a list in a query.
_MAX_LENGTH = 65536
_BOUNDS = {'gte': 'start', 'gt': 'start', 'lte': 'end', 'lt': 'end'}


class DatasetsParameters(Parameters):
    """How datasets are searched, beside the keys of their catalogue."""

    limit = serializers.IntegerField(
        min_value=0, default=100, help_text=f'Datasets on a page, {MAX_LIMIT} at most.'
    )
    page = serializers.IntegerField(
        min_value=0, max_value=10**9, default=0, help_text='The page, from 0.'
    )
    bbox = serializers.CharField(
        required=False,
        help_text='`west,south,east,north` in degrees: datasets that meet the box.',
        style={'example': '5,45,15,55'},
    )
    time = serializers.CharField(
        required=False,
        help_text='A date, or `start/end` with `..` for an open end.',
        style={'example': '2024-01-01/2024-06-30'},
    )
    order_by = serializers.CharField(
        required=False, help_text='Keys, separated by commas, to order datasets by.'
    )
    ascending = FlagField(default=True, help_text='Whether the order is an ascending one.')
    total = FlagField(default=False, help_text='Whether all datasets are counted.')


class MetadataParameters(Parameters):
    """Which metadata are asked for."""

    columns = serializers.CharField(
        required=False,
        max_length=1000,
        help_text='A JSON list of names; all if there is none.',
        style={'example': '["bounds", "range"]'},
    )


_COLUMNS: dict[str, Callable[[Dataset], Any]] = {
    'bounds': lambda dataset: dataset.bounds,
    'convex_hull': lambda dataset: dataset.hull,
    'valid_percentage': lambda dataset: dataset.valid_percentage,
    'range': lambda dataset: (
        None if dataset.minimum is None else [dataset.minimum, dataset.maximum]
    ),
    'mean': lambda dataset: dataset.mean,
    'stdev': lambda dataset: dataset.stdev,
    'percentiles': lambda dataset: dataset.percentiles,
    'metadata': lambda dataset: dataset.extra,
}
# What only those get who ask for it.
_MORE: dict[str, Callable[[Dataset], Any]] = {
    'approximate': lambda dataset: dataset.approximate,
    'categories': lambda dataset: dataset.categories,
    'name': lambda dataset: dataset.name,
}
# Known without looking at a raster; bounds too, once they are those that searches compare.
_GIVEN = {'metadata', 'categories', 'name'}
_METADATA = json_object(
    keys='object',
    bounds='array',
    convex_hull='object',
    valid_percentage='number',
    range='array',
    mean='number',
    stdev='number',
    percentiles='array',
    metadata='object',
)
_KEY_FILTERS = openapi.Parameter(
    '{key}',
    openapi.IN_QUERY,
    type=openapi.TYPE_STRING,
    description=(
        'The value of any key of the catalogue, or `[a,b]` for any of several, or `["a","b"]` '
        'where values have commas or begin with a bracket; `{key}__gte`, `{key}__gt`, '
        '`{key}__lte` and `{key}__lt` are the ends of a range.'
    ),
)


class CatalogsView(CatalogView):
    """All catalogues."""

    @documented('Catalogues', json_object(catalogs='array'))
    def get(self, request: Request) -> Response:
        """Return name, title and description of each catalogue."""
        found = Catalog.objects.values('slug', 'title', 'description')
        return Response({'catalogs': list(found)})


class KeysView(CatalogView):
    """The keys of a catalogue."""

    @documented('Keys', json_object(keys='array'))
    def get(self, request: Request, catalog: str) -> Response:
        """Return the name and the description of each key, in the order of paths."""
        return Response(
            {
                'keys': [
                    {'key': key.name, 'description': key.description}
                    for key in schema_of(catalog).keys
                ]
            }
        )


class NowhereView(CatalogView):
    """All other paths below the name of a catalogue."""

    swagger_schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise `MissingError`, whatever the method, or DRF's errors for who may not ask."""
        super().initial(request, *args, **kwargs)
        schema_of(kwargs['catalog'])
        raise MissingError('A catalogue has no such path.')


class DatasetsView(CatalogView):
    """The datasets of a catalogue."""

    @documented(
        'Search for datasets',
        json_object(page='integer', limit='integer', datasets='array', total='integer'),
        _KEY_FILTERS,
        *parameters_of(DatasetsParameters),
    )
    def get(self, request: Request, catalog: str) -> Response:
        """Return the values of the keys of the datasets that meet all filters, one page of them."""
        given = request.query_params
        query, names = DatasetsParameters.parse(given), DatasetsParameters.names()
        conditions = {name: given.getlist(name) for name in given if name not in names}
        found = search(
            catalog,
            _conditions(conditions),
            bbox=query.bbox.split(',') if query.bbox else None,
            time=_period(query.time) if query.time else None,
        )
        if query.order_by:
            found = found.ordered(*_listed(query.order_by), ascending=query.ascending)
        elif not query.ascending:
            found = found.ordered(*(key.name for key in found.schema.keys), ascending=False)
        limit = min(query.limit, MAX_LIMIT)
        rows = found.rows(query.page, limit) if limit else []
        answer = {
            'page': query.page,
            'limit': limit,
            'datasets': [found.schema.shown(row) for row in rows],
        }
        return Response({**answer, 'total': found.total()} if query.total else answer)


class MetadataView(CatalogView):
    """What is known of one dataset."""

    @documented('Metadata of a dataset', _METADATA, *parameters_of(MetadataParameters))
    def get(self, request: Request, catalog: str, keys: str) -> Response:
        """Return bounds and statistics, which are measured at the first request."""
        columns = _columns(request)
        found = find(catalog, values_of(keys, len(schema_of(catalog).keys)))
        return Response(next(_metadata(schema_of(catalog), found, columns)))


class ManyMetadataView(CatalogView):
    """What is known of several datasets."""

    def check_permissions(self, request: Request) -> None:
        """Raise DRF's errors where `GET` is not allowed: nothing is changed by this `POST`."""
        super().check_permissions(clone_request(request, 'GET'))

    @documented(
        'Metadata of several datasets',
        json_array(keys='object'),
        *parameters_of(MetadataParameters),
        request_body=openapi.Schema(
            type=openapi.TYPE_OBJECT,
            example={'keys': [['S2', '2024-05-31', 'B04'], ['S2', '2024-05-31', 'B08']]},
        ),
    )
    def post(self, request: Request, catalog: str) -> Response:
        """Return the metadata of each dataset of the body, in its order.

        A raster that cannot be read is an error, which names its keys, unless the columns are none
        that are measured: `bounds` are those that were stored, if any were.
        """
        columns = _columns(request)
        found = find_together(catalog, _several(request))
        return Response(list(_metadata(schema_of(catalog), found, columns)))


def _metadata(
    schema: Schema, datasets: list[Dataset], columns: Mapping[str, Callable[[Dataset], Any]]
) -> Iterator[dict[str, Any]]:
    for dataset in datasets:
        keys = schema.shown(dataset)
        if set(columns) - (_GIVEN | {'bounds'} if dataset.bounds else _GIVEN):
            try:
                measuring.ensure(dataset)
            except LargeImageError as error:
                raise type(error)(f'{"/".join(keys.values())}: {error.detail}') from error
        yield {'keys': keys, **{name: value(dataset) for name, value in columns.items()}}


def _columns(request: Request) -> Mapping[str, Callable[[Dataset], Any]]:
    """Return the columns that a request asks for; raises `ParameterError` for unknown ones."""
    text = MetadataParameters.parse(request.query_params).columns
    if not text:
        return _COLUMNS
    known = {**_COLUMNS, **_MORE}
    try:
        names = json.loads(text)
        return {name: known[name] for name in names if name != 'keys'}
    except (KeyError, RecursionError, TypeError, ValueError):
        raise ParameterError(f'`columns` is a JSON list of: {", ".join(known)}.') from None


def _several(request: Request) -> list[list[Any]]:
    """Return the values of several datasets from the body of a request."""
    try:
        body: Any = request.data
        several = body['keys']
    except (LookupError, ParseError, RecursionError, TypeError):
        several = None
    if not isinstance(several, list) or not all(map(_is_values, several)):
        raise ParameterError('The body is JSON: {"keys": [[value, ...], ...]}.')
    return several


def _is_values(keys: object) -> bool:
    return isinstance(keys, list) and all(isinstance(value, str | int | float) for value in keys)


def _conditions(given: Mapping[str, list[str]]) -> dict[str, Condition]:
    """Return the conditions on keys that a query says."""
    conditions: dict[str, Condition] = {}
    ranges: dict[str, dict[str, Any]] = {}
    for name, texts in given.items():
        key, _, how = name.partition('__')
        if how in _BOUNDS:
            if len(texts) > 1:
                raise ParameterError(f'`{name}` has one value.')
            end = ranges.setdefault(key, {})
            end[_BOUNDS[how]] = texts[0]
            end[{'gt': 'after', 'lt': 'before'}.get(how, '_')] = True
        else:
            values = [value for text in texts for value in _values(text)]
            conditions[name] = values if len(values) != 1 else values[0]
    for key, ends in ranges.items():
        if key in conditions:
            raise ParameterError(f'{key!r} has either values or a range.')
        ends.pop('_', None)
        conditions[key] = Between(**ends)
    return conditions


def _values(text: str) -> list[str]:
    """Return the values of `a` or `[a,b]`; in a list of JSON's strings they are of any
    characters.
    """
    if len(text) > _MAX_LENGTH:
        raise ParameterError('The list of values is too long.')
    if not text.startswith('[') or not text.endswith(']'):
        return [text]
    try:
        values = json.loads(text)
    except (RecursionError, ValueError):
        values = [None]
    # Numbers stay as they are written.
    return values if all(isinstance(value, str) for value in values) else text[1:-1].split(',')


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.removeprefix('[').removesuffix(']').split(',')]


def _period(text: str) -> Between:
    """Return the range of `start/end`, or that of one date."""
    start, slash, end = text.partition('/')
    ends = [None if side in ('', '..') else side for side in (start, end if slash else start)]
    if ends == [None, None]:
        raise ParameterError('`time` has a start or an end.')
    return Between(start=ends[0], end=ends[1])
