"""What is known of an image is plain, true, and measured once."""

from __future__ import annotations

import json

import numpy as np
import pytest
from django.core.cache import cache as django_cache
from PIL import Image

from django_large_image.exceptions import ParameterError
from django_large_image.sources import metadata
from django_large_image.sources.opening import close_sources, open_source
from django_large_image.sources.reference import ImageReference
from tests import factories

UTM = {'epsg': 32618, 'bounds': (300000, 4500000, 400000, 4560000)}


@pytest.fixture(autouse=True)
def closed():
    django_cache.clear()
    close_sources()
    yield
    close_sources()


def opened(path, **options):
    reference = ImageReference(str(path), '1')
    return open_source(reference, **options), reference


def test_metadata_is_json_without_paths(make_raster):
    data = np.full((60, 100), np.nan, 'float32')
    source, reference = opened(make_raster(data, nodata=np.nan, **UTM))
    for found in (
        metadata.image_metadata(source, reference),
        metadata.internal_metadata(source, reference),
        metadata.tiles_information(source, reference),
    ):
        text = json.dumps(found, allow_nan=False)
        assert str(make_raster.__name__) not in text
        assert reference.path.rsplit('/', 1)[0] not in text
        assert '"image.tif"' in text or 'fileList' not in found


def test_the_orientation_is_told(make_raster, tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.new('RGB', (60, 40)).save(tmp_path / 'turned.jpg', exif=exif)
    for path, expected in [(tmp_path / 'turned.jpg', 6), (make_raster(**UTM), 1)]:
        found = metadata.image_metadata(*opened(path))
        assert found['orientation'] == expected
    assert 'orientation' not in metadata.internal_metadata(*opened(tmp_path / 'turned.jpg'))


def test_bounds_are_those_of_the_corners(make_raster):
    source, reference = opened(make_raster(np.zeros((60, 100), 'uint8'), **UTM))
    bounds = metadata.image_metadata(source, reference)['bounds']
    assert -77.4 < bounds['xmin'] < bounds['xmax'] < -76.1
    assert 40.6 < bounds['ymin'] < bounds['ymax'] < 41.2
    own = metadata.geographic_bounds(source, 'EPSG:32618')
    assert [own[key] for key in ('xmin', 'ymin', 'xmax', 'ymax')] == pytest.approx(UTM['bounds'])


@pytest.mark.parametrize('projection', [None, 'EPSG:3857'])
def test_bands_are_described(projection, make_raster):
    data = np.stack([np.full((60, 100), value, 'uint8') for value in (3, 5, 9)])
    data[:, :10] = 0
    source, reference = opened(make_raster(data, nodata=0, **UTM), projection=projection)
    bands = metadata.bands_information(source, reference)
    assert {number: band['mean'] for number, band in bands.items()} == {1: 3, 2: 5, 3: 9}
    assert [band['interpretation'] for band in bands.values()] == ['red', 'green', 'blue']
    assert all(band['nodata'] == 0 and band['min'] > 0 for band in bands.values())
    assert metadata.one_band(source, reference, 2) == bands[2]
    for number in (0, 4, -1):
        with pytest.raises(ParameterError):
            metadata.one_band(source, reference, number)


def test_nothing_is_measured_twice(make_raster, monkeypatch):
    from django_large_image.sources.raster_source import RasterTileSource

    source, reference = opened(make_raster(np.zeros((3, 60, 100), 'uint8'), **UTM))
    metadata.image_metadata(source, reference)

    def read(*args, **kwargs):
        raise AssertionError('The image was read again.')

    monkeypatch.setattr(RasterTileSource, 'read_window', read)
    metadata.image_metadata(source, reference)
    metadata.tiles_information(source, reference)
    metadata.bands_information(source, reference)
    close_sources()
    other, _ = opened(reference.path)
    assert other is not source
    metadata.image_metadata(other, reference)


def test_frames_are_listed(tmp_path):
    frames = [np.zeros((9, 9), 'uint8')] * 3
    source, _ = opened(factories.multiframe(tmp_path / 'a.tif', frames))
    found = metadata.frames_information(source)['frames']
    assert [entry['frame'] for entry in found] == ['Frame 0', 'Frame 1', 'Frame 2']
    single, _ = opened(factories.raster(tmp_path / 'b.tif', np.zeros((3, 9, 9), 'uint8')))
    (entry,) = metadata.frames_information(single)['frames']
    assert [band['name'] for band in entry['bands']] == ['red', 'green', 'blue']


def test_a_palette_is_told(make_raster):
    colors = [(0, 0, 0), (255, 0, 0)]
    source, reference = opened(make_raster(np.zeros((9, 9), 'uint8'), color_table=colors))
    band = metadata.one_band(source, reference, 1)
    assert band['interpretation'] == 'palette'
    assert band['colortable'][:2] == [[0, 0, 0, 255], [255, 0, 0, 255]]


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (float('nan'), None),
        (np.float32(2), 2),
        (np.array([1, 2]), [1, 2]),
        ((1, b'a'), [1, 'a']),
        ({'a': float('inf')}, {'a': None}),
        (range(2), [0, 1]),
    ],
)
def test_plain_values(value, expected):
    assert metadata.plain(value) == expected
