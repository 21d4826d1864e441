"""A survey agrees with numpy on the whole raster, with GDAL, and stays within its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from django_large_image.exceptions import StyleError
from django_large_image.sources import blocks, sampling
from django_large_image.sources.survey import survey

from .references import source

RNG = np.random.default_rng(8)
PERCENTS = np.arange(1, 100)
UTM = {'epsg': 32618, 'bounds': (300000, 4500000, 345000, 4536000)}

# Prints how many kilobytes a process took, and the statistics of a raster. What `getrusage` says is
# that of the process it was forked from, too.
PROBE = """
import json, re, sys
from tests.sources.references import source
from django_large_image.sources.survey import survey
reader = source(sys.argv[1])
found = survey(reader, 1, exact=sys.argv[2] == 'exact')
peak = int(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])
print(json.dumps([peak, found.minimum, found.maximum, found.mean, found.valid_share]))
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """An image of many parts without a large one."""
    monkeypatch.setattr(blocks, 'LIMIT', 4000)


def check(found, values, share):
    """Compare with numpy on all valid values."""
    values = values.astype('f8')
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.stdev == pytest.approx(values.std(), rel=1e-9)
    np.testing.assert_allclose(found.percentiles, np.percentile(values, PERCENTS), rtol=1e-12)
    assert found.valid_share == pytest.approx(share, rel=1e-12)
    assert not found.approximate


@pytest.mark.parametrize('dtype', ['uint8', 'int16', 'uint16', 'int32', 'float32', 'float64'])
def test_values_are_numpys(dtype, make_raster):
    data = (RNG.gamma(2, 40, (2, 130, 170)) % 250).astype(dtype)
    reader = source(make_raster(data, options={'TILED': 'YES'}, **UTM))
    check(survey(reader, 2, exact=True), data[1], 1)
    check(survey(reader, 1), data[0], 1)


@pytest.mark.parametrize(
    ('nodata', 'dtype'),
    [(0, 'uint8'), (65535, 'uint16'), (-9999, 'float32'), (np.nan, 'float64'), (-1, 'int16')],
)
def test_nodata_is_not_measured(nodata, dtype, make_raster):
    data = RNG.integers(5, 90, (130, 170)).astype(dtype)
    hole = RNG.random(data.shape) < 0.3
    data[hole] = nodata
    found = survey(source(make_raster(data, nodata=nodata, **UTM)), 1, exact=True)
    check(found, data[~hole], (~hole).mean())


def test_masks_alpha_nan_and_infinities_are_not_measured(make_raster):
    data = RNG.normal(0, 1, (130, 170)).astype('f4')
    data[:20] = np.nan
    data[:, :7] = np.inf
    valid = np.isfinite(data)
    check(survey(source(make_raster(data)), 1, exact=True), data[valid], valid.mean())
    data = RNG.integers(0, 255, (4, 130, 170), dtype='uint8')
    data[3] = np.where(data[3] < 90, 0, data[3])
    valid = data[3] > 0
    found = survey(source(make_raster(data, alpha=True)), 2, exact=True)
    check(found, data[1][valid], valid.mean())
    found = survey(source(make_raster(data[:3], mask=valid)), 3, exact=True)
    check(found, data[2][valid], valid.mean())


def test_complex_numbers_are_measured_as_magnitudes(make_raster):
    data = (RNG.normal(0, 9, (60, 70)) + 1j * RNG.normal(0, 9, (60, 70))).astype('c8')
    check(survey(source(make_raster(data)), 1, exact=True), np.abs(data), 1)


@pytest.mark.parametrize('exact', [True, False])
def test_a_raster_of_nothing(exact, make_raster):
    reader = source(make_raster(np.zeros((90, 90), 'uint8'), nodata=0, **UTM))
    found = survey(reader, 1, exact=exact)
    assert (found.minimum, found.maximum, found.mean, found.stdev) == (None,) * 4
    assert (found.percentiles, found.valid_share, found.hull) == ((), 0, None)
    assert found.bounds is not None


def test_statistics_are_those_of_gdal(data_dir):
    path = str(data_dir / 'geo' / 'cog_utm.tif')
    found = survey(source(path), 1, exact=True)
    dataset = gdal.Open(path)
    expected = dataset.GetRasterBand(1).ComputeStatistics(False)
    ours = (found.minimum, found.maximum, found.mean, found.stdev)
    assert ours == pytest.approx(expected, rel=1e-9)


def test_an_overview_stands_for_a_large_image_and_says_so(make_raster, monkeypatch):
    monkeypatch.setattr(sampling, 'SAMPLE_SIZE', 64)
    y, x = np.mgrid[0:300, 0:400]
    data = np.where((x - 200) ** 2 + (y - 150) ** 2 < 120**2, x + y, 0).astype('u2')
    path = make_raster(data, nodata=0, overviews=(2, 4, 8), **UTM)
    exact, quick = (survey(source(path), 1, exact=each) for each in (True, False))
    assert quick.approximate
    assert not exact.approximate
    assert quick.bounds == exact.bounds
    assert quick.valid_share == pytest.approx(exact.valid_share, rel=0.05)
    assert quick.mean == pytest.approx(exact.mean, rel=0.02)
    np.testing.assert_allclose(quick.percentiles, exact.percentiles, rtol=0.05)
    ours, whole = (np.array(each.hull['coordinates'][0]) for each in (quick, exact))
    pixel = 2 * np.array([0.0017, 0.0013]) * 400 / 64
    assert (np.abs(ours.min(axis=0) - whole.min(axis=0)) < pixel).all()
    assert (np.abs(ours.max(axis=0) - whole.max(axis=0)) < pixel).all()


def test_windows_stand_for_an_image_that_is_too_large(make_raster, settings):
    data = np.tile(np.arange(4000, dtype='uint16'), (1200, 1))
    path = make_raster(data, options={'TILED': 'YES'}, **UTM)
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 1_000_000}
    found = survey(source(path), 1)
    assert found.approximate
    assert (found.minimum, found.maximum) == (0, 3999)
    # To read all of it is not what a request does, and has no limit.
    check(survey(source(path), 1, exact=True), data, 1)
    assert survey(source(path), 1, exact=True).hull == found.hull


def test_every_block_is_decoded_once(make_raster, monkeypatch):
    data = RNG.integers(0, 255, (512, 512), dtype='uint8')
    reader = source(make_raster(data, options={'TILED': 'YES', 'COMPRESS': 'DEFLATE'}))
    read = []
    real = blocks.reading.read_window
    monkeypatch.setattr(
        blocks.reading,
        'read_window',
        lambda dataset, bands, window, *rest, **kwargs: (
            read.append(window) or real(dataset, bands, window, *rest, **kwargs)
        ),
    )
    survey(reader, 1, exact=True)
    assert sum((right - left) * (bottom - top) for left, top, right, bottom in read) == data.size


def test_a_view_from_space_lies_where_the_earth_is(make_raster):
    y, x = np.mgrid[0:200, 0:200]
    disk = ((x - 100) ** 2 + (y - 100) ** 2 < 94**2).astype('u1')
    step = 54347.5
    path = make_raster(disk, nodata=0, geotransform=(-100 * step, step, 0, 100 * step, 0, -step))
    dataset, system = gdal.Open(str(path), gdal.GA_Update), osr.SpatialReference()
    system.ImportFromProj4('+proj=geos +h=35785831 +lon_0=170 +sweep=x +ellps=GRS80')
    dataset.SetSpatialRef(system)
    del dataset
    found = survey(source(path), 1, exact=True)
    west, south, east, north = found.bounds
    assert (west + east) / 2 == pytest.approx(170, abs=2)
    assert 100 < east - west < 163
    assert north == pytest.approx(-south, abs=2)
    assert found.hull['type'] == 'MultiPolygon'


def test_bands_that_there_are_not(make_raster):
    reader = source(make_raster())
    for exact in (True, False):
        with pytest.raises(StyleError):
            survey(reader, 4, exact=exact)


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='Linux tells the peak.')
@pytest.mark.parametrize(('how', 'side'), [('exact', 30_000), ('approximate', 16_000)])
def test_a_large_raster_takes_little_memory(how, side, tmp_path):
    # Constant blocks cost next to nothing to write; GDAL has to decode and hold them all the same.
    path, step = str(tmp_path / 'large.tif'), 512 * 16
    options = ['TILED=YES', 'BLOCKXSIZE=512', 'BLOCKYSIZE=512', 'SPARSE_OK=YES']
    dataset = gdal.GetDriverByName('GTiff').Create(
        path, side, side, 1, gdal.GDT_UInt16, [*options, 'COMPRESS=ZSTD']
    )
    band = dataset.GetRasterBand(1)
    band.SetNoDataValue(0)
    row = np.full((512, side), 7, 'u2')
    tops = range(0, side - 512, step)
    for top in tops:
        band.WriteArray(row, 0, top)
    del band, dataset
    # All of the raster would fit into GDAL's cache, as on a machine of much memory.
    done = subprocess.run(
        [sys.executable, '-c', PROBE, path, how],
        env={**os.environ, 'GDAL_CACHEMAX': '4000'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kilobytes, minimum, maximum, mean, share = json.loads(done.stdout)
    assert (minimum, maximum, mean) == (7, 7, 7)
    assert share == pytest.approx(len(tops) * 512 / side, rel=1e-12 if how == 'exact' else 0.05)
    assert kilobytes < (300 if how == 'exact' else 250) * 1024
