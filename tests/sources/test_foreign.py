"""Other large-image sources read behind the same methods."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import OutsideError, ProjectionError, StyleError, UnreadableError
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.reference import ImageReference

# Pillow leaves files to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings('ignore::ResourceWarning'),
    pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning'),
]
RNG = np.random.default_rng(2)


@pytest.fixture
def opened(tmp_path):
    def make(data, suffix='png', **options):
        path = tmp_path / f'image.{suffix}'
        Image.fromarray(data).save(path)
        return reader_of(open_source(ImageReference(str(path)), source='pil', **options))

    return make


@pytest.mark.parametrize('shape', [(60, 100), (60, 100, 3), (60, 100, 4)])
def test_samples_are_those_of_the_file(shape, opened):
    data = RNG.integers(0, 255, shape, dtype='uint8')
    reader = opened(data)
    planes = data.reshape(60, 100, -1)
    numbers = list(range(1, planes.shape[2] + 1))
    raster = reader.read_window((0, 0, 100, 60), (100, 60), bands=numbers)
    np.testing.assert_array_equal(raster.data, planes)
    part = reader.read_window((10, 20, 40, 50), (30, 30), bands=(1,))
    np.testing.assert_array_equal(part.data[:, :, 0], planes[20:50, 10:40, 0])
    if len(numbers) == 4:
        np.testing.assert_array_equal(part.mask, planes[20:50, 10:40, 3])
        assert reader.bands[3].interpretation == 'alpha'


def test_tiles_and_windows_agree(opened):
    data = RNG.integers(0, 255, (300, 400, 3), dtype='uint8')
    reader = opened(data)
    tile = reader.read_tile(0, 0, 0)
    assert tile.data.shape == (reader.tileHeight, reader.tileWidth, 3)
    np.testing.assert_array_equal(tile.data[:300, :400], data)
    assert tile.mask is None or tile.mask[:300, :400].all()


def test_regions_are_scaled(opened):
    data = np.full((300, 400, 3), 90, 'uint8')
    for size in ((40, 30), (33, 77), (1, 1)):
        raster = opened(data).read_window((100, 100, 300, 200), size)
        assert raster.data.shape == (size[1], size[0], 3)
        assert (raster.data == 90).all()


def test_what_is_not_there_is_refused(opened):
    reader = opened(np.zeros((20, 20, 3), 'uint8'))
    with pytest.raises(OutsideError):
        reader.read_tile(0, 1, 0)
    with pytest.raises(OutsideError):
        reader.read_tile(9, 0, 0)
    with pytest.raises(StyleError):
        reader.read_tile(0, 0, 0, frame=3)
    with pytest.raises(StyleError):
        reader.read_window((0, 0, 5, 5), (5, 5), bands=(9,))
    with pytest.raises(ProjectionError):
        reader.read_map('EPSG:3857', (0, 0, 1, 1), (5, 5))


def test_whatever_a_parser_raises_is_an_unreadable_image(opened, monkeypatch):
    reader = opened(np.zeros((20, 20, 3), 'uint8'))

    def fail(*args, **kwargs):
        raise KeyError('somewhere deep')

    monkeypatch.setattr(reader.source, 'getTile', fail)
    monkeypatch.setattr(reader.source, 'getRegion', fail)
    with pytest.raises(UnreadableError):
        reader.read_tile(0, 0, 0)
    with pytest.raises(UnreadableError):
        reader.read_window((0, 0, 5, 5), (5, 5))
