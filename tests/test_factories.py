"""The factories say what they write: GDAL reads it back."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from tests import factories


def test_raster_keeps_values_and_georeference(tmp_path):
    data = factories.gradient(16, 32, bands=2, dtype='uint16')
    path = factories.raster(
        tmp_path / 'a.tif', data, epsg=32618, bounds=(100, 200, 420, 360), nodata=7, overviews=(2,)
    )
    dataset = gdal.Open(str(path))
    np.testing.assert_array_equal(dataset.ReadAsArray(), data)
    assert dataset.GetGeoTransform() == (100, 10, 0, 360, 0, -10)
    assert dataset.GetSpatialRef().GetAuthorityCode(None) == '32618'
    assert dataset.GetRasterBand(1).GetNoDataValue() == 7
    assert dataset.GetRasterBand(1).GetOverviewCount() == 1


def test_raster_without_georeference_has_none(tmp_path):
    dataset = gdal.Open(str(factories.raster(tmp_path / 'a.tif')))
    assert dataset.GetGeoTransform(can_return_null=True) is None
    assert dataset.GetSpatialRef() is None


@pytest.mark.parametrize('driver', ['GTiff', 'COG', 'PNG'])
def test_alpha_is_the_last_band(tmp_path, driver):
    path = factories.raster(tmp_path / 'a', factories.gradient(bands=4), alpha=True, driver=driver)
    dataset = gdal.Open(str(path))
    assert dataset.GetRasterBand(4).GetColorInterpretation() == gdal.GCI_AlphaBand
    assert dataset.GetRasterBand(1).GetColorInterpretation() == gdal.GCI_RedBand


def test_mask_is_inside_the_file(tmp_path):
    mask = np.zeros((8, 8), bool)
    mask[2:4, 3:5] = True
    path = factories.raster(tmp_path / 'a.tif', factories.gradient(8, 8), mask=mask)
    dataset = gdal.Open(str(path))
    assert dataset.GetRasterBand(1).GetMaskFlags() == gdal.GMF_PER_DATASET
    np.testing.assert_array_equal(dataset.GetRasterBand(1).GetMaskBand().ReadAsArray() > 0, mask)
    assert [entry.name for entry in tmp_path.iterdir()] == ['a.tif']


def test_color_table_and_interpretations(tmp_path):
    data = np.array([[0, 1], [1, 0]], 'uint8')
    palette = [(10, 20, 30, 255), (40, 50, 60, 255)]
    painted = gdal.Open(str(factories.raster(tmp_path / 'a.tif', data, color_table=palette)))
    assert painted.GetRasterBand(1).GetColorInterpretation() == gdal.GCI_PaletteIndex
    assert painted.GetRasterBand(1).GetColorTable().GetColorEntry(1) == (40, 50, 60, 255)
    green = gdal.Open(str(factories.raster(tmp_path / 'b.tif', data, interpretations=['Green'])))
    assert green.GetRasterBand(1).GetColorInterpretation() == gdal.GCI_GreenBand


def test_gcps_replace_the_geotransform(tmp_path):
    points = [(0, 0, 10, 50), (16, 0, 11, 50), (0, 16, 10, 49), (16, 16, 11, 49)]
    path = factories.raster(tmp_path / 'a.tif', factories.gradient(16, 16), epsg=4326, gcps=points)
    dataset = gdal.Open(str(path))
    assert [(p.GCPPixel, p.GCPLine, p.GCPX, p.GCPY) for p in dataset.GetGCPs()] == points
    assert dataset.GetGCPSpatialRef().GetAuthorityCode(None) == '4326'


def test_multiframe_has_a_page_per_frame(tmp_path):
    frames = [np.full((4, 4), value, 'uint8') for value in (1, 2, 3)]
    path = factories.multiframe(tmp_path / 'a.tif', frames)
    names = [name for name, _ in gdal.Open(str(path)).GetSubDatasets()]
    assert [gdal.Open(name).ReadAsArray()[0, 0] for name in names] == [1, 2, 3]


def test_image_file_stores_below_the_media_root(image_file, media_root):
    stored = image_file(np.zeros((4, 4), 'uint8'))
    assert stored.file.path == str(media_root / 'images' / 'image.tif')
    assert image_file(empty=True).file.name == ''
