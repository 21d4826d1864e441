"""What files claim to hold, and which are believed."""

from __future__ import annotations

import struct

import pytest

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.claims import check_claims
from django_large_image.sources.handles import open_dataset
from tests import factories

from .hostile import BOMBS, grey, png, pyramid, tiff


@pytest.mark.parametrize(
    'name', ['directories.tif', 'self.tif', 'overlapping.tif', 'counts.tif', 'texts.png']
)
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
    path.write_bytes(png(*[(b'iTXt', b'a\0\0x')] * 17))
    with pytest.raises(UnreadableError):
        check_claims(str(path))


@pytest.mark.parametrize('content', [b'', b'II*\0', b'MM\0+\0', b'\x89PNG\r\n\x1a\n', b'GIF89a'])
def test_what_is_cut_or_of_another_kind_passes(content, tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(content)
    check_claims(str(path))
    check_claims(str(tmp_path / 'none'))
    check_claims('/vsicurl/http://127.0.0.1/a.tif')
