"""Our tile source shows what large-image's own GDAL source shows, and keeps its interface."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from large_image_source_gdal import GDALFileTileSource
from PIL import Image

from django_large_image.exceptions import BudgetError, OutsideError, ProjectionError, StyleError
from django_large_image.pixels.style import Style
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.rendering import render
from tests import factories

from .references import source

# large-image approximates its warps to an eighth of a pixel; ours are exact. This share of the
# pixels of a tile may come from the neighbour.
WARP_TOLERANCE = 0.03

pytestmark = pytest.mark.filterwarnings('ignore')


def decoded(tile):
    return np.asarray(Image.open(io.BytesIO(tile)).convert('RGBA')).astype(int)


def shown(reader, tile, style):
    """Return our picture (height, width, 4) of a tile in a style, with nearest neighbours."""
    picture = render(
        reader,
        None,
        Style.parse(style),
        None,
        lambda frame, bands: reader.read_tile(
            *tile, frame=frame, bands=bands, resampling='nearest'
        ),
    )
    return picture.to_uint8().to_rgba().data.astype(int)


def different(ours, theirs):
    """Return the share of pixels that differ by more than 1 of 255 in what can be seen."""
    ours = ours[: theirs.shape[0], : theirs.shape[1]]
    alpha = np.abs(ours[..., 3] - theirs[..., 3]) > 1
    color = (np.abs(ours - theirs)[..., :3] > 1).any(axis=2) & (theirs[..., 3] > 0)
    return (alpha | color).mean()


def theirs(path, projection, style, tile):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        other = GDALFileTileSource(
            str(path), projection=projection, noCache=True, encoding='PNG', style=json.dumps(style)
        )
        z, x, y = tile
        return decoded(other.getTile(x, y, z))


FIXED = {'band': 1, 'min': 10, 'max': 3000, 'palette': 'viridis'}
STYLES = {
    'fixed': FIXED,
    'two bands': {
        'bands': [
            {'band': 1, 'min': 5, 'max': 200, 'palette': ['#000', '#f00']},
            {'band': 2, 'min': 5, 'max': 200, 'palette': ['#000', '#0f0'], 'nodata': 0},
        ]
    },
}
PIXEL_CASES = [
    ('cog_dateline', 'fixed'),
    ('cog_utm', 'fixed'),
    ('global_dem', 'two bands'),
    ('landsat_rgb_utm18', 'two bands'),
    ('world_rgb', 'fixed'),
]


@pytest.mark.parametrize(('name', 'style'), PIXEL_CASES)
def test_pixel_tiles_look_as_in_large_image(name, style, data_dir):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path)
    last = reader.levels - 1
    for tile in [(last - 1, 0, 0), (last, 0, 0), (last, 1, 0)]:
        expected = theirs(path, None, STYLES[style], tile)
        assert different(shown(reader, tile, STYLES[style]), expected) == 0


@pytest.mark.parametrize(('name', 'style'), [*PIXEL_CASES[1:], ('rgba_uint16', 'fixed')])
@pytest.mark.parametrize('projection', ['EPSG:3857', 'EPSG:3395'])
def test_map_tiles_look_as_in_large_image(name, style, projection, data_dir):
    path = data_dir / 'geo' / f'{name}.tif'
    reader = source(path, projection)
    z = max(0, reader.levels - 2)
    x, y = _middle(reader, z)
    expected = theirs(path, projection, STYLES[style], (z, x, y))
    assert (expected[..., 3] > 0).any()
    assert different(shown(reader, (z, x, y), STYLES[style]), expected) <= WARP_TOLERANCE


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32', 'float64'])
def test_every_type_looks_as_in_large_image(dtype, make_raster):
    data = factories.gradient(300, 400, 1, 'uint8').astype(dtype)
    path = make_raster(data, nodata=7, epsg=32618, bounds=(300000, 4500000, 420000, 4590000))
    style = {'band': 1, 'min': 3, 'max': 250, 'palette': 'viridis', 'nodata': 7}
    for tile in [(0, 0, 0), (1, 1, 1)]:
        expected = theirs(path, None, style, tile)
        assert different(shown(source(path), tile, style), expected) == 0


@pytest.mark.parametrize('style', [FIXED, {'band': 1, 'min': 'min', 'max': 'max'}, {}])
@pytest.mark.parametrize('projection', [None, 'EPSG:3857'])
def test_its_own_tiles_follow_large_images_styles(style, projection, data_dir):
    path = data_dir / 'geo' / 'cog_utm.tif'
    ours = source(path, projection, style=json.dumps(style), encoding='PNG')
    tile = (0, 0, 0) if projection is None else (ours.levels - 6, *_middle(ours, ours.levels - 6))
    expected = theirs(path, projection, style, tile)
    found = decoded(ours.getTile(tile[1], tile[2], tile[0]))
    assert found.shape == expected.shape
    assert different(found, expected) <= WARP_TOLERANCE


def _middle(reader, z):
    from django_large_image.sources.regions import map_bounds

    xmin, ymin, xmax, ymax = map_bounds(reader, reader.matrix.projection)
    side, half = reader.matrix.extent / 2**z, reader.matrix.extent / 2
    y = int((half - (ymin + ymax) / 2) // side)
    return int(((xmin + xmax) / 2 + half) // side), min(max(y, 0), 2**z - 1)


@pytest.mark.parametrize('name', ['cog_utm', 'world_rgb', 'landsat_rgb_utm18', 'cog_dateline'])
def test_levels_and_sizes_are_large_images(name, data_dir):
    path = data_dir / 'geo' / f'{name}.tif'
    for projection in (None, 'EPSG:3857'):
        other = GDALFileTileSource(str(path), projection=projection, noCache=True)
        ours = source(path, projection)
        for known in ('levels', 'sizeX', 'sizeY', 'sourceSizeX', 'tileWidth', 'sourceLevels'):
            assert getattr(ours, known) == getattr(other, known)
        assert ours.getTileCorners(2, 1, 1) == pytest.approx(other.getTileCorners(2, 1, 1))


def test_tiles_outside_of_the_pyramid_are_not_there(make_raster):
    flat = source(make_raster(np.zeros((300, 600), 'uint8')))
    assert flat.levels == 3
    for tile in [(3, 0, 0), (-1, 0, 0), (2, 3, 0), (2, 0, 2), (2, -1, 0), (0, 1, 0)]:
        with pytest.raises(OutsideError):
            flat.read_tile(*tile)
    for tile in [(2, 2, 1), (0, 0, 0)]:
        assert flat.read_tile(*tile).data.shape == (256, 256, 1)


def test_a_projection_needs_a_place_on_the_map(make_raster):
    path = make_raster(np.zeros((5, 5), 'uint8'))
    with pytest.raises(Exception, match='no place on the map') as caught:
        source(path, 'EPSG:3857')
    assert isinstance(caught.value.__cause__, ProjectionError)
    with pytest.raises(ProjectionError):
        source(path).read_map('EPSG:3857', (0, 0, 1, 1), (4, 4))


@pytest.mark.parametrize(
    'options',
    [
        {'geotransform': (0, 1, 0, 0, 0, 0), 'epsg': 3857},
        {'geotransform': (0, float('nan'), 0, 0, 0, 1), 'epsg': 3857},
        {'geotransform': (0, 1, 1, 0, 1, 1), 'epsg': 3857},
        {'epsg': 3857},
        {'geotransform': (0, 100, 0, 0, 0, 100)},
    ],
)
def test_a_place_that_makes_no_sense_is_none(options, make_raster):
    reader = source(make_raster(np.zeros((5, 5), 'uint8'), **options))
    assert not reader.geospatial
    assert reader.getMetadata()['bounds'] is None


def test_the_axes_of_a_microscope_are_no_place_on_the_map(make_raster):
    from osgeo import gdal

    path = make_raster(np.zeros((5, 5), 'uint8'), geotransform=(0, 2, 0, 0, 0, -2))
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetProjection('LOCAL_CS["stage",UNIT["metre",1]]')
    dataset = None
    assert not source(path).geospatial


def test_a_view_from_space_has_levels_although_its_corners_are_off_the_earth(make_raster):
    from osgeo import gdal, osr

    half = 5500000
    path = make_raster(
        np.zeros((550, 550), 'uint8'), geotransform=(-half, 20000, 0, half, 0, -20000)
    )
    system = osr.SpatialReference()
    system.ImportFromProj4('+proj=geos +lon_0=0 +h=35785831 +datum=WGS84')
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetProjection(system.ExportToWkt())
    dataset = None
    reader = source(path, 'EPSG:3857')
    assert reader.levels == 4
    assert not reader.read_tile(0, 0, 0).empty


def test_frames_of_the_same_size_are_one_image(tmp_path):
    frames = [np.full((40, 50), value, 'uint8') for value in (10, 20, 30)]
    reader = source(factories.multiframe(tmp_path / 'stack.tif', frames))
    assert reader.frame_count == 3
    assert len(reader.getMetadata()['frames']) == 3
    for frame, value in ((None, 10), (0, 10), (1, 20), (2, 30)):
        raster = reader.read_window((0, 0, 50, 40), (5, 4), frame=frame)
        assert (raster.data == value).all()
    for frame in (3, -1):
        with pytest.raises(StyleError, match='frames 0 to 2'):
            reader.read_window((0, 0, 50, 40), (5, 4), frame=frame)


def test_pages_of_other_sizes_are_no_frames(tmp_path):
    sizes = [(40, 50), (20, 25), (40, 50), (1, 1)]
    frames = [np.full(size, index, 'uint8') for index, size in enumerate(sizes)]
    reader = source(factories.multiframe(tmp_path / 'mixed.tif', frames))
    assert (reader.sizeX, reader.sizeY, reader.frame_count) == (50, 40, 2)
    assert (reader.read_tile(0, 0, 0, frame=1).data[:40, :50] == 2).all()


def test_more_frames_than_handles_can_be_read_in_any_order(tmp_path, settings):
    settings.LARGE_IMAGE = {'HANDLES_PER_SOURCE': 2}
    frames = [np.full((4, 4), value, 'uint8') for value in range(7)]
    reader = source(factories.multiframe(tmp_path / 'stack.tif', frames))
    for frame in (0, 6, 3, 1, 6, 0, 2, 5, 4):
        assert (reader.read_window((0, 0, 4, 4), (4, 4), frame=frame).data == frame).all()


@pytest.mark.parametrize('driver', ['PNG', 'JPEG'])
def test_large_pictures_without_a_pyramid_are_refused(driver, make_raster, settings):
    settings.LARGE_IMAGE = {'MAX_SMALL_IMAGE_SIZE': 100}
    path = make_raster(np.zeros((3, 10, 101), 'uint8'), name=f'a.{driver.lower()}', driver=driver)
    with pytest.raises(Exception, match='at most 100') as caught:
        source(path)
    assert isinstance(caught.value.__cause__, BudgetError)


def test_nothing_is_written_beside_a_file(data_dir, tmp_path):
    path = tmp_path / 'image.tif'
    path.write_bytes((data_dir / 'geo' / 'cog_utm.tif').read_bytes())
    reader = source(path, style=json.dumps({'band': 1, 'min': 'min', 'max': 'max'}))
    reader.getMetadata()
    reader.getTile(0, 0, 0)
    del reader
    assert [entry.name for entry in tmp_path.iterdir()] == ['image.tif']


def test_metadata_has_large_images_keys(data_dir):
    path = data_dir / 'geo' / 'landsat_rgb_utm18.tif'
    ours = source(path, 'EPSG:3857').getMetadata()
    other = GDALFileTileSource(str(path), projection='EPSG:3857', noCache=True).getMetadata()
    assert set(other) <= set(ours)
    for key in ('levels', 'sizeX', 'sizeY', 'tileWidth', 'dtype', 'geospatial', 'sourceSizeX'):
        assert ours[key] == other[key]
    for number, band in other['bands'].items():
        assert ours['bands'][number]['interpretation'] == band['interpretation']
        assert ours['bands'][number]['nodata'] == band['nodata']


def test_it_is_a_plugin_of_large_image(data_dir):
    import large_image

    path = str(data_dir / 'geo' / 'world_rgb.tif')
    assert RasterTileSource.name == 'raster'
    opened = RasterTileSource(path, noCache=True)
    region, _ = opened.getRegion(
        region={'left': 10, 'top': 20, 'width': 30, 'height': 15}, format='numpy'
    )
    other, _ = GDALFileTileSource(path, projection=None, noCache=True, style='{}').getRegion(
        region={'left': 10, 'top': 20, 'width': 30, 'height': 15}, format='numpy'
    )
    np.testing.assert_array_equal(region, other)
    assert RasterTileSource.extensions[None] == large_image.constants.SourcePriority.HIGH


@pytest.mark.parametrize('resampling', ['bilinear', 'average', 'mode', 'nearest'])
def test_a_nodata_value_that_no_sample_can_have(tmp_path: Path, resampling: str) -> None:
    """GDAL 3.6 never returns from interpolating such a band."""
    data = np.arange(400 * 400, dtype='uint32').reshape(1, 400, 400)
    path = factories.raster(
        tmp_path / 'a.tif', data, nodata=-3.4028230607370965e38, epsg=4326, bounds=(10, 10, 20, 20)
    )
    source = RasterTileSource(str(path), style='{}', noCache=True)
    small = source.read_window((0, 0, 400, 400), (100, 100), resampling=resampling)
    assert set(small.data.ravel()) <= set(data.ravel())
    mapped = RasterTileSource(str(path), projection='EPSG:3857', style='{}', noCache=True)
    assert set(mapped.read_tile(0, 0, 0, resampling=resampling).data.ravel()) <= {*data.ravel(), 0}
