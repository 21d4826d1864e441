"""Which paths GDAL may be given, and as what."""

from __future__ import annotations

import os

import numpy as np
import pytest

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.filesystems import (
    allowed_path,
    file_of,
    forget,
    is_asked_by_gdal,
    is_remote,
    local_path,
)
from django_large_image.sources.handles import open_dataset
from tests import factories

from . import hostile


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, so that a name alone is a path."""
    monkeypatch.chdir(tmp_path)
    factories.raster(tmp_path / 'a.tif', np.full((8, 8), hostile.SECRET, 'uint8'))
    return tmp_path


@pytest.mark.parametrize('name', hostile.NAMES)
def test_a_file_is_that_file_whatever_its_name(name, folder):
    factories.raster(folder / 'own.tif', np.full((8, 8), hostile.OWN, 'uint8')).rename(name)
    for path in (name, str(folder / name), f'./{name}'):
        assert allowed_path(path) == os.path.abspath(path)
        assert local_path(path) == os.path.abspath(path)
        assert open_dataset(path).ReadAsArray(0, 0, 1, 1)[0, 0] == hostile.OWN


@pytest.mark.parametrize(
    'path',
    [
        '',
        'none.tif',
        'a.tif\0',
        'a.tif\n',
        '.',
        '/dev/null',
        'GTIFF_RAW:a.tif',
        'GTIFF_DIR:1:none.tif',
        'GTIFF_DIR:1:GTIFF_DIR:1:a.tif',
        'GTIFF_DIR:1:/vsizip/a.zip/a.tif',
        'HDF5:"/vsizip/a.zip"://b',
        'JPEG_SUBFILE:0,10,a.tif',
        'vrt://a.tif',
        'PG:dbname=a',
        'MEM:::DATAPOINTER=1,PIXELS=1,LINES=1',
        '<VRTDataset rasterXSize="1" rasterYSize="1"/>',
        '{"type": "gdal_streamed_alg"}',
        'http://127.0.0.1/a.tif',
        's3://bucket/a.tif',
        '/vsi',
        '/vsizip/a.zip/a.tif',
        '/vsizip//vsicurl/http://127.0.0.1/a.zip/a.tif',
        '/vsizip/{/vsicurl/http://127.0.0.1/a.zip}/a.tif',
        '/vsitar/a.tar/a.tif',
        '/vsigzip/a.tif.gz',
        '/vsisubfile/0_100,a.tif',
        '/vsicrypt/a.tif',
        '/vsisparse/a.xml',
        '/vsicached?file=a.tif',
        '/vsistdin/',
        '/vsimem/a.tif',
        '/vsis3_streaming/bucket/a.tif',
        '/vsicurl_streaming/http://127.0.0.1/a.tif',
        '/vsihdfs/a.tif',
        '/vsicurl/file:///etc/passwd',
        '/vsicurl/ftp://127.0.0.1/a.tif',
        '/vsicurl/gopher://127.0.0.1/a.tif',
        '/vsicurl/a.tif',
        '/vsicurl/http://127.0.0.1/a\r\nHost: b',
        '/vsicurl?url=file:///etc/passwd',
        '/vsicurl?url=file%3A///etc/passwd',
        '/vsicurl?url=http://127.0.0.1/a.tif&url=file:///etc/passwd',
        '/vsicurl?header_file=/etc/passwd&url=http://127.0.0.1/a.tif',
        '/vsicurl?pc_url_signing=yes&url=http://127.0.0.1/a.tif',
        '/vsicurl?use_head=no',
    ],
)
def test_what_is_no_image_of_ours_is_not_given_to_gdal(path, folder):
    with pytest.raises(UnreadableError) as caught:
        allowed_path(path)
    assert 'a.tif' not in caught.value.detail
    with pytest.raises(UnreadableError):
        local_path(path)


@pytest.mark.parametrize(
    'path',
    [
        '/vsis3/bucket/vsizip/a.tif',
        '/vsigs/bucket/a.tif',
        '/vsiaz/container/a.tif',
        '/vsicurl/https://example.org/vsizip/a.tif?b=c',
        '/vsicurl?use_head=no&list_dir=no&url=https%3A//example.org/a.tif',
        'GTIFF_DIR:2:/vsis3/bucket/a.tif',
        'HDF5:"/vsis3/bucket/a.h5"://b',
    ],
)
def test_stores_pass_as_they_are(path):
    assert allowed_path(path) == path


def test_the_settings_add_file_systems_and_what_lies_in_them_is_checked(settings):
    settings.LARGE_IMAGE = {'VSI_PREFIXES': ['/vsizip/', '/vsis3/']}
    assert allowed_path('/vsizip//vsis3/bucket/a.zip/a.tif')
    assert allowed_path('/vsizip//vsizip/a.zip/b.zip/a.tif')
    for path in (
        '/vsizip//vsicurl/http://127.0.0.1/a.zip/a.tif',
        '/vsizip/{/vsitar/a.tar}/a.tif',
        '/vsicurl/http://127.0.0.1/a.tif',
    ):
        with pytest.raises(UnreadableError):
            allowed_path(path)


def test_pages_lie_in_a_file_in_full(folder):
    assert allowed_path('GTIFF_DIR:1:a.tif') == f'GTIFF_DIR:1:{folder}/a.tif'
    assert open_dataset('GTIFF_DIR:1:a.tif').RasterXSize == 8
    assert file_of('GTIFF_DIR:off:8:a.tif') == 'a.tif'


@pytest.mark.parametrize(
    ('path', 'remote', 'asked_by_gdal'),
    [
        *((f'/vsi{kind}/bucket/a.tif', True, True) for kind in ('s3', 'gs', 'az', 'adls', 'oss')),
        ('/vsis3_streaming/bucket/a.tif', True, True),
        ('/vsicurl/https://example.org/a.tif', True, True),
        ('/vsicurl?url=https%3A//example.org/a.tif', True, True),
        ('GTIFF_DIR:2:/vsigs/bucket/a.tif', True, True),
        ('/vsiranges/0/a.tif', True, False),
        ('GTIFF_DIR:2:/vsiranges/0/a.tif', True, False),
        *(
            (path, False, False)
            for path in ('/vsimem/a.tif', '/images/a.tif', 'GTIFF_DIR:2:/a.tif')
        ),
    ],
)
def test_what_lies_elsewhere(path, remote, asked_by_gdal):
    assert (is_remote(path), is_asked_by_gdal(path)) == (remote, asked_by_gdal)
    forget(path)


@pytest.mark.parametrize(
    ('name', 'file'),
    [
        ('/a/b.tif', '/a/b.tif'),
        ('GTIFF_DIR:2:/a/b.tif', '/a/b.tif'),
        ('GTIFF_DIR:off:8:/a/b.tif', '/a/b.tif'),
        ('HDF5:"/a/b.h5"://group/data', '/a/b.h5'),
        ('/vsicurl/http://host:80/b.tif', '/vsicurl/http://host:80/b.tif'),
    ],
)
def test_the_file_of_a_subdataset(name, file):
    assert file_of(name) == file
