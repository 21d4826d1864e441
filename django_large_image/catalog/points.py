"""The values of datasets at one place: with a key left open a series, over time for one."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.keys import values_of
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.mosaics import Selection
from django_large_image.catalog.openapi import documented
from django_large_image.catalog.parameters import PointParameters
from django_large_image.catalog.schema import schema_of
from django_large_image.exceptions import MissingError, RegionError, UnreadableError
from django_large_image.pixels.samples import Samples
from django_large_image.rest.openapi import json_object, parameters_of
from django_large_image.sources.metadata import plain
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.regions import pixel_of


class PointView(CatalogView):
    """The values at a point."""

    @documented(
        'The values at a point',
        json_object(lon='number', lat='number', page='integer', limit='integer', values='array'),
        *parameters_of(PointParameters),
    )
    def get(self, request: Request, catalog: str, keys: str) -> Response:
        """Return the value that each dataset has at a point, in its order of keys.

        `value` is null where a dataset has none there, or cannot be read: `error` says so.
        """
        query = PointParameters.parse(request.query_params)
        schema = schema_of(catalog)
        values = values_of(keys, len(schema.keys))
        selection = Selection(catalog, tuple(values), ascending=True)
        found = selection.at(query.lon, query.lat, query.page, query.limit)
        return Response(
            {
                'lon': query.lon,
                'lat': query.lat,
                'page': query.page,
                'limit': query.limit,
                'values': [
                    {'keys': schema.shown(dataset), **_value(dataset, query.lon, query.lat)}
                    for dataset in found
                ],
            }
        )


def _value(dataset: Dataset, lon: float, lat: float) -> dict[str, Any]:
    try:
        reader = reader_of(open_source(dataset.reference()))
        column, row = pixel_of(reader, lon, lat, 'EPSG:4326')
        window = (column, row, column + 1, row + 1)
        raster = reader.read_window(window, (1, 1), bands=[dataset.band], resampling='nearest')
    except RegionError:
        return {'value': None}
    except (MissingError, UnreadableError) as error:
        return {'value': None, 'error': error.detail}
    samples = Samples.of(raster)
    value = samples.values[0, 0]
    # A window has no mask of nodata.
    seen = samples.complete and value != raster.bands[0].nodata
    return {'value': plain(value) if seen else None}
