"""The parts of an image: all of it, nothing twice, and no more memory than a part takes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import StyleError
from django_large_image.sources import blocks
from django_large_image.sources.blocks import read_blocks
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.reference import ImageReference

from .references import source

RNG = np.random.default_rng(3)
LAYOUTS = {
    'tiles': {'TILED': 'YES', 'BLOCKXSIZE': 64, 'BLOCKYSIZE': 32},
    'strips': {'BLOCKYSIZE': 7},
    'one strip': {'BLOCKYSIZE': 500},
    'pixels': {'TILED': 'YES', 'INTERLEAVE': 'PIXEL', 'COMPRESS': 'DEFLATE'},
}


@pytest.mark.parametrize('limit', [1, 999, 5000, 1 << 20])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_parts_make_up_the_image(layout, limit, make_raster, monkeypatch):
    monkeypatch.setattr(blocks, 'LIMIT', limit)
    data = RNG.integers(0, 9999, (2, 300, 201), dtype='uint16')
    reader = source(make_raster(data, options=LAYOUTS[layout]))
    together, times = np.zeros((300, 201), 'u2'), np.zeros((300, 201), int)
    for (left, top, right, bottom), raster in read_blocks(reader, None, 2):
        place = np.s_[int(top) : int(bottom), int(left) : int(right)]
        assert raster.numbers == (2,)
        together[place] = raster.data[:, :, 0]
        times[place] += 1
    np.testing.assert_array_equal(together, data[1])
    assert (times == 1).all()


def test_parts_are_whole_blocks(make_raster, monkeypatch):
    monkeypatch.setattr(blocks, 'LIMIT', 128 * 96)
    reader = source(make_raster(np.zeros((300, 500), 'u1'), options=LAYOUTS['tiles']))
    for (left, top, right, bottom), _ in read_blocks(reader, None, 1):
        assert left % 64 == top % 32 == 0
        assert (right - left) * (bottom - top) <= blocks.LIMIT


def test_masks_come_along(make_raster):
    data, mask = RNG.integers(0, 90, (70, 50), dtype='uint8'), RNG.random((70, 50)) < 0.5
    reader = source(make_raster(data, mask=mask))
    ((window, raster),) = read_blocks(reader, None, 1)
    assert window == (0, 0, 50, 70)
    np.testing.assert_array_equal(raster.mask > 0, mask)


# Pillow leaves files to the garbage collector.
@pytest.mark.filterwarnings('ignore::ResourceWarning')
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_other_libraries_sources_are_read_in_tiles(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, 'LIMIT', 256 * 256)
    data = RNG.integers(0, 255, (300, 600, 3), dtype='uint8')
    Image.fromarray(data).save(tmp_path / 'a.png')
    reader = reader_of(open_source(ImageReference(str(tmp_path / 'a.png')), source='pil'))
    together = np.zeros((300, 600), 'u1')
    for (left, top, right, bottom), raster in read_blocks(reader, None, 3):
        together[int(top) : int(bottom), int(left) : int(right)] = raster.data[:, :, 0]
    np.testing.assert_array_equal(together, data[:, :, 2])


def test_bands_and_frames_that_there_are_not(make_raster):
    reader = source(make_raster())
    for frame, band in ((None, 4), (None, 0), (1, 1)):
        with pytest.raises(StyleError):
            next(read_blocks(reader, frame, band))
