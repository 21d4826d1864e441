"""Tiles agree with `gdalwarp` on every kind of raster, in every projection, within a tolerance.

The tolerance is a mean difference of 0.5 of 255, and masks that differ at their edges only. Where
an image ends within a tile, `gdalwarp` is told the overview and the kernel of the whole tile
(`-ovr`, `XSCALE`, `YSCALE`): by itself it would take those of what is left of the image in it, or
of a part that it cuts the tile into.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from django_large_image.sources import reading, warping
from django_large_image.sources.transforms import TransformPool, locate
from tests import factories

from .references import REAL, gdalwarp, source

RNG = np.random.default_rng(5)
SIZE = 1200
# Where rasters of 1200 x 1200 pixels lie: (left, bottom, right, top), or a geotransform.
PLACES = {
    'UTM north': (32633, (400_000, 5_200_000, 472_000, 5_272_000)),
    'UTM south': (32733, (400_000, 6_200_000, 472_000, 6_272_000)),
    'polar north': (3413, (-900_000, -1_800_000, -180_000, -1_080_000)),
    'polar south': (3031, (500_000, 700_000, 1_220_000, 1_420_000)),
    'geographic': (4326, (10.0, 42.0, 16.0, 48.0)),
    'NAD83 degrees': (4269, (-80.0, 30.0, -74.0, 36.0)),
    'web mercator': (3857, (1_000_000, 5_000_000, 1_720_000, 5_720_000)),
    'Lambert conic': (2154, (600_000, 6_400_000, 672_000, 6_472_000)),
    'Lambert azimuthal': (3035, (4_300_000, 2_700_000, 4_372_000, 2_772_000)),
    'Albers': (5070, (1_000_000, 1_500_000, 1_720_000, 2_220_000)),
    'equal area': (6933, (1_000_000, 4_500_000, 1_720_000, 5_220_000)),
    'dateline': (4326, (177.0, 50.0, 183.0, 56.0)),
    'rotated': (32633, (400_000, 50, 30, 5_272_000, 28, -52)),
    'south up': (32633, (400_000, 60, 0, 5_200_000, 0, 60)),
}
TARGETS = [
    *(
        (name, code)
        for name in ('UTM north', 'geographic', 'rotated')
        for code in (4326, 3035, 32634)
    ),
    ('polar north', 3995),
    ('polar south', 3976),
    ('UTM south', 4326),
]


def imagery(bands: int = 3, size: int = SIZE, dtype: str = 'uint8') -> np.ndarray:
    """Return land and fields with a sensor's noise: (bands, size, size) over most of a type."""
    coarse = RNG.random((bands, size // 40, size // 40)).astype(np.float32)
    fine = RNG.random((bands, size // 8, size // 8)).astype(np.float32)
    layers = [
        cv2.resize(coarse[band], (size, size), interpolation=cv2.INTER_CUBIC) * 0.7
        + cv2.resize(fine[band], (size, size), interpolation=cv2.INTER_LINEAR) * 0.2
        + RNG.normal(0, 0.03, (size, size))
        for band in range(bands)
    ]
    top = np.iinfo(dtype).max if np.issubdtype(np.dtype(dtype), np.integer) else 1
    return (np.clip(np.stack(layers), 0, 1) * top).astype(dtype)


def place(name: str) -> dict[str, object]:
    epsg, numbers = PLACES[name]
    return {'epsg': epsg, 'bounds' if len(numbers) == 4 else 'geotransform': numbers}


@pytest.fixture(scope='module')
def pyramids(tmp_path_factory):
    """Return a function that makes a raster with overviews at a place, once."""
    folder = tmp_path_factory.mktemp('pyramids')
    data = imagery()
    made = {}

    def make(name: str):
        if name not in made:
            path = folder / f'{name.replace(" ", "-")}.tif'
            options = {'TILED': 'YES', 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
            factories.raster(path, data, overviews=(2, 4, 8), options=options, **place(name))
            made[name] = path
        return made[name]

    return make


def tiles_at(reader, places=((0.4, 0.6), (0.03, 0.4), (0.97, 0.97))):
    """Yield tiles of several levels: the middle of the image, its corners and edges."""
    description = reader.description
    with reader.pool(None).borrow() as dataset:
        from osgeo import gdal

        options = [*description.warp_options, f'DST_SRS={reader.matrix.projection}']
        transformer = gdal.Transformer(dataset, None, options)
        corners = [(description.width * x, description.height * y) for x, y in places]
        points, known = transformer.TransformPoints(0, corners)
    found = set()
    for z in range(max(1, reader.levels - 3), reader.levels):
        side = reader.matrix.extent / 2**z
        for (x, y, _), fine in zip(points, known, strict=True):
            column = (x - reader.matrix.origin[0] + reader.matrix.extent / 2) // side
            row = (reader.matrix.origin[1] + reader.matrix.extent / 2 - y) // side
            if fine and 0 <= column < 2**z and 0 <= row < 2**z:
                found.add((z, int(column), int(row)))
    return sorted(found)


def kernel_of(reader, tile):
    """Return the options that tell `gdalwarp` what a tile takes where the image ends in it."""
    target = reading.MapWindow(reader.matrix.projection, reader.matrix.bounds(*tile), (256, 256))
    with (
        reader.pool(None).borrow() as dataset,
        TransformPool(reader.description).borrow(dataset, target.projection) as transform,
    ):
        location = locate(transform, target)
    if location is None:
        return []
    view = warping.find_view(reader.description, location.extent, target.size)
    if view.whole or not view.feasible or max(view.blur) == 1:
        return []
    level = view.level - 1 if view.level else 'NONE'
    scales = [f'XSCALE={1 / view.blur[0]}', f'YSCALE={1 / view.blur[1]}']
    return ['-ovr', level, '-wo', scales[0], '-wo', scales[1]]


def compare(reader, path, folder, tile, resampling='bilinear'):
    """Return the mean difference (of 255) of a tile from `gdalwarp`'s, and how much of it is seen.

    The masks have to be equal but beside their edges.
    """
    ours = reader.read_tile(*tile, resampling=resampling)
    chosen = reading.choose_resampling(resampling, reader.bands)
    theirs, alpha = gdalwarp(
        path,
        folder,
        reader.matrix.projection,
        reader.matrix.bounds(*tile),
        (256, 256),
        chosen,
        '-et',
        0,
        *kernel_of(reader, tile),
    )
    shown = np.ones(alpha.shape, bool) if ours.mask is None else ours.mask > 0
    expected = alpha > 0
    assert not ((shown != expected) & ~(edges(shown) | edges(expected))).any(), tile
    both = shown & expected
    if not both.any():
        return 0.0, 0.0
    top = np.iinfo(theirs.dtype).max if theirs.dtype.kind in 'ui' else np.nanmax(theirs[both]) or 1
    difference = ours.data[both].astype(float) - theirs[both].astype(float)
    return float(np.nanmean(np.abs(difference)) * 255 / top), float(both.mean())


def edges(mask: np.ndarray) -> np.ndarray:
    """Return the pixels beside which a mask changes."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(mask.view(np.uint8), kernel) != cv2.erode(mask.view(np.uint8), kernel)


def assert_alike(path, folder, projection, resampling='bilinear', limit=0.5):
    reader = source(path, projection)
    found = [compare(reader, path, folder, tile, resampling) for tile in tiles_at(reader)]
    seen = sum(share for _, share in found)
    assert seen
    assert sum(mean * share for mean, share in found) / seen < limit, found


@pytest.mark.parametrize('name', PLACES)
def test_every_place_on_the_web_map_is_that_of_gdalwarp(name, pyramids, tmp_path):
    assert_alike(pyramids(name), tmp_path, 'EPSG:3857')


@pytest.mark.parametrize(('name', 'code'), TARGETS)
def test_every_projection_of_tiles_is_that_of_gdalwarp(name, code, pyramids, tmp_path):
    assert_alike(pyramids(name), tmp_path, f'EPSG:{code}')


@pytest.mark.parametrize('name', ['UTM north', 'polar north', 'dateline', 'rotated', 'south up'])
def test_nearest_takes_the_pixels_that_gdalwarp_takes(name, pyramids, tmp_path):
    reader = source(pyramids(name), 'EPSG:3857')
    for tile in tiles_at(reader, [(0.5, 0.5), (0.3, 0.7)]):
        ours = reader.read_tile(*tile, resampling='nearest')
        bounds = reader.matrix.bounds(*tile)
        options = ('-et', 0, *kernel_of(reader, tile))
        theirs, alpha = gdalwarp(
            pyramids(name), tmp_path, 'EPSG:3857', bounds, (256, 256), 'nearest', *options
        )
        both = (alpha > 0) & (ours.mask > 0 if ours.mask is not None else True)
        # Interpolated between control points, some lie on the other side of a pixel's border.
        assert (ours.data[both] != theirs[both]).mean() < 0.03


@pytest.mark.parametrize('projection', ['EPSG:3857', 'EPSG:4326', 'EPSG:3413'])
@pytest.mark.parametrize('name', REAL)
def test_real_rasters_are_those_of_gdalwarp(name, projection, data_dir, tmp_path):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path, projection)
    found = [compare(reader, path, tmp_path, tile) for tile in tiles_at(reader)]
    seen = sum(share for _, share in found)
    if not seen:
        pytest.skip('The image lies outside of this projection.')
    assert sum(mean * share for mean, share in found) / seen < 0.5, found


def test_ground_control_points_place_an_image(tmp_path):
    gcps = [(0, 0, 10, 48), (600, 0, 16, 48.4), (0, 600, 9.7, 42), (600, 600, 15.9, 42.2)]
    path = factories.raster(tmp_path / 'gcps.tif', imagery(size=600), epsg=4326, gcps=gcps)
    assert_alike(path, tmp_path, 'EPSG:3857')


# With specks of a single pixel, and holes.
SEEN = imagery(1, 600)[0] > 90
KINDS = {
    'uint16': {'data': imagery(2, 600, 'uint16')},
    'int16': {'data': (imagery(1, 600, 'uint16')[0] // 4).astype('int16') - 3000},
    'float32': {'data': imagery(1, 600, 'float32')[0]},
    'float64': {'data': imagery(1, 600, 'float64')[0]},
    'nodata': {'data': np.where(SEEN, np.maximum(imagery(3, 600), 1), 0), 'nodata': 0},
    'nan': {'data': np.where(SEEN, imagery(1, 600, 'float32')[0], np.nan), 'nodata': np.nan},
    'alpha': {
        'data': np.concatenate([imagery(3, 600), SEEN[np.newaxis].astype('uint8') * 255]),
        'alpha': True,
    },
    'soft alpha': {'data': imagery(4, 600), 'alpha': True},
    'mask': {'data': imagery(3, 600), 'mask': SEEN},
    'palette': {
        'data': imagery(1, 600)[0] // 52,
        'color_table': [(i * 50, 0, 255 - i * 50) for i in range(5)],
    },
    'five bands': {'data': imagery(5, 600)},
}


@pytest.mark.parametrize('overviews', [(), (2, 4)], ids=['flat', 'pyramid'])
@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_of_raster_is_that_of_gdalwarp(kind, overviews, tmp_path):
    options = {**KINDS[kind], 'overviews': overviews}
    if kind == 'mask' and overviews:
        pytest.skip('Overviews of a mask are not made by this factory.')
    path = factories.raster(
        tmp_path / 'kind.tif', options.pop('data'), **place('UTM north'), **options
    )
    assert_alike(path, tmp_path, 'EPSG:3857', limit=1.0 if kind == 'palette' else 0.5)


def test_no_value_comes_out_of_nodata(tmp_path):
    data = np.full((400, 400), 200, 'uint8')
    data[:, 200:] = 0
    path = factories.raster(tmp_path / 'half.tif', data, nodata=0, **place('UTM north'))
    reader = source(path, 'EPSG:3857')
    for tile in tiles_at(reader):
        found = reader.read_tile(*tile)
        if found.mask is not None and found.mask.any():
            assert set(np.unique(found.data[found.mask > 0])) == {200}


@pytest.mark.parametrize('resampling', ['nearest', 'bilinear'])
def test_where_all_is_nodata_nothing_is_seen(resampling, tmp_path):
    data = np.full((2, 600, 600), 77, np.int16)
    data[:, :, 500:] = 5
    file = factories.raster(tmp_path / 'edge.tif', data, nodata=77, **place('web mercator'))
    reader = source(file)
    left, bottom, right, top = PLACES['web mercator'][1]
    middle = left + (right - left) / 2
    raster = reader.read_map(
        'EPSG:3857', (left, bottom, middle, top), (64, 32), resampling=resampling
    )
    assert raster.data.shape == (32, 64, 2)
    assert raster.data.dtype == np.int16
    assert not raster.mask.any()
    assert (raster.data == 77).all()
    whole = reader.read_map(
        'EPSG:3857', (left, bottom, right, top), (64, 32), resampling=resampling
    )
    assert (whole.data[whole.mask > 0] == 5).all()
    assert 0 < (whole.mask > 0).mean() < 0.3


def test_a_levels_own_blocks_are_shown_sample_for_sample(tmp_path):
    side = 2 * 20037508.342789244 / 2**10
    left, top = 40 * side - 20037508.342789244, 20037508.342789244 - 60 * side
    path = factories.raster(
        tmp_path / 'aligned.tif',
        imagery(3, 1024),
        epsg=3857,
        bounds=(left, top - 4 * side, left + 4 * side, top),
        overviews=(2, 4),
    )
    reader = source(path, 'EPSG:3857')
    with reader.pool(None).borrow() as dataset:
        for z, level in ((10, None), (9, 0), (8, 1)):
            for x, y in ((40, 60), (42, 63)):
                x, y = x >> (10 - z), y >> (10 - z)
                column, row = x - (40 >> (10 - z)), y - (60 >> (10 - z))
                for number in (1, 2, 3):
                    band = dataset.GetRasterBand(number)
                    band = band if level is None else band.GetOverview(level)
                    expected = band.ReadAsArray(column * 256, row * 256, 256, 256)
                    found = reader.read_tile(z, x, y, resampling='bilinear')
                    np.testing.assert_array_equal(found.data[:, :, number - 1], expected)


def test_neighbouring_tiles_meet_without_a_seam(pyramids):
    """A smooth image stays smooth across the border of two tiles, also where it ends in one."""
    path = pyramids('UTM north').with_name('smooth.tif')
    data = np.round(np.fromfunction(lambda y, x: 40 + (x + y) / 14, (SIZE, SIZE))).astype('uint8')
    factories.raster(path, data, overviews=(2, 4, 8), **place('UTM north'))
    reader = source(path, 'EPSG:3857')
    joined = 0
    for z, x, y in tiles_at(reader):
        left, right = reader.read_tile(z, x, y), reader.read_tile(z, x + 1, y)
        seen = np.ones(256, bool)
        for raster, column in ((left, -1), (right, 0)):
            if raster.mask is not None:
                seen &= raster.mask[:, column] > 0
        inner = left.data[seen, -1].astype(int) - left.data[seen, -2]
        border = right.data[seen, 0].astype(int) - left.data[seen, -1]
        if seen.sum() > 10:
            joined += 1
            assert abs(border.mean() - inner.mean()) < 1
    assert joined > 3


@pytest.mark.parametrize('resampling', ['cubic', 'average', 'lanczos', 'mode'])
def test_what_it_does_not_do_is_left_to_gdal(resampling, pyramids, tmp_path):
    reader = source(pyramids('UTM north'), 'EPSG:3857')
    tile = tiles_at(reader)[-1]
    bounds = reader.matrix.bounds(*tile)
    theirs, alpha = gdalwarp(
        pyramids('UTM north'), tmp_path, 'EPSG:3857', bounds, (256, 256), resampling
    )
    ours = reader.read_tile(*tile, resampling=resampling)
    shown = alpha > 0
    np.testing.assert_array_equal(ours.data[shown], theirs[shown])


@pytest.mark.parametrize('projection', ['EPSG:3857', 'EPSG:4326', 'EPSG:3413', 'EPSG:3031'])
def test_poles_and_the_antimeridian_are_shown_whole(projection, tmp_path):
    world = factories.raster(
        tmp_path / 'world.tif',
        imagery(1, 720),
        epsg=4326,
        bounds=(-180, -90, 180, 90),
        overviews=(2, 4),
    )
    reader = source(world, projection)
    for tile in [(0, 0, 0), (1, 0, 0), (1, 1, 1), (2, 3, 1), (3, 3, 3), (3, 7, 4)]:
        mean, _ = compare(reader, world, tmp_path, tile)
        assert mean < 1.5
