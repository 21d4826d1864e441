"""From the units that a client writes to a window that can be read."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from django_large_image.exceptions import ProjectionError, RegionError
from django_large_image.sources.regions import (
    Region,
    fit,
    map_bounds,
    pixel_of,
    plan_image,
    plan_region,
)

from .references import run, source

UTM = {'epsg': 32618, 'bounds': (300000, 4500000, 400000, 4560000)}


@pytest.fixture
def reader(make_raster):
    return source(make_raster(np.zeros((60, 100), 'uint8'), **UTM))


@pytest.fixture
def picture(make_raster):
    return source(make_raster(np.zeros((60, 100), 'uint8'), name='picture.tif'))


def corners(left, top, right, bottom, projection):
    """Return points of the test image's own projection in another one."""
    transformer = pyproj.Transformer.from_crs('EPSG:32618', projection, always_xy=True)
    x, y = transformer.transform([left, right], [top, bottom])
    return x[0], y[0], x[1], y[1]


@pytest.mark.parametrize(
    ('region', 'window'),
    [
        (Region(10, 20, 30, 50, 'pixels'), (10, 20, 30, 50)),
        (Region(10.4, 20.4, 29.6, 49.6, 'base_pixels'), (10, 20, 30, 50)),
        (Region(0.1, 0.5, 0.5, 1, 'fraction'), (10, 30, 50, 60)),
        (Region(-50, -50, 30, 20, 'pixels'), (0, 0, 30, 20)),
        (Region(90, 50, 500, 500, 'pixels'), (90, 50, 100, 60)),
        (Region(5.2, 5.2, 5.3, 5.3, 'pixels'), (5, 5, 6, 6)),
        (Region(310000, 4550000, 330000, 4540000, 'projection'), (10, 10, 30, 20)),
        (Region(310000, 4550000, 330000, 4540000, 'EPSG:32618'), (10, 10, 30, 20)),
    ],
)
def test_units_become_pixels(region, window, reader):
    plan = plan_region(reader, region, None, None)
    assert plan.window == window
    assert plan.size == (window[2] - window[0], window[3] - window[1])
    assert plan.projection is None


@pytest.mark.parametrize('projection', ['EPSG:4326', 'EPSG:3857', 'EPSG:32617'])
def test_any_projection_can_name_a_region(projection, reader):
    left, top, right, bottom = corners(320000, 4550000, 340000, 4520000, projection)
    plan = plan_region(reader, Region(left, top, right, bottom, projection), None, None)
    # Meridians converge: the box of the region is larger than the region.
    assert np.allclose(plan.window, (20, 10, 40, 40), atol=2)


def test_pixels_of_a_map_are_found_within_a_pixel(reader, tmp_path):
    lon, lat, _, _ = corners(333500, 4541500, 333500, 4541500, 'EPSG:4326')
    assert pixel_of(reader, lon, lat, 'EPSG:4326') == (33, 18)
    assert pixel_of(reader, 333500, 4541500, 'projection') == (33, 18)
    assert pixel_of(reader, 33.9, 18.2, 'pixels') == (33, 18)
    assert pixel_of(reader, 0.335, 0.31, 'fraction') == (33, 18)
    found = run('gdallocationinfo', '-xml', '-wgs84', reader.description.path, lon, lat)
    assert 'pixel="33" line="18"' in found


@pytest.mark.parametrize('point', [(-1, 0), (0, -0.1), (100, 0), (0, 60), (1e300, 0)])
def test_points_outside_are_refused(point, reader):
    with pytest.raises(RegionError):
        pixel_of(reader, *point, 'pixels')


@pytest.mark.parametrize(
    'region',
    [
        Region(30, 20, 10, 50, 'pixels'),
        Region(10, 50, 30, 20, 'pixels'),
        Region(10, 20, 10, 50, 'pixels'),
        Region(100, 0, 200, 60, 'pixels'),
        Region(-20, 0, 0, 60, 'pixels'),
        Region(1.0, 0, 2.0, 1, 'fraction'),
        Region(330000, 4540000, 310000, 4550000, 'projection'),
        Region(0, 1, 1, 0, 'EPSG:4326'),
        Region(900000, 4550000, 910000, 4540000, 'projection'),
    ],
)
def test_inverted_empty_and_outside_regions_are_refused(region, reader):
    with pytest.raises(RegionError):
        plan_region(reader, region, None, None)


@pytest.mark.parametrize('units', ['EPSG:4326', 'projection', 'wgs84', 'nonsense!', 'EPSG:999999'])
def test_units_of_a_map_need_a_place_on_it(units, picture):
    with pytest.raises(ProjectionError):
        plan_region(picture, Region(0, 1, 1, 0, units), None, None)


@pytest.mark.parametrize('units', ['nonsense!', 'EPSG:999999', '+proj=merc', ''])
def test_unknown_units_are_refused(units, reader):
    with pytest.raises(ProjectionError):
        plan_region(reader, Region(0, 1, 1, 0, units), None, None)


@pytest.mark.parametrize(
    ('full', 'limits', 'size'),
    [
        ((100, 60), (None, None), (100, 60)),
        ((100, 60), (50, None), (50, 30)),
        ((100, 60), (50, 50), (50, 30)),
        ((100, 60), (50, 3), (5, 3)),
        ((100, 60), (500, 500), (100, 60)),
        ((10000, 1), (100, 100), (100, 1)),
    ],
)
def test_sizes_keep_the_aspect_and_never_grow(full, limits, size):
    assert fit(*full, *limits) == size


def test_a_region_of_a_map_is_clipped_to_the_image(make_raster):
    reader = source(make_raster(np.zeros((60, 100), 'uint8'), **UTM), 'EPSG:3857')
    bounds = map_bounds(reader, 'EPSG:3857')
    plan = plan_region(reader, Region(-180, 85, 180, -85, 'EPSG:4326'), 50, None)
    assert plan.window == pytest.approx(bounds)
    assert plan.projection == 'EPSG:3857'
    assert plan.size[0] == 50
    assert plan_image(reader, 50, None).window == pytest.approx(bounds)
    pixels = plan_region(reader, Region(0, 0, 100, 60, 'pixels'), None, None)
    assert pixels.window == pytest.approx(bounds)


@pytest.mark.parametrize('name', ['global_dem', 'world_rgb'])
def test_the_poles_are_cut_off_a_web_map(name, data_dir):
    reader = source(data_dir / 'geo' / f'{name}.tif', 'EPSG:3857')
    plan = plan_image(reader, 64, 64)
    assert plan.window == pytest.approx(reader.matrix.bounds(0, 0, 0), rel=1e-3)
    mask = plan.read(reader, None, None, 'nearest').mask
    assert mask is None or mask.mean() > 250


def test_bounds_may_cross_the_dateline(data_dir):
    xmin, ymin, xmax, ymax = map_bounds(source(data_dir / 'geo' / 'cog_dateline.tif'), 'EPSG:4326')
    assert xmin == pytest.approx(177.95, abs=0.2)
    assert xmax == pytest.approx(181.4, abs=0.2)
    assert 50 < ymin < ymax < 53


def test_bounds_round_a_pole_are_all_longitudes(make_raster):
    half = 2000000
    reader = source(
        make_raster(np.zeros((40, 40), 'uint8'), epsg=3413, bounds=(-half, -half, half, half))
    )
    xmin, ymin, xmax, ymax = map_bounds(reader, 'EPSG:4326')
    assert (xmin, xmax, ymax) == (-180, 180, 90)
    assert 60 < ymin < 75
