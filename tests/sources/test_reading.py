"""Samples that are read agree with `gdalwarp` and `gdal_translate`, over all that a file can be."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.exceptions import BudgetError, ParameterError, StyleError
from django_large_image.sources import reading
from tests import factories

from .references import (
    REAL,
    RESAMPLINGS,
    gdalwarp,
    location_values,
    source,
    translated,
    warped_by_gdal,
)

PROJECTIONS = ['EPSG:3857', 'EPSG:4326', 'EPSG:3395', 'EPSG:32618', 'EPSG:32660', 'EPSG:3413']
RNG = np.random.default_rng(1)


def tiles_of(reader, count=2):
    """Return tiles that show the image: the whole of it, its corners and its middle."""
    from django_large_image.sources.regions import map_bounds

    xmin, ymin, xmax, ymax = map_bounds(reader, reader.matrix.projection)
    left = reader.matrix.origin[0] - reader.matrix.extent / 2
    top = reader.matrix.origin[1] + reader.matrix.extent / 2
    found = {(0, 0, 0)}
    for z in (reader.levels // 2, reader.levels - 2, reader.levels - 1):
        side = reader.matrix.extent / 2 ** max(z, 0)
        for fx, fy in ((0.02, 0.02), (0.5, 0.5), (0.98, 0.7)):
            x = int((xmin + (xmax - xmin) * fx - left) // side)
            y = int((top - (ymin + (ymax - ymin) * fy)) // side)
            if z >= 0 and 0 <= x < 2**z and 0 <= y < 2**z:
                found.add((z, x, y))
    return [*sorted(found)[-count:], (0, 0, 0)]


def assert_warped_alike(path, folder, projection, resampling, tiles=None, *options):
    """What GDAL warps here is `gdalwarp`'s: every sample that is seen and the mask, exactly."""
    reader = source(path, projection)
    seen = 0
    for tile in tiles or tiles_of(reader):
        size = (reader.tileWidth, reader.tileHeight)
        chosen = reading.choose_resampling(resampling, reader.bands)
        ours = warped_by_gdal(reader, tile, chosen)
        bounds = reader.matrix.bounds(*tile)
        theirs, alpha = gdalwarp(path, folder, projection, bounds, size, chosen, *options)
        shown = alpha > 0
        seen += shown.sum()
        assert ours.data.dtype == theirs.dtype
        np.testing.assert_array_equal(ours.mask > 0, shown)
        np.testing.assert_array_equal(ours.data[shown], theirs[shown])
    assert seen


@pytest.mark.parametrize('projection', PROJECTIONS)
@pytest.mark.parametrize('name', REAL)
def test_real_tiles_are_those_of_gdalwarp(name, projection, data_dir, tmp_path):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path, projection)
    if reader.read_tile(0, 0, 0).empty and projection in ('EPSG:32618', 'EPSG:32660', 'EPSG:3413'):
        pytest.skip('The image lies outside of this projection, or is smaller than a pixel of it.')
    assert_warped_alike(path, tmp_path, projection, 'bilinear')


@pytest.mark.parametrize('resampling', RESAMPLINGS)
@pytest.mark.parametrize('name', ['cog_dateline', 'landsat_rgb_utm18', 'rgba_uint16'])
def test_every_resampling_is_that_of_gdalwarp(name, resampling, data_dir, tmp_path):
    assert_warped_alike(data_dir / 'geo' / f'{name}.tif', tmp_path, 'EPSG:3857', resampling)


@pytest.mark.parametrize('projection', ['EPSG:3857', 'EPSG:4326', 'EPSG:32660'])
def test_both_sides_of_the_dateline_are_shown(projection, data_dir, tmp_path):
    path = data_dir / 'geo' / 'cog_dateline.tif'
    reader = source(path, projection)
    z = reader.levels - 4
    side = reader.matrix.extent / 2**z
    west = [(z, 0, y) for y in range(2**z) if not reader.read_tile(z, 0, y).empty][:2]
    east = [(z, 2**z - 1, y) for y in range(2**z) if not reader.read_tile(z, 2**z - 1, y).empty][:2]
    if projection == 'EPSG:32660':
        assert side < 1e6  # the zone's own map has no seam
        return
    assert west
    assert east
    assert_warped_alike(path, tmp_path, projection, 'bilinear', west + east)


KINDS = {
    'uint8': {'data': RNG.integers(0, 255, (3, 61, 83), dtype='uint8')},
    'uint16': {'data': RNG.integers(0, 65535, (2, 61, 83), dtype='uint16')},
    'int16': {'data': RNG.integers(-3000, 3000, (61, 83), dtype='int16')},
    'int32': {'data': RNG.integers(-(2**31), 2**31 - 1, (61, 83), dtype='int32')},
    'float32': {'data': RNG.normal(0, 9, (61, 83)).astype('float32')},
    'float64': {'data': RNG.normal(0, 9, (61, 83))},
    'nodata': {'data': RNG.integers(0, 4, (3, 61, 83), dtype='uint8') * 60, 'nodata': 0},
    'nodata 255': {
        'data': 255 - RNG.integers(0, 4, (3, 61, 83), dtype='uint8') * 60,
        'nodata': 255,
    },
    'float nodata': {
        'data': np.where(RNG.random((61, 83)) < 0.2, -9999, RNG.random((61, 83))).astype('f4'),
        'nodata': -9999,
    },
    'nan': {
        'data': np.where(RNG.random((61, 83)) < 0.2, np.nan, RNG.random((61, 83))).astype('f4'),
        'nodata': np.nan,
    },
    'alpha': {
        'data': np.concatenate(
            [RNG.integers(0, 255, (3, 61, 83)), RNG.choice([0, 128, 255], (1, 61, 83))]
        ).astype('uint8'),
        'alpha': True,
    },
    'alpha uint16': {
        'data': np.concatenate(
            [RNG.integers(0, 65535, (3, 61, 83)), RNG.choice([0, 32768, 65535], (1, 61, 83))]
        ).astype('uint16'),
        'alpha': True,
    },
    'grey alpha': {
        'data': np.stack([RNG.integers(0, 255, (61, 83)), RNG.choice([0, 255], (61, 83))]).astype(
            'uint8'
        ),
        'alpha': True,
    },
    'mask': {
        'data': RNG.integers(0, 255, (3, 61, 83), dtype='uint8'),
        'mask': RNG.random((61, 83)) < 0.7,
    },
    'palette': {
        'data': RNG.integers(0, 5, (61, 83), dtype='uint8'),
        'color_table': [(i * 50, 0, 255 - i * 50) for i in range(5)],
    },
    'many bands': {'data': RNG.integers(0, 255, (11, 61, 83), dtype='uint8')},
    'one pixel': {'data': np.full((3, 1, 1), 77, 'uint8')},
    'one row': {'data': RNG.integers(0, 255, (1, 1, 300), dtype='uint8')},
    'overviews': {
        'data': factories.gradient(1024, 1024),
        'overviews': (2, 4, 8),
        'options': {'TILED': 'YES'},
    },
}
PLACES = {
    'utm': {'epsg': 32618, 'bounds': (300000, 4500000, 420000, 4590000)},
    'degrees': {'epsg': 4326, 'bounds': (-80, 30, -70, 40)},
    'rotated': {'epsg': 32618, 'geotransform': (300000, 1000, 500, 4590000, 400, -900)},
    'south up': {'epsg': 32618, 'geotransform': (300000, 1400, 0, 4500000, 0, 1400)},
    'web': {'epsg': 3857, 'bounds': (-9e6, 3e6, -8e6, 4e6)},
}


@pytest.fixture
def raster(make_raster):
    def make(kind, place='utm', **more):
        options = {**KINDS[kind], **PLACES[place], **more}
        return make_raster(options.pop('data'), **options)

    return make


@pytest.mark.parametrize('resampling', ['nearest', 'bilinear'])
@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_of_raster_is_warped_as_by_gdalwarp(kind, resampling, raster, tmp_path):
    # What is nodata in one band and not in another: `gdalwarp` leaves 0 there if not told.
    options = ('-wo', 'INIT_DEST=255,255,255,0') if kind == 'nodata 255' else ()
    assert_warped_alike(raster(kind), tmp_path, 'EPSG:3857', resampling, None, *options)


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('projection', ['EPSG:3857', 'EPSG:4326'])
def test_every_place_is_warped_as_by_gdalwarp(place, projection, raster, tmp_path):
    assert_warped_alike(raster('uint8', place), tmp_path, projection, 'bilinear')


def test_ground_control_points_place_an_image(make_raster, tmp_path):
    gcps = [(0, 0, -80, 40), (83, 0, -70, 40.4), (0, 61, -80.3, 30), (83, 61, -70.1, 30.2)]
    path = make_raster(KINDS['uint8']['data'], epsg=4326, gcps=gcps)
    assert source(path).geospatial
    assert_warped_alike(path, tmp_path, 'EPSG:3857', 'bilinear')


@pytest.mark.parametrize('resampling', ['bilinear', 'cubic', 'average'])
def test_nothing_bleeds_out_of_nodata(resampling, make_raster):
    data = np.full((64, 64), 200, 'uint8')
    data[:, 32:] = 0
    path = make_raster(data, nodata=0, epsg=4326, bounds=(0, 0, 10, 10))
    warped = source(path, 'EPSG:3857').read_tile(6, 32, 31, resampling=resampling)
    assert set(np.unique(warped.data[warped.mask > 0])) == {200}
    window = source(path).read_window((0, 0, 64, 64), (37, 37), resampling=resampling)
    assert set(np.unique(window.data)) == {0, 200}


def test_what_a_warp_masks_holds_the_nodata_of_its_band(make_raster):
    data = np.stack([np.full((20, 20), value, 'int16') for value in (5, -1)])
    path = make_raster(data, nodata=-1, epsg=4326, bounds=(0, 0, 5, 5))
    raster = source(path, 'EPSG:4326').read_tile(3, 4, 3, resampling='bilinear')
    assert set(np.unique(raster.data[:, :, 0])) == {-1, 5}
    # The second band has nothing at all, and says so wherever the first one is seen.
    assert set(np.unique(raster.data[:, :, 1])) == {-1}
    assert raster.mask[(raster.data[:, :, 0] == 5)].all()


@pytest.mark.parametrize('order', [(1, 2, 3, 4), (4, 1), (2, 4), (4,)])
def test_alpha_weighs_and_stands_wherever_it_is_asked_for(order, raster):
    whole = source(raster('alpha'), 'EPSG:3857')
    tile = tiles_of(whole)[0]
    expected = warped_by_gdal(whole, tile, 'bilinear')
    found = whole.read_tile(*tile, bands=order, resampling='bilinear')
    np.testing.assert_array_equal(found.mask, expected.mask)
    assert [band.number for band in found.bands] == list(order)
    for index, number in enumerate(order):
        wanted = expected.mask if number == 4 else expected.data[:, :, number - 1]
        np.testing.assert_array_equal(found.data[:, :, index], wanted)


def test_sixteen_bits_of_alpha_become_eight_of_mask(make_raster):
    data = np.zeros((2, 8, 8), 'uint16')
    data[1] = np.linspace(0, 65535, 64).reshape(8, 8)
    path = make_raster(data, alpha=True, epsg=3857, bounds=(0, 0, 8, 8))
    expected = np.round(data[1] / 257).astype(int)
    mask = source(path).read_window((0, 0, 8, 8), (8, 8), bands=(1,)).mask
    assert np.abs(mask - expected).max() <= 1
    warped = source(path).read_map(
        'EPSG:3857', (0, 0, 8, 8), (8, 8), bands=(1,), resampling='nearest'
    )
    assert warped.mask.dtype == np.uint8
    assert np.abs(warped.mask - expected).max() <= 1


WINDOWS = {
    'all': ((0, 0, 83, 61), (83, 61)),
    'part': ((10, 7, 42, 39), (32, 32)),
    'smaller': ((3, 5, 83, 61), (40, 28)),
    'larger': ((10, 10, 20, 20), (55, 35)),
    'odd': ((1, 2, 80, 59), (31, 17)),
    'one': ((82, 60, 83, 61), (1, 1)),
    'fractions': ((10.25, 7.5, 42.75, 39.25), (64, 32)),
}


@pytest.mark.parametrize('resampling', RESAMPLINGS)
@pytest.mark.parametrize('window', WINDOWS)
@pytest.mark.parametrize('kind', ['uint8', 'int16', 'float64', 'float nodata', 'nan', 'mask'])
def test_windows_are_those_of_gdal_translate(kind, window, resampling, raster, tmp_path):
    path = raster(kind)
    box, size = WINDOWS[window]
    ours = source(path).read_window(box, size, resampling=resampling)
    theirs = translated(path, tmp_path, box, size, resampling)
    np.testing.assert_array_equal(ours.data, theirs[:, :, : ours.data.shape[2]])


@pytest.mark.parametrize('name', [*REAL, 'float_nan'])
def test_real_windows_are_those_of_gdal_translate(name, data_dir, tmp_path):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path)
    width, height = reader.sourceSizeX, reader.sourceSizeY
    numbers = [band.number for band in reader.bands]
    for box, size in (
        ((0, 0, width, height), (min(width, 300), min(height, 200))),
        ((width // 2, height // 2, width, height), (-(-width // 2), -(-height // 2))),
    ):
        for resampling in ('nearest', 'bilinear'):
            chosen = reading.choose_resampling(resampling, reader.bands)
            ours = reader.read_window(box, size, bands=numbers, resampling=resampling)
            theirs = translated(path, tmp_path, box, size, chosen)
            np.testing.assert_array_equal(ours.data, theirs)


@pytest.mark.parametrize('resampling', ['nearest', 'bilinear'])
@pytest.mark.parametrize('shift', [(-20, -9), (40, 30), (-5, 25), (-90, 0), (200, 200)])
def test_what_lies_outside_is_masked_and_nothing_is_shifted(shift, resampling, raster):
    data = KINDS['uint8']['data']
    left, top = shift
    ours = source(raster('uint8')).read_window(
        (left, top, left + 64, top + 64), (64, 64), resampling=resampling
    )
    padded = np.zeros((3, 61 + 600, 83 + 600), 'uint8')
    padded[:, 300:361, 300:383] = data
    valid = np.zeros(padded.shape[1:], 'uint8')
    valid[300:361, 300:383] = 255
    rows, columns = slice(top + 300, top + 364), slice(left + 300, left + 364)
    np.testing.assert_array_equal(ours.mask, valid[rows, columns])
    np.testing.assert_array_equal(np.moveaxis(ours.data, -1, 0), padded[:, rows, columns])


@pytest.mark.parametrize('scale', [2, 3, 4, 7, 16, 100])
def test_scaled_windows_over_the_edge_stay_within_half_a_pixel(scale, make_raster):
    """Nearest neighbours come from at most half an output pixel beside the true centre."""
    columns = np.tile(np.arange(1000, dtype='uint16'), (40, 1))
    path = make_raster(columns)
    for left in (-50, 0, 713):
        width = -(-1100 // scale)
        raster = source(path).read_window(
            (left, 0, left + width * scale, 40), (width, 1), resampling='nearest'
        )
        centres = left + (np.arange(width) + 0.5) * scale
        inside = (centres >= 0) & (centres < 1000)
        mask = np.full(width, 255) if raster.mask is None else raster.mask[0]
        np.testing.assert_array_equal(mask > 0, inside)
        error = np.abs(raster.data[0, :, 0][inside] + 0.5 - centres[inside])
        assert error.max() <= scale / 2 + 1


def test_an_image_of_less_than_half_a_pixel_still_shows(make_raster):
    path = make_raster(np.full((2, 2), 9, 'uint8'))
    raster = source(path).read_window((0, 0, 512, 512), (64, 64))
    assert (raster.mask > 0).sum() == 1
    assert raster.data[0, 0, 0] == 9


@pytest.mark.parametrize('name', ['landsat_rgb_utm18', 'cog_utm', 'rgba_uint16', 'float_nan'])
def test_pixels_are_those_of_gdallocationinfo(name, data_dir):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path)
    numbers = [band.number for band in reader.bands]
    for fx, fy in ((0, 0), (0.5, 0.5), (0.999, 0.999), (0.3, 0.8)):
        column, row = int(reader.sourceSizeX * fx), int(reader.sourceSizeY * fy)
        found = reader.read_window(
            (column, row, column + 1, row + 1), (1, 1), bands=numbers, resampling='nearest'
        )
        np.testing.assert_allclose(found.data[0, 0], location_values(path, column, row), rtol=1e-12)


def test_signed_bytes_keep_their_sign(make_raster):
    from osgeo import gdal

    data = np.array([[-128, -1], [0, 127]], 'int8')
    path = make_raster(data.view('uint8'), epsg=3857, bounds=(0, 0, 2, 2))
    signed = path.with_name('signed.tif')
    options = ['PIXELTYPE=SIGNEDBYTE'] if int(gdal.VersionInfo()) < 3070000 else []
    kind = gdal.GDT_Byte if options else gdal.GDT_Int8
    copy = gdal.GetDriverByName('GTiff').Create(str(signed), 2, 2, 1, kind, options)
    copy.SetGeoTransform((0, 1, 0, 2, 0, -1))
    copy.SetProjection(gdal.Open(str(path)).GetProjection())
    copy.GetRasterBand(1).WriteRaster(0, 0, 2, 2, data.tobytes(), buf_type=kind)
    copy = None
    reader = source(signed)
    assert reader.bands[0].dtype == 'int8'
    for raster in (
        reader.read_window((0, 0, 2, 2), (2, 2)),
        reader.read_map('EPSG:3857', (0, 0, 2, 2), (2, 2)),
    ):
        assert raster.data.dtype == np.int8
        assert raster.mask is None or (raster.mask == 255).all()
        np.testing.assert_array_equal(raster.data[:, :, 0], data)


@pytest.mark.parametrize('dtype', ['complex64', 'complex128'])
def test_complex_samples_are_magnitudes(dtype, make_raster):
    data = np.array([[3 + 4j, 1j], [-2, 0]], dtype)
    path = make_raster(data, epsg=3857, bounds=(0, 0, 2, 2))
    reader = source(path)
    for raster in (
        reader.read_window((0, 0, 2, 2), (2, 2)),
        reader.read_map('EPSG:3857', (0, 0, 2, 2), (2, 2), resampling='nearest'),
    ):
        assert raster.data.dtype == np.dtype(reader.bands[0].dtype)
        np.testing.assert_allclose(raster.data[:, :, 0], [[5, 1], [2, 0]])


@pytest.mark.parametrize('projection', [*PROJECTIONS, 'EPSG:3031', 'EPSG:2154', 'EPSG:6933'])
def test_no_tile_fails_wherever_it_lies(projection, data_dir):
    last = 2**30 - 1
    for name in ('cog_dateline', 'world_rgb'):
        reader = source(data_dir / 'geo' / f'{name}.tif', projection)
        for tile in [(0, 0, 0), (1, 1, 1), (30, 0, 0), (30, last, last), (30, 2**29, 2**29)]:
            raster = reader.read_tile(*tile, bands=(1,))
            assert raster.data.shape == (256, 256, 1)


def test_palettes_are_never_mixed(raster):
    reader = source(raster('palette'))
    assert reading.choose_resampling('bilinear', reader.bands) == 'nearest'
    assert reading.choose_resampling('mode', reader.bands) == 'mode'
    values = set(np.unique(reader.read_window((0, 0, 83, 61), (30, 30)).data))
    assert values <= {0, 1, 2, 3, 4}


def test_unknown_resampling_and_bands_are_refused(raster):
    reader = source(raster('uint8'))
    with pytest.raises(ParameterError, match='sinc'):
        reader.read_window((0, 0, 1, 1), (1, 1), resampling='sinc')
    with pytest.raises(StyleError, match='no band 4'):
        reader.read_window((0, 0, 1, 1), (1, 1), bands=(4,))
    with pytest.raises(StyleError, match='no band 0'):
        reader.read_window((0, 0, 1, 1), (1, 1), bands=(0,))


def test_reading_too_much_is_refused_before_it_begins(raster, settings):
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 10_000}
    reader = source(raster('uint8'))
    with pytest.raises(BudgetError):
        reader.read_window((0, 0, 83, 61), (10, 10))
    assert reader.read_window((0, 0, 40, 40), (10, 10)).data.any()
    mapped = source(raster('uint8'), 'EPSG:3857')
    with pytest.raises(BudgetError):
        mapped.read_tile(0, 0, 0)
    pyramid = source(
        raster(
            'overviews',
            name='pyramid.tif',
            options={'TILED': 'YES', 'BLOCKXSIZE': 64, 'BLOCKYSIZE': 64, 'INTERLEAVE': 'BAND'},
        ),
        'EPSG:3857',
    )
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 100_000}
    assert not pyramid.read_tile(5, 9, 11).empty
