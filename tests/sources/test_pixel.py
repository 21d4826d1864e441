"""The values of a pixel, as stored and as shown."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels.style import Style
from django_large_image.sources.pixel import pixel_values

from .references import location_values, source


def at(reader, column, row, style=None):
    return pixel_values(reader, None, Style.parse(style), None, column, row)


@pytest.mark.parametrize('name', ['landsat_rgb_utm18', 'cog_utm', 'rgba_uint16', 'world_rgb'])
def test_stored_values_are_those_of_gdallocationinfo(name, data_dir):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path)
    for column, row in ((0, 0), (200, 100), (reader.sizeX - 1, reader.sizeY - 1)):
        found = at(reader, column, row)
        assert found['value'] == location_values(path, column, row)
        assert list(found['bands']) == [band.number for band in reader.bands]
        assert (found['x'], found['y']) == (column, row)


def test_colours_are_those_of_the_style(make_raster):
    reader = source(make_raster(np.array([[0, 255]], 'uint8')))
    style = {'band': 1, 'min': 0, 'max': 255, 'palette': ['#102030', '#405060']}
    assert [at(reader, 0, 0, style)[key] for key in 'rgba'] == [16, 32, 48, 255]
    assert [at(reader, 1, 0, style)[key] for key in 'rgba'] == [64, 80, 96, 255]


def test_nodata_stands_as_it_is_stored_and_is_not_shown(make_raster):
    reader = source(make_raster(np.array([[-9999, 4]], 'float32'), nodata=-9999))
    style = {'band': 1, 'min': 0, 'max': 10, 'nodata': 'auto'}
    assert at(reader, 0, 0, style)['a'] == 0
    assert at(reader, 0, 0, style)['value'] == [-9999]
    assert at(reader, 1, 0, style)['a'] == 255


def test_more_bands_than_can_be_shown_at_once_are_all_told(make_raster):
    data = np.arange(50, dtype='uint16').reshape(50, 1, 1)
    assert at(source(make_raster(data)), 0, 0)['value'] == list(range(50))
