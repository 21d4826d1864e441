"""The parts of an image: all of it, nothing twice, and no more memory than a part takes."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal
from PIL import Image

from django_large_image.exceptions import BudgetError, StyleError
from django_large_image.sources import blocks
from django_large_image.sources.blocks import read_blocks, read_thinned
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


def test_bands_that_are_decoded_together_count(make_raster, monkeypatch):
    monkeypatch.setattr(blocks, 'LIMIT', 128 * 96)
    data = np.zeros((4, 300, 500), 'u1')
    reader = source(make_raster(data, options={**LAYOUTS['tiles'], 'INTERLEAVE': 'PIXEL'}))
    for (left, top, right, bottom), _ in read_blocks(reader, None, 1):
        assert (right - left) * (bottom - top) * len(data) <= blocks.LIMIT


@pytest.mark.parametrize('overviews', [(), (2,), (3, 9), (2, 4, 8)])
@pytest.mark.parametrize('limit', [1, 5000, 1 << 20])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_some_samples_are_those_of_their_places(layout, limit, overviews, make_raster, monkeypatch):
    monkeypatch.setattr(blocks, 'THINNED_LIMIT', limit)
    # The bands are the place of each pixel.
    path = make_raster(
        np.mgrid[0:300, 0:201].astype('u2'), options=LAYOUTS[layout], overviews=overviews
    )
    coarse = max((1, *overviews))
    times = np.zeros((300, 201), int)
    for window, raster in read_thinned(source(path), None, (2, 1), (0, 0, 201, 300), 7.3):
        left, top, right, bottom = map(int, window)
        times[top:bottom, left:right] += 1
        height, width = raster.data.shape[:2]
        assert height <= max(1, (bottom - top) / 7.3)
        assert width <= max(1, (right - left) / 7.3)
        # In the middle of its share of the window, as far as the overview tells.
        x = left + (np.arange(width) + 0.5) * (right - left) / width
        y = top + (np.arange(height)[:, np.newaxis] + 0.5) * (bottom - top) / height
        assert np.abs(raster.data[:, :, 0] + 0.5 - x).max() <= coarse + 0.5
        assert np.abs(raster.data[:, :, 1] + 0.5 - y).max() <= coarse + 0.5
    assert (times == 1).all()


def test_a_part_of_some_samples_is_no_more_than_may_be_decoded(make_raster, monkeypatch):
    # Overviews have blocks of 128 pixels.
    monkeypatch.setattr(blocks, 'THINNED_LIMIT', 128 * 128 * 3)
    data = np.zeros((3, 900, 1100), 'u1')
    tiles = {**LAYOUTS['tiles'], 'INTERLEAVE': 'PIXEL'}
    for overviews, factor in (((), 1), ((4,), 4)):
        reader = source(make_raster(data, options=tiles, overviews=overviews))
        parts = list(read_thinned(reader, None, (1,), (0, 0, 1100, 900), 9.0))
        assert len(parts) > 1
        for (left, top, right, bottom), _ in parts:
            decoded = (right - left) * (bottom - top) * len(data) / factor**2
            assert decoded <= blocks.THINNED_LIMIT


@pytest.mark.parametrize('layout', LAYOUTS)
def test_what_was_decoded_is_given_back(layout, make_raster):
    data = RNG.integers(0, 90, (2, 700, 600), dtype='uint16')
    path = make_raster(data, mask=data[0] > 5, options=LAYOUTS[layout], overviews=(2, 4))
    before, reader = gdal.GetCacheUsed(), source(path)
    for scale in (1.0, 2.0, 4.5, 20.0):
        assert list(read_thinned(reader, None, (1, 2), (0, 0, 600, 700), scale))
        assert gdal.GetCacheUsed() == before
    assert list(read_blocks(reader, None, 1))
    assert gdal.GetCacheUsed() == before


def test_a_block_alone_may_be_too_much(make_raster, settings):
    # GDAL reads such a strip line by line where it is not compressed, or of 8 bits.
    options = {**LAYOUTS['one strip'], 'COMPRESS': 'DEFLATE'}
    reader = source(make_raster(np.zeros((500, 500), 'u2'), options=options))
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 500 * 500 - 1}
    with pytest.raises(BudgetError):
        next(read_blocks(reader, None, 1))
    with pytest.raises(BudgetError):
        next(read_thinned(reader, None, (1,), (0, 0, 50, 50), 1.0))
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 500 * 500}
    assert list(read_blocks(reader, None, 1))


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
