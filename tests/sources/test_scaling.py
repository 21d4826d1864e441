"""Windows that are scaled out of kept blocks are those that GDAL scales out of the file."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.sources.decoded import identify
from django_large_image.sources.scaling import has_mask, hold, in_memory
from tests import factories

RNG = np.random.default_rng(5)
BOXES = [((0, 0, 300, 200), (75, 50)), ((13, 7, 201, 150), (90, 33)), ((40, 40, 20, 20), (60, 60))]


@pytest.fixture
def image(tmp_path):
    data = RNG.integers(1, 255, (3, 200, 300)).astype('uint8')
    path = factories.raster(
        tmp_path / 'image.tif', data, overviews=(2, 4), options=('TILED=YES', 'COMPRESS=DEFLATE')
    )
    return gdal.Open(str(path)), identify(str(path))


@pytest.mark.parametrize(('box', 'size'), BOXES)
@pytest.mark.parametrize(
    ('how', 'mixed'), [(gdal.GRIORA_NearestNeighbour, False), (gdal.GRIORA_Bilinear, True)]
)
def test_a_window_is_that_of_gdal(image, box, size, how, mixed):
    dataset, identity = image
    found = hold(dataset, identity, box, size, mixed=mixed)
    assert found is not None
    memory, window = in_memory(dataset, found[0]), found[1]
    to = {'buf_xsize': size[0], 'buf_ysize': size[1], 'resample_alg': how}
    ours, theirs = memory.ReadAsArray(*window, **to), dataset.ReadAsArray(*box, **to)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_bands_mean_the_same_in_memory(tmp_path):
    data = RNG.integers(0, 255, (4, 9, 11)).astype('uint8')
    path = factories.raster(tmp_path / 'image.tif', data, nodata=7)
    dataset = gdal.Open(str(path))
    dataset.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
    memory = in_memory(dataset, np.ascontiguousarray(data.transpose(1, 2, 0)))
    np.testing.assert_array_equal(memory.ReadAsArray(), data)
    assert [memory.GetRasterBand(number).GetNoDataValue() for number in range(1, 5)] == [7] * 4
    assert memory.GetRasterBand(4).GetColorInterpretation() == gdal.GCI_AlphaBand


def test_one_with_a_mask_beside_its_bands_is_left_to_gdal(image, tmp_path):
    dataset, identity = image
    assert not has_mask(dataset)
    path = factories.raster(
        tmp_path / 'masked.tif', RNG.integers(1, 255, (1, 30, 30)).astype('uint8')
    )
    masked = gdal.Open(str(path), gdal.GA_Update)
    masked.CreateMaskBand(gdal.GMF_PER_DATASET)
    assert has_mask(masked)
    assert hold(masked, identity, (0, 0, 30, 30), (10, 10), mixed=False) is None
