"""What files claim to hold, and which are believed."""

from __future__ import annotations

import struct

import pytest
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.claims import check_claims
from django_large_image.sources.handles import open_dataset
from django_large_image.sources.opening import close_sources
from django_large_image.storage import http
from django_large_image.storage.urls import url_reference
from tests import factories
from tests.servers.http import running

from .hostile import BOMBS, grey, png, pyramid, tiff

LIARS = 'directories.tif self.tif tags.tif overlapping.tif counts.tif texts.png'.split()


@pytest.mark.parametrize('name', LIARS)
def test_more_than_there_can_be_is_refused(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    with pytest.raises(UnreadableError, match='claims'):
        check_claims(str(path))
    with pytest.raises(UnreadableError, match='claims'):
        open_dataset(str(path))


def test_as_many_directories_as_the_limit_are_read(tmp_path):
    path = tmp_path / 'a.tif'
    path.write_bytes(tiff(*[grey()] * 5))
    check_claims(str(path), 5)
    with pytest.raises(UnreadableError):
        check_claims(str(path), 4)


@pytest.mark.parametrize('options', [{}, {'BIGTIFF': 'YES'}, {'ENDIANNESS': 'BIG'}])
def test_real_tiffs_pass(options, tmp_path):
    frames = [factories.gradient(64, 64)] * 3
    check_claims(str(factories.multiframe(tmp_path / 'a.tif', frames)))
    path = factories.raster(tmp_path / 'b.tif', overviews=[2, 4], options=options)
    check_claims(str(path))
    with pytest.raises(UnreadableError):
        check_claims(str(path), 2)
    check_claims(str(pyramid(tmp_path / 'c.tif')))


def test_big_tiffs_are_measured_as_well(tmp_path):
    path = tmp_path / 'a.tif'
    tags = struct.pack('<HHQQ', 42112, 2, 2**40, 16)
    path.write_bytes(b'II+\0\x08\0\0\0' + struct.pack('<QQ', 16, 1) + tags + bytes(8))
    with pytest.raises(UnreadableError):
        check_claims(str(path))


def test_a_picture_may_have_some_texts(tmp_path):
    path = tmp_path / 'a.png'
    path.write_bytes(png(*[(b'zTXt', b'a\0\0x')] * 16))
    check_claims(str(path))
    for chunks in ([(b'iTXt', b'a\0\0x')] * 17, [(b'aaAa', b'')] * 4096):
        path.write_bytes(png(*chunks))
        with pytest.raises(UnreadableError):
            check_claims(str(path))


@pytest.mark.parametrize('content', [b'', b'II*\0', b'MM\0+\0', b'\x89PNG\r\n\x1a\n', b'GIF89a'])
def test_what_is_cut_or_of_another_kind_passes(content, tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(content)
    check_claims(str(path))
    check_claims(str(tmp_path / 'none'))
    check_claims('/vsimem/none')


# Files that are not local.


@pytest.fixture
def web(settings):
    """A server that may be asked; what it was asked is counted."""
    with running() as server:
        settings.LARGE_IMAGE = {'URL_PREFIXES': [server.url], 'VERSION_MAX_AGE': 3600}
        yield server
        close_sources()
        http._idle.close()


@pytest.mark.parametrize('name', LIARS)
def test_what_lies_elsewhere_claims_no_more(name, web):
    web.files[name] = BOMBS[name]()
    reference = url_reference(web.url + name)
    with pytest.raises(UnreadableError, match='claims'):
        open_dataset(reference.path, reference.options)
    gdal.FileFromMemBuffer('/vsimem/claims', web.files[name])
    with pytest.raises(UnreadableError, match='claims'):
        check_claims('/vsimem/claims')
    gdal.Unlink('/vsimem/claims')


def test_a_cog_is_looked_at_for_no_request_more(web, tmp_path):
    options = {'COMPRESS': 'DEFLATE', 'BLOCKSIZE': 128}
    path = factories.raster(tmp_path / 'a.tif', driver='COG', options=options)
    web.files['a.tif'] = path.read_bytes()
    reference = url_reference(f'{web.url}a.tif')
    dataset = open_dataset(reference.path, reference.options)
    assert dataset.RasterXSize == 256
    assert [method for method, *_ in web.asked] == ['HEAD', 'GET']


def test_a_file_that_cannot_be_fetched_makes_no_claims(web, tmp_path):
    web.files['a.tif'] = factories.raster(tmp_path / 'a.tif').read_bytes()
    reference = url_reference(f'{web.url}a.tif')
    web.fault = 'status 500'
    with pytest.raises(BusyError):
        open_dataset(reference.path, reference.options)
    web.fault = ''
    assert open_dataset(reference.path, reference.options).RasterXSize == 256
