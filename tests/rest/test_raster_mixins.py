"""Every endpoint of a raster in PostGIS answers as that of the same raster in a file."""

from __future__ import annotations

import gc
import io
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from osgeo import gdal
from rest_framework import permissions, viewsets

from django_large_image.rest import (
    LargeImageMixin,
)
from django_large_image.sources import memory
from django_large_image.sources.opening import close_sources
from tests import factories
from tests.rest.conftest import detail
from tests.rest.scans import ALIAS, BOUNDS, EPSG, Scan, ScanViewSet, loaded, stored
from tests.rest.test_everywhere import ENDPOINTS, is_of_pixels, said


@pytest.fixture
def get(serve: Callable[..., Client], scans: Any) -> Callable[..., Any]:
    """`get(path, scan, **parameters)`: the response of an endpoint of a row."""
    client = serve(ScanViewSet)

    def ask(path: str, scan: Any, headers: Any = None, **parameters: Any) -> Any:
        return client.get(f'/own/{getattr(scan, "pk", scan)}/{path}', parameters, headers=headers)

    return ask


def execute(connection: Any, statement: str, *values: Any) -> int:
    """The key of the row that a statement inserts."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])


KINDS = {
    'uint8-3': {'bands': 3},
    'uint8-nodata': {'bands': 1, 'nodata': 0},
    'uint16': {'bands': 1, 'dtype': 'uint16'},
    'int16-nodata-4': {'bands': 4, 'dtype': 'int16', 'nodata': -32768},
    'float32-nodata': {'bands': 2, 'dtype': 'float32', 'nodata': -9999.0},
    'float64': {'bands': 1, 'dtype': 'float64'},
}


class FileViewSet(LargeImageMixin, viewsets.ViewSet):
    """The file beside the rows."""

    path: Path

    def get_path(self, request: Any, pk: Any = None) -> Any:
        return self.path


@pytest.mark.parametrize('kind', KINDS)
def test_endpoints_answer_as_those_of_a_file(get, serve, scans, make_raster, kind):
    options = dict(KINDS[kind])
    nodata = options.pop('nodata', None)
    data = factories.gradient(400, 500, **options)
    path = make_raster(data, epsg=EPSG, bounds=BOUNDS, nodata=nodata)
    scan = stored(scans, path)
    answers = [said(get(name, scan)) for name in ENDPOINTS if is_of_pixels(name)]
    FileViewSet.path = path
    file = serve(FileViewSet)
    assert answers == [said(file.get(f'/own/{name}')) for name in ENDPOINTS if is_of_pixels(name)]


def test_the_layout_is_that_of_the_copy_in_memory(get, scans, make_raster):
    scan = stored(scans, make_raster(epsg=EPSG, bounds=BOUNDS))
    tags = get('info/tiffdump', scan).json()['ifds'][0]['tags']
    assert (tags['256']['data'], tags['257']['data']) == ([256], [256])
    assert get('info/cog', scan).json()['ifds'][0]['width'] == 256


def test_a_tile_costs_one_query_and_the_second_one_no_file(get, scans, make_raster):
    scan = stored(scans, make_raster(epsg=EPSG, bounds=BOUNDS))
    with CaptureQueriesContext(connections[ALIAS]) as queries:
        first = get('tiles/0/0/0.png', scan)
    assert len(queries) == 1
    close_sources()
    again = get('tiles/0/0/0.png', scan, headers={'If-None-Match': first['ETag']})
    assert (again.status_code, again.content) == (304, b'')
    assert get('tiles/0/0/0.png', scan).content == first.content


def test_the_name_of_a_region_is_that_of_its_row(get, scans, make_raster):
    scan = stored(scans, make_raster(epsg=EPSG, bounds=BOUNDS))
    response = get('data/region.tif', scan, left=0, top=0, right=64, bottom=64, units='pixels')
    assert f'raster-{scan.pk}' in response['Content-Disposition']
    gdal.FileFromMemBuffer('/vsimem/region.tif', b''.join(response.streaming_content))
    region = gdal.Open('/vsimem/region.tif')
    try:
        np.testing.assert_array_equal(region.ReadAsArray(), factories.gradient()[:, :64, :64])
        assert region.GetSpatialRef().GetAuthorityCode(None) == str(EPSG)
    finally:
        region = None
        gdal.Unlink('/vsimem/region.tif')


def test_an_updated_raster_has_new_pixels_and_another_etag(get, scans, make_raster):
    data = factories.gradient(bands=1)
    scan = stored(scans, make_raster(data, epsg=EPSG, bounds=BOUNDS))
    before = get('data/region.npy', scan, units='pixels', left=0, top=0, right=256, bottom=256)
    changed = make_raster(255 - data, name='b.tif', epsg=EPSG, bounds=BOUNDS)
    scans.filter(pk=scan.pk).update(raster=loaded(changed))
    after = get('data/region.npy', scan, units='pixels', left=0, top=0, right=256, bottom=256)
    assert before['ETag'] != after['ETag']
    for answer, wanted in ((before, data), (after, 255 - data)):
        samples = np.load(io.BytesIO(answer.content))
        np.testing.assert_array_equal(samples.reshape(256, 256), wanted[0])
    old = get('tiles/0/0/0.png', scan, headers={'If-None-Match': before['ETag']})
    assert old.status_code == 200


def test_many_rows_leave_no_more_in_memory_than_is_allowed(get, scans, make_raster, settings):
    settings.LARGE_IMAGE = {'MEMORY_IMAGE_BYTES': 200_000}
    scan = stored(scans, make_raster(factories.gradient(bands=1), epsg=EPSG, bounds=BOUNDS))
    for value in range(40):
        scans.filter(pk=scan.pk).update(
            raster=loaded(
                make_raster(np.full((256, 256), value, 'uint8'), epsg=EPSG, bounds=BOUNDS)
            )
        )
        answer = get('data/pixel', scan, left=1, top=1)
        assert answer.json()['bands'] == {'1': value}
        assert memory.used() <= 200_000
    close_sources()
    gc.collect()
    assert (memory.used(), gdal.ReadDir(memory.FOLDER) or []) == (0, [])


def test_requests_let_go_of_what_they_read(get, scans, make_raster):
    scan = stored(scans, make_raster(epsg=EPSG, bounds=BOUNDS))
    gc.collect()
    gc.disable()
    try:
        assert get('tiles/0/0/0.png', scan).status_code == 200
        assert get('tiles/7/0/0.png', scan).status_code == 404
        close_sources()
        assert memory.used() == 0
    finally:
        gc.enable()


def test_threads_that_ask_for_rows_at_once(get, scans, make_raster):
    rows = [
        stored(scans, make_raster(np.full((64, 64), value, 'uint8'), epsg=EPSG, bounds=BOUNDS))
        for value in range(4)
    ]

    def ask(turn: int) -> bool:
        try:
            answer = get('data/pixel', rows[turn % 4], left=1, top=1)
            return bool(answer.json()['bands'] == {'1': turn % 4})
        finally:
            connections[ALIAS].close()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(64)))


# Rows that hold no picture.


def test_a_row_without_a_raster_is_unreadable(get, scans):
    scan = scans.create(name='empty', raster=None)
    assert detail(get('tiles/0/0/0.png', scan), 422) == 'No raster was stored for this image.'


def test_a_raster_without_an_srid_is_shown_in_its_own_pixels(get, scans, postgis):
    key = execute(
        postgis,
        'INSERT INTO testapp_scan (name, raster) VALUES (%s, ST_AddBand(ST_MakeEmptyRaster('
        '30, 20, 1000, 2000, 10, -10, 0, 0, 0), %s::text, 7, NULL)) RETURNING id',
        'nowhere',
        '8BUI',
    )
    assert get('info/metadata', key).json()['geospatial'] is False
    assert get('data/pixel', key, left=3, top=3).json()['bands'] == {'1': 7}
    assert get('tiles/0/0/0.png', key, projection='EPSG:3857').status_code == 400


EMPTY = 'ST_MakeEmptyRaster(4, 4, 0, 0, 1, -1, 0, 0, 4326)'
MIXED = f"ST_AddBand(ST_AddBand({EMPTY}, '8BUI'::text, 1, NULL), '32BF'::text, 1, NULL)"
# A band that lies in a file of the database's server, as PostGIS writes it.
OUTSIDE = (
    struct.pack('<BHHddddddiHH', 1, 0, 1, 1, -1, 0, 0, 0, 0, 4326, 4, 4)
    + bytes([4 | 0x80, 0, 0])
    + b'/srv/secret/dem.tif\0'
)


@pytest.mark.parametrize(
    'raster', [EMPTY, MIXED, f"'{OUTSIDE.hex()}'::raster"], ids=['bandless', 'mixed', 'outside']
)
def test_rasters_that_geodjango_cannot_hold_are_unreadable(get, scans, postgis, raster):
    key = execute(
        postgis, f"INSERT INTO testapp_scan (name, raster) VALUES ('x', {raster}) RETURNING id"
    )
    assert 'secret' not in detail(get('tiles/0/0/0.png', key), 422)


def test_keys_that_are_no_row_are_not_found(get, scans, make_raster):
    for key in ('0', 'x', '99999999999999999999999'):
        assert get('tiles/0/0/0.png', key).status_code == 404


def test_who_may_not_see_a_row_learns_nothing_of_its_raster(serve, scans, postgis):
    class Nobody(permissions.BasePermission):
        def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
            return False

    class HiddenViewSet(ScanViewSet):
        permission_classes = [Nobody]

    key = execute(
        postgis, f"INSERT INTO testapp_scan (name, raster) VALUES ('x', {EMPTY}) RETURNING id"
    )
    assert serve(HiddenViewSet).get(f'/own/{key}/tiles/0/0/0.png').status_code == 403


@pytest.mark.parametrize('name', ['', 'name', 'other'])
def test_a_name_of_no_raster_field_is_a_mistake_of_the_developer(serve, scans, name):
    class WrongViewSet(ScanViewSet):
        RASTER_FIELD_NAME = name

    scan = scans.create(name='x', raster=None)
    client = serve(WrongViewSet)
    client.raise_request_exception = True
    with pytest.raises(ImproperlyConfigured, match='WrongViewSet'):
        client.get(f'/own/{scan.pk}/tiles/0/0/0.png')


# Other ways to the same raster.


def test_a_deferred_raster_is_fetched(serve, scans, make_raster):
    class DeferredViewSet(ScanViewSet):
        queryset = Scan.objects.using(ALIAS).defer('raster')

    scan = stored(scans, make_raster(np.full((9, 9), 5, 'uint8'), epsg=EPSG, bounds=BOUNDS))
    answer = serve(DeferredViewSet).get(f'/own/{scan.pk}/data/pixel', {'left': 1, 'top': 1})
    assert answer.json()['bands'] == {'1': 5}
