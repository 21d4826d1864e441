"""The sample images are what their descriptions say: made for real, read back by GDAL."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from core import samples


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    """Open a sample by its file name; each is made once."""
    folder = tmp_path_factory.mktemp('samples')
    recipes = {recipe.filename: recipe for recipe in samples.SAMPLES}

    def open_sample(filename):
        path = folder / filename
        if not path.exists():
            try:
                recipes[filename].make(path)
            except samples.MissingPackageError as error:
                pytest.skip(str(error))
        return gdal.Open(str(path))

    return open_sample


COGS = {
    'blue-marble.tif': ('4326', 3, 'uint8', None),
    'san-francisco.tif': ('3857', 3, 'uint8', 0),
    'great-salt-lake.tif': ('32612', 7, 'uint8', 0),
    'sierra-nevada.tif': ('4326', 1, 'int16', None),
    'greenness.tif': ('4326', 1, 'float32', -9999),
    'blue-marble-mercator.tif': ('3857', 3, 'uint8', None),
    'blue-marble-palette.tif': ('4326', 1, 'uint8', None),
}
PLAIN = ['mediterranean.tif', 'shaded-relief.tif']


def test_every_sample_is_tested():
    assert sorted([*COGS, *PLAIN]) == sorted(recipe.filename for recipe in samples.SAMPLES)


@pytest.mark.parametrize(('filename', 'what'), COGS.items())
def test_cogs(sample, filename, what):
    dataset = sample(filename)
    band = dataset.GetRasterBand(1)
    kind = band.ReadAsArray(0, 0, 1, 1).dtype.name
    code = dataset.GetSpatialRef().GetAuthorityCode(None)
    assert (code, dataset.RasterCount, kind, band.GetNoDataValue()) == what
    assert dataset.GetMetadataItem('LAYOUT', 'IMAGE_STRUCTURE') == 'COG'
    assert band.GetOverviewCount() >= 2


def color(dataset, longitude, latitude):
    """The pixel of a world image at a place."""
    x = int((longitude + 180) / 360 * dataset.RasterXSize)
    y = int((90 - latitude) / 180 * dataset.RasterYSize)
    return dataset.ReadAsArray(x, y, 1, 1).ravel().astype(int)


def test_blue_marble_lies_where_the_world_is(sample):
    world = sample('blue-marble.tif')
    red, green, blue = color(world, 25, 23)  # the Sahara
    assert red > green > blue > 60
    red, green, blue = color(world, -150, 0)  # the Pacific
    assert blue > red
    assert color(world, 90, -80).min() > 220  # the Antarctic


def test_greenness_has_no_data_over_the_sea(sample):
    index = sample('greenness.tif')
    assert color(index, -150, 0) == -9999
    amazon, sahara = (
        index.ReadAsArray(int((x + 180) * 15), int((90 - y) * 15), 15, 15)
        for x, y in [(-65, -5), (25, 23)]
    )
    assert amazon.mean() > 0.1 > 0 > sahara.mean()


def test_mercator_is_aligned_to_web_maps(sample):
    dataset = sample('blue-marble-mercator.tif')
    assert dataset.GetRasterBand(1).GetBlockSize() == [256, 256]
    assert dataset.RasterXSize == dataset.RasterYSize == 4096
    assert dataset.GetGeoTransform()[0] == pytest.approx(-20037508.342789244)


def test_the_palette_holds_the_colors_of_blue_marble(sample):
    few, world = sample('blue-marble-palette.tif'), sample('blue-marble.tif')
    table = few.GetRasterBand(1).GetColorTable()
    assert few.ReadAsArray().max() < 64
    for place in [(25, 23), (-150, 0), (90, -80)]:
        found = np.array(table.GetColorEntry(int(color(few, *place)[0]))[:3])
        assert np.abs(found - color(world, *place)).max() < 48  # 64 colours are few


def test_salt_lake_names_its_bands(sample):
    dataset = sample('great-salt-lake.tif')
    bands = [dataset.GetRasterBand(index) for index in range(1, 8)]
    assert [band.GetDescription() for band in bands] == list(samples.LANDSAT_8)
    assert bands[3].GetColorInterpretation() == gdal.GCI_RedBand


def test_the_mediterranean_has_three_frames_and_no_coordinates(sample):
    dataset = sample('mediterranean.tif')
    frames = [gdal.Open(name) for name, _ in dataset.GetSubDatasets()]
    assert [(frame.RasterXSize, frame.RasterYSize) for frame in frames] == [(1680, 840)] * 3
    assert all(frame.GetSpatialRef() is None for frame in frames)
    means = [frame.ReadAsArray().mean() for frame in frames]
    assert min(np.diff(sorted(means))) > 10


def test_shaded_relief_is_a_pyramid_without_coordinates(sample):
    dataset = sample('shaded-relief.tif')
    assert (dataset.RasterXSize, dataset.RasterYSize) == (10800, 5400)
    assert dataset.GetSpatialRef() is None
    assert dataset.GetRasterBand(1).GetOverviewCount() == 5
    assert dataset.GetRasterBand(1).GetBlockSize() == [256, 256]
