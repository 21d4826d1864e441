"""Tags of TIFFs, and whether they are Cloud Optimized."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from django_large_image.exceptions import ParameterError, UnreadableError
from django_large_image.sources.layout import check_blocks, check_cog, tiff_tags
from django_large_image.sources.opening import open_source
from django_large_image.sources.reference import ImageReference
from tests import factories

from . import hostile


def test_tags_are_told_without_the_path(make_raster, tmp_path):
    path = make_raster(np.zeros((30, 50), 'uint8'))
    found = tiff_tags(str(path))
    assert str(tmp_path) not in json.dumps(found)
    assert '"image.tif"' in json.dumps(found)


def test_a_name_is_one_of_a_file_and_not_of_a_directory_in_another(make_raster, tmp_path):
    make_raster(np.zeros((30, 50), 'uint8'), name='a.tif')
    path = make_raster(np.zeros((30, 51), 'uint8'), name='a.tif,0')
    (directory,) = tiff_tags(str(path))['ifds']
    assert directory['tags']['256']['data'] == [51]
    assert str(tmp_path) not in json.dumps(directory)


@pytest.mark.parametrize('content', [b'', b'text', b'\x89PNG\r\n\x1a\n'])
def test_other_files_have_no_tags(content, tmp_path):
    path = tmp_path / 'a.tif'
    path.write_bytes(content)
    with pytest.raises(ParameterError):
        tiff_tags(str(path))
    with pytest.raises(ParameterError):
        tiff_tags(str(tmp_path / 'missing.tif'))


@pytest.mark.parametrize('content', [b'II*\0', b'II*\0\xff\xff\xff\x7f', b'MM\0*' + b'\xff' * 99])
def test_damaged_tags_are_unreadable(content, tmp_path):
    path = tmp_path / 'a.tif'
    path.write_bytes(content)
    with pytest.raises(UnreadableError):
        tiff_tags(str(path))


def test_a_cog_is_known(data_dir, make_raster):
    assert check_cog(str(data_dir / 'geo' / 'cog_utm.tif'))['valid']
    flat = make_raster(factories.gradient(2048, 2048))
    found = check_cog(str(flat))
    assert not found['valid']
    assert found['errors']
    assert str(flat.parent) not in json.dumps(found)


def test_warnings_count_when_asked(make_raster):
    path = str(make_raster(factories.gradient(1024, 1024), options={'TILED': 'YES'}))
    loose, strict = check_cog(path), check_cog(path, strict=True)
    assert len(strict['errors']) == len(loose['errors']) + len(loose['warnings'])
    assert not strict['warnings']


def test_only_tiffs_can_be_cogs(make_raster):
    path = make_raster(np.zeros((3, 9, 9), 'uint8'), name='a.png', driver='PNG')
    with pytest.raises(ParameterError):
        check_cog(str(path))


def test_directories_that_lead_round_in_circles(tmp_path):
    path = factories.raster(tmp_path / 'a.tif', factories.gradient(9, 9))
    content = bytearray(path.read_bytes())
    first = int.from_bytes(content[4:8], 'little')
    entries = int.from_bytes(content[first : first + 2], 'little')
    after = first + 2 + 12 * entries
    content[after : after + 4] = first.to_bytes(4, 'little')
    path.write_bytes(content)
    with pytest.raises(UnreadableError):
        tiff_tags(str(path))


def retagged(path: Path, tag: int, **changes: int) -> Path:
    """Change the type, count or value of a tag of the first directory of a TIFF."""
    content = bytearray(path.read_bytes())
    (start,) = struct.unpack_from('<I', content, 4)
    for place in range(start + 2, start + 2 + 12 * content[start], 12):
        number, kind, count, value = struct.unpack_from('<HHII', content, place)
        if number == tag:
            entry = {'number': number, 'kind': kind, 'count': count, 'value': value, **changes}
            struct.pack_into('<HHII', content, place, *entry.values())
    path.write_bytes(content)
    return path


@pytest.fixture
def tiled(make_raster):
    options = {'TILED': 'YES', 'COMPRESS': 'DEFLATE'}
    return make_raster(factories.gradient(256, 256, 1), name='tiled.tif', options=options)


def test_blocks_of_honest_tiffs_are_sane(tiled, make_raster, data_dir, tmp_path):
    check_blocks(str(tiled))
    check_blocks(str(make_raster(options={'BIGTIFF': 'YES'}, overviews=[2])))
    check_blocks(str(hostile.pyramid(tmp_path / 'pyramid.tif')))
    for path in (data_dir / 'geo').glob('*.tif'):
        check_blocks(str(path))


@pytest.mark.parametrize(
    ('tag', 'changes'),
    [
        *((325, {'value': 2**32 - 1}), (325, {'kind': 0}), (325, {'number': 324})),
        *((325, {'number': 60000}), (322, {'kind': 4, 'value': 2**20}), (325, {'value': 10**6})),
    ],
)
def test_lengths_that_cannot_be_are_refused_before_room_is_made(tag, changes, tiled):
    if tag == 322:
        retagged(tiled, 323, **changes)
    retagged(tiled, tag, **changes)
    with pytest.raises(UnreadableError, match='claims'):
        check_blocks(str(tiled))
    with pytest.raises(UnreadableError):
        open_source(ImageReference(str(tiled), '1'), source='tiff')
