"""Tags of TIFFs, and whether they are Cloud Optimized."""

from __future__ import annotations

import json

import numpy as np
import pytest

from django_large_image.exceptions import ParameterError, UnreadableError
from django_large_image.sources.layout import check_cog, tiff_tags
from tests import factories


def test_tags_are_told_without_the_path(make_raster, tmp_path):
    path = make_raster(np.zeros((30, 50), 'uint8'))
    found = tiff_tags(str(path))
    assert str(tmp_path) not in json.dumps(found)
    assert '"image.tif"' in json.dumps(found)


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
