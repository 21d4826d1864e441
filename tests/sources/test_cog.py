"""Cloud Optimized GeoTIFFs hold what the raster held, and are there as a whole or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.exceptions import ParameterError, UnreadableError
from django_large_image.sources.cog import CogOptions, remove_unfinished, write_cog
from django_large_image.sources.layout import check_cog
from tests import factories

RNG = np.random.default_rng(6)
UTM = {'epsg': 32618, 'bounds': (300000, 4500000, 345000, 4536000)}
SIZE = (640, 800)
Y, X = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
ROUND = (X - 400) ** 2 + (Y - 320) ** 2 < 250**2


def smooth(bands=3, dtype='uint8'):
    return np.stack([20 + (X / 8 + Y / 16) + 9 * band for band in range(bands)]).astype(dtype)


def optimized(path, **options):
    """Return the open dataset of the COG of a raster, which has to be valid."""
    target = path.with_name('cog.tif')
    write_cog(path, target, CogOptions(**options))
    assert check_cog(str(target), strict=True)['errors'] == []
    assert [each.name for each in path.parent.iterdir() if each.name.startswith('.')] == []
    return gdal.Open(str(target))


def mask_of(dataset):
    return dataset.GetRasterBand(1).GetMaskBand().ReadAsArray() > 0


def overview_of(dataset):
    return dataset.GetRasterBand(1).GetOverview(0).ReadAsArray()


@pytest.mark.parametrize(
    ('dtype', 'compression'),
    [
        ('uint8', 'deflate'),
        ('int16', 'lzw'),
        ('uint16', 'zstd'),
        ('float32', 'deflate'),
        ('float64', 'zstd'),
        ('complex64', 'deflate'),
    ],
)
def test_all_bands_are_kept(dtype, compression, make_raster):
    data = (RNG.random((5, *SIZE)) * 200).astype(dtype)
    names = [f'band {number}' for number in range(5)]
    found = optimized(make_raster(data, descriptions=names, **UTM), compression=compression)
    np.testing.assert_array_equal(found.ReadAsArray(), data)
    assert found.GetMetadataItem('COMPRESSION', 'IMAGE_STRUCTURE') == compression.upper()
    assert [found.GetRasterBand(number).GetDescription() for number in range(1, 6)] == names
    assert found.GetRasterBand(5).GetOverviewCount() == 1
    assert found.GetGeoTransform() == (300000, 56.25, 0, 4536000, 0, -56.25)


def test_masks_nodata_alpha_and_palettes_are_kept(make_raster):
    found = optimized(make_raster(smooth(), mask=ROUND))
    np.testing.assert_array_equal(mask_of(found), ROUND)
    assert found.GetRasterBand(1).GetMaskFlags() == gdal.GMF_PER_DATASET
    overview = found.GetRasterBand(1).GetMaskBand().GetOverview(0)
    assert overview.XSize == 400
    found = optimized(make_raster(np.where(ROUND, smooth(), 0), nodata=0))
    assert found.GetRasterBand(3).GetNoDataValue() == 0
    np.testing.assert_array_equal(mask_of(found), ROUND)
    data = np.concatenate([smooth(), ROUND[np.newaxis] * np.uint8(255)])
    found = optimized(make_raster(data, alpha=True))
    np.testing.assert_array_equal(found.ReadAsArray(), data)
    assert found.GetRasterBand(4).GetColorInterpretation() == gdal.GCI_AlphaBand
    colors = [(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
    classes = RNG.integers(0, 4, SIZE, dtype='uint8')
    path = make_raster(classes, color_table=colors)
    nearest = overview_of(optimized(path, resampling='nearest'))
    found = optimized(path, resampling='average')
    band = found.GetRasterBand(1)
    assert band.GetColorTable().GetColorEntry(3) == (0, 0, 255, 255)
    np.testing.assert_array_equal(overview_of(found), nearest)


def test_samples_of_single_bits_are_kept(make_raster):
    found = optimized(make_raster(ROUND.astype('u1'), options={'NBITS': 1}))
    np.testing.assert_array_equal(found.ReadAsArray(), ROUND)


def test_overviews_are_made_as_asked_for(make_raster):
    data = RNG.integers(0, 250, SIZE, dtype='uint8')
    # Those of before are of another kind.
    path = make_raster(data, overviews=(2,))
    halves = data.reshape(320, 2, 400, 2).astype(float)
    average = overview_of(optimized(path))
    assert np.abs(average - halves.mean(axis=(1, 3))).max() <= 0.5
    nearest = overview_of(optimized(path, resampling='nearest'))
    assert (halves == nearest[:, np.newaxis, :, np.newaxis]).any(axis=(1, 3)).all()


@pytest.mark.parametrize('compression', ['jpeg', 'webp'])
def test_pictures_are_nearly_kept(compression, make_raster):
    path = make_raster(smooth(), mask=ROUND, **UTM)
    fine, coarse = (optimized(path, compression=compression, quality=q) for q in (95, 10))
    assert compression.upper() in fine.GetMetadataItem('COMPRESSION', 'IMAGE_STRUCTURE')
    np.testing.assert_array_equal(mask_of(fine), ROUND)
    assert np.abs(fine.ReadAsArray()[:, ROUND].astype(int) - smooth()[:, ROUND]).max() < 12
    assert coarse.RasterCount == 3


def test_levels_of_compression_are_passed_on(make_raster):
    path = make_raster((smooth(1, 'int16')[0] * RNG.integers(1, 3, SIZE)).astype('i2'))
    sizes = []
    for level in (1, 9):
        optimized(path, level=level)
        sizes.append(path.with_name('cog.tif').stat().st_size)
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize('compression', ['deflate', 'jpeg'])
def test_maps_have_a_mask_where_the_raster_does_not_reach(compression, make_raster):
    path = make_raster(smooth(), mask=ROUND, **UTM)
    found = optimized(path, compression=compression, web_mercator=True)
    assert found.RasterCount == 3
    assert found.GetSpatialRef().GetAuthorityCode(None) == '3857'
    assert found.GetRasterBand(1).GetMaskFlags() == gdal.GMF_PER_DATASET
    left, step, _, top, _, _ = found.GetGeoTransform()
    side, half = 2 * np.pi * 6378137, np.pi * 6378137
    zoom = np.log2(side / 256 / step)
    assert zoom == pytest.approx(round(zoom), abs=1e-9)
    for edge in (left + half, half - top):
        assert edge / (256 * step) == pytest.approx(round(edge / (256 * step)), abs=1e-6)
    warped = gdal.Warp(
        '', str(path), format='MEM', dstSRS='EPSG:3857', dstAlpha=True, resampleAlg='bilinear',
        outputBounds=(left, top - step * found.RasterYSize, left + step * found.RasterXSize, top),
        xRes=step, yRes=step,
    ).ReadAsArray()  # fmt: skip
    assert (mask_of(found) != (warped[3] > 0)).mean() < 0.001
    inside = warped[3] == 255
    off = np.abs(found.ReadAsArray()[:, inside].astype(int) - warped[:3, inside])
    assert np.percentile(off, 99) <= (1 if compression == 'deflate' else 9)


def test_maps_have_nodata_or_alpha_where_the_raster_has(make_raster):
    found = optimized(make_raster(smooth(2, 'int16'), nodata=-5, **UTM), web_mercator=True)
    assert found.GetRasterBand(2).GetNoDataValue() == -5
    assert found.GetRasterBand(1).ReadAsArray()[0, 0] == -5
    data = np.concatenate([smooth(), ROUND[np.newaxis] * np.uint8(255)])
    found = optimized(make_raster(data, alpha=True, **UTM), web_mercator=True)
    assert found.RasterCount == 4
    assert found.GetRasterBand(4).ReadAsArray()[0, 0] == 0


def test_the_world_ends_where_web_maps_end(make_raster):
    path = make_raster(smooth(), epsg=4326, bounds=(-180, -90, 180, 90))
    found = optimized(path, web_mercator=True)
    left, _, _, top, _, _ = found.GetGeoTransform()
    assert (left, top) == pytest.approx((-20037508.34, 20037508.34), abs=0.01)
    assert mask_of(found).mean() > 0.99


@pytest.mark.parametrize(
    ('data', 'kwargs', 'options', 'says'),
    [
        (smooth(3, 'uint16'), {}, {'compression': 'jpeg'}, '1 or 3 bands of 8 bits'),
        (smooth(5), {}, {'compression': 'jpeg'}, '1 or 3 bands of 8 bits'),
        (smooth(1), {}, {'compression': 'webp'}, '3 bands of 8 bits'),
        (smooth(1), {'color_table': [(0, 0, 0)]}, {'compression': 'jpeg'}, 'without a palette'),
        (smooth(), {'nodata': 0}, {'compression': 'webp'}, 'nodata'),
        (smooth(), {}, {'web_mercator': True}, 'no place on the map'),
    ],
)
def test_what_cannot_be_held_is_said(data, kwargs, options, says, make_raster):
    path = make_raster(data, **kwargs)
    with pytest.raises(ParameterError, match=says):
        optimized(path, **options)
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == ['image.tif']


def test_of_several_pages_none_is_dropped(tmp_path):
    path = factories.multiframe(tmp_path / 'image.tif', [smooth(), smooth()])
    with pytest.raises(ParameterError, match='several pages'):
        optimized(path)


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        ({'compression': 'zip'}, 'use one of'),
        ({'resampling': 'best'}, 'use one of'),
        ({'level': 10}, 'levels of 1 to 9'),
        ({'level': 0, 'compression': 'zstd'}, 'levels of 1 to 22'),
        ({'level': 3, 'compression': 'lzw'}, 'no levels'),
        ({'quality': 101, 'compression': 'jpeg'}, '1 to 100'),
    ],
)
def test_options_that_there_are_not(options, says):
    with pytest.raises(ParameterError, match=says):
        CogOptions(**options)


def test_a_damaged_raster_leaves_what_was_there(make_raster, tmp_path):
    whole = make_raster(RNG.integers(0, 255, (3, *SIZE), dtype='uint8'), name='whole.tif')
    (tmp_path / 'in').mkdir()
    path = factories.truncated(tmp_path / 'in' / 'image.tif', whole)
    target = tmp_path / 'in' / 'cog.tif'
    target.write_bytes(b'before')
    with pytest.raises(UnreadableError) as caught:
        write_cog(path, target, CogOptions())
    assert '.optimize-' not in caught.value.detail
    assert target.read_bytes() == b'before'
    assert sorted(each.name for each in target.parent.iterdir()) == ['cog.tif', 'image.tif']
    with pytest.raises(UnreadableError):
        write_cog(tmp_path / 'nothing.tif', target, CogOptions())


def test_progress_and_memory(make_raster):
    path, told, before = make_raster(smooth(), **UTM), [], gdal.GetCacheMax()
    write_cog(path, path.with_name('cog.tif'), CogOptions(), told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert gdal.GetCacheMax() == before


def test_what_others_left_is_removed_by_its_mark(tmp_path):
    for mark in ('ours', 'theirs'):
        (tmp_path / f'.optimize-{mark}-x').mkdir()
        (tmp_path / f'.optimize-{mark}-x' / 'image.tif').write_bytes(b'half')
    remove_unfinished(tmp_path / 'cog.tif', 'ours')
    assert [path.name for path in tmp_path.iterdir()] == ['.optimize-theirs-x']
