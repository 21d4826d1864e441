"""Regions as GeoTIFF, read again by GDAL: values, place, nodata, mask and colours are kept."""

from __future__ import annotations

import os

import numpy as np
import pytest
from osgeo import gdal, osr

from django_large_image.pixels.style import Style
from django_large_image.sources.geotiff import write_region
from django_large_image.sources.regions import Region, plan_image, plan_region

from .references import gdal_translate, gdalwarp, source

RNG = np.random.default_rng(5)
UTM = {'epsg': 32618, 'bounds': (300000, 4500000, 383000, 4561000)}


def written(reader, plan, tmp_path, style=None, resampling='nearest'):
    """Return the region as GDAL reads it."""
    with write_region(reader, None, Style.parse(style), None, plan, resampling) as file:
        path = tmp_path / 'region.tif'
        path.write_bytes(file.read())
    return gdal.Open(str(path))


@pytest.mark.parametrize(
    'name', ['cog_utm', 'cog_palette', 'landsat_rgb_utm18', 'rgba_uint16', 'cog_dateline']
)
def test_a_region_is_that_of_gdal_translate(name, data_dir, tmp_path):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path)
    window = (37, 21, 237, 171)
    plan = plan_region(reader, Region(37, 21, 237, 171, 'pixels'), None, None)
    assert plan.size == (200, 150)
    ours = written(reader, plan, tmp_path)
    theirs = gdal_translate(path, tmp_path, window, (200, 150), 'nearest')
    np.testing.assert_array_equal(ours.ReadAsArray(), theirs.ReadAsArray())
    assert ours.GetGeoTransform() == pytest.approx(theirs.GetGeoTransform(), abs=1e-6)
    assert ours.GetSpatialRef().IsSame(theirs.GetSpatialRef())
    for number in range(1, ours.RasterCount + 1):
        one, other = ours.GetRasterBand(number), theirs.GetRasterBand(number)
        assert one.DataType == other.DataType
        assert one.GetNoDataValue() == other.GetNoDataValue()
        assert one.GetColorInterpretation() == other.GetColorInterpretation()
        assert (one.GetColorTable() is None) == (other.GetColorTable() is None)
        if other.GetColorTable() is not None:
            assert [one.GetColorTable().GetColorEntry(i) for i in range(256)] == [
                other.GetColorTable().GetColorEntry(i) for i in range(256)
            ]


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'int32', 'float32', 'float64'])
def test_every_type_is_kept_exactly(dtype, make_raster, tmp_path):
    data = (RNG.normal(0, 50, (2, 61, 83))).astype(dtype)
    reader = source(make_raster(data, nodata=7, **UTM))
    found = written(reader, plan_image(reader, None, None), tmp_path)
    np.testing.assert_array_equal(found.ReadAsArray(), data)
    assert found.GetRasterBand(2).GetNoDataValue() == 7
    assert found.GetGeoTransform() == pytest.approx((300000, 1000, 0, 4561000, 0, -1000))


def test_scaled_and_rotated_regions_lie_where_they_were(make_raster, tmp_path):
    transform = (300000, 1000, 500, 4590000, 400, -900)
    reader = source(
        make_raster(RNG.integers(0, 9, (60, 80), dtype='uint8'), epsg=32618, geotransform=transform)
    )
    plan = plan_region(reader, Region(20, 10, 60, 50, 'pixels'), 20, None)
    found = written(reader, plan, tmp_path).GetGeoTransform()
    assert plan.size == (20, 20)
    corner = gdal.ApplyGeoTransform(transform, 60, 50)
    assert gdal.ApplyGeoTransform(found, 0, 0) == pytest.approx(
        gdal.ApplyGeoTransform(transform, 20, 10)
    )
    assert gdal.ApplyGeoTransform(found, 20, 20) == pytest.approx(corner)


def test_a_mask_is_kept_within_the_file(make_raster, tmp_path):
    mask = RNG.random((61, 83)) < 0.6
    reader = source(make_raster(RNG.integers(0, 9, (3, 61, 83), dtype='uint8'), mask=mask, **UTM))
    found = written(reader, plan_image(reader, None, None), tmp_path)
    band = found.GetRasterBand(1)
    assert band.GetMaskFlags() & gdal.GMF_PER_DATASET
    np.testing.assert_array_equal(band.GetMaskBand().ReadAsArray() > 0, mask)
    assert found.GetMetadataItem('INTERLEAVE', 'IMAGE_STRUCTURE') == 'PIXEL'
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['image.tif', 'region.tif']


@pytest.mark.parametrize('projection', ['EPSG:3857', 'EPSG:4326'])
def test_a_region_of_a_map_is_that_of_gdalwarp(projection, data_dir, tmp_path):
    path = data_dir / 'geo' / 'cog_utm.tif'
    reader = source(path, projection)
    plan = plan_region(reader, Region(-57.0, 73.5, -56.0, 73.2, 'EPSG:4326'), 150, None)
    found = written(reader, plan, tmp_path, resampling='bilinear')
    theirs, alpha = gdalwarp(path, tmp_path, projection, plan.window, plan.size, 'bilinear')
    shown = alpha > 0
    difference = found.ReadAsArray()[shown].astype(float) - theirs[:, :, 0][shown]
    assert np.abs(difference).mean() * 255 / 65535 < 0.5
    system = osr.SpatialReference()
    system.SetFromUserInput(projection)
    assert found.GetSpatialRef().GetAuthorityCode(None) == system.GetAuthorityCode(None)
    left, step_x, _, top, _, step_y = found.GetGeoTransform()
    assert (left, top) == pytest.approx((plan.window[0], plan.window[3]))
    assert left + step_x * plan.size[0] == pytest.approx(plan.window[2])
    assert top + step_y * plan.size[1] == pytest.approx(plan.window[1])


def test_a_style_is_drawn_into_the_file(make_raster, tmp_path):
    reader = source(make_raster(RNG.integers(0, 255, (61, 83), dtype='uint8'), **UTM))
    style = {'band': 1, 'palette': ['#000', '#f00'], 'min': 0, 'max': 255}
    found = written(reader, plan_image(reader, None, None), tmp_path, style)
    assert found.RasterCount >= 3
    np.testing.assert_array_equal(
        found.GetRasterBand(1).ReadAsArray(),
        reader.read_window((0, 0, 83, 61), (83, 61)).data[:, :, 0],
    )
    assert not found.GetRasterBand(2).ReadAsArray().any()


def test_a_picture_without_a_place_has_none_in_the_file(make_raster, tmp_path):
    reader = source(make_raster(np.zeros((9, 9), 'uint8')))
    found = written(reader, plan_image(reader, None, None), tmp_path)
    assert found.GetGeoTransform(can_return_null=True) is None
    assert not found.GetProjection()


def test_nothing_stays_on_the_disk(make_raster, tmp_path, monkeypatch):
    import tempfile

    folder = tmp_path / 'temporary'
    folder.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(folder))
    reader = source(make_raster(np.zeros((9, 9), 'uint8')))
    file = write_region(reader, None, Style.parse(None), None, plan_image(reader, 9, 9), 'nearest')
    assert not os.listdir(folder)
    assert file.read(4) == b'II*\0'
    file.close()
