"""The hull of valid pixels agrees with GEOS, which is given the corners of each of them."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
from osgeo import ogr

from django_large_image.sources.hull import (
    PixelHull,
    convex_hull,
    geographic_bounds,
    geographic_hull,
)

from .references import source

ogr.UseExceptions()
RNG = np.random.default_rng(4)


def geos_hull(points):
    """Return the convex hull of points (n, 2) as GEOS computes it."""
    collection = ogr.Geometry(ogr.wkbMultiPoint)
    for x, y in points:
        point = ogr.Geometry(ogr.wkbPoint)
        point.AddPoint_2D(float(x), float(y))
        collection.AddGeometry(point)
    return collection.ConvexHull()


def corners(valid):
    """Return the corners (n, 2) of the valid pixels: x, y."""
    rows, columns = np.nonzero(valid)
    return np.unique(
        np.concatenate([np.column_stack((columns + x, rows + y)) for x in (0, 1) for y in (0, 1)]),
        axis=0,
    )


def shapes(valid):
    """Return the hull of valid pixels that come in parts, in pixels."""
    hull = PixelHull()
    height, width = valid.shape
    for top in range(0, height, 16):
        for left in range(0, width, 24):
            part = valid[top : top + 16, left : left + 24]
            window = (left, top, left + part.shape[1], top + part.shape[0])
            hull.fill(window) if part.all() else hull.add(window, part)
    return hull.points


def difference(geometry, other):
    return geometry.SymDifference(other).Area() / other.Area()


def blob(height, width):
    y, x = np.mgrid[0:height, 0:width]
    valid = ((x - width * 0.45) / (width * 0.4)) ** 2 + ((y - height / 2) / (height * 0.4)) ** 2 < 1
    valid &= RNG.random(valid.shape) < 0.6
    valid[height // 3 : height // 2] = False
    return valid


@pytest.mark.parametrize('density', [0.002, 0.2, 1])
def test_pixels_in_parts_have_the_hull_of_all(density):
    valid = RNG.random((70, 110)) < density
    ours = shapes(valid)
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for x, y in [*ours, ours[0]]:
        ring.AddPoint_2D(float(x), float(y))
    polygon = ogr.Geometry(ogr.wkbPolygon)
    polygon.AddGeometry(ring)
    assert difference(polygon, geos_hull(corners(valid))) < 1e-12


def test_points_on_an_edge_are_no_corners():
    square = np.array([(x, y) for x in range(5) for y in range(5)], float) * 1000 + 7
    assert sorted(map(tuple, convex_hull(square))) == [
        (7, 7),
        (7, 4007),
        (4007, 7),
        (4007, 4007),
    ]
    assert convex_hull(np.array([[3.0, 4.0], [3.0, 4.0]])).tolist() == [[3.0, 4.0]]


def test_a_part_at_a_lower_resolution_has_the_same_outline():
    hull = PixelHull()
    hull.add((0, 0, 400, 200), np.eye(2, 4, dtype=bool))
    assert hull.points.max(axis=0).tolist() == [200, 200]


@pytest.mark.parametrize(
    ('epsg', 'bounds'),
    [
        (4326, (5, 45, 12, 50)),
        (32618, (300000, 4500000, 345000, 4536000)),
        (32618, (300000, 4500000, 900000, 5300000)),
        (3857, (-2e6, 5e6, 1e6, 8e6)),
        (2056, (2500000, 1100000, 2800000, 1300000)),
    ],
)
def test_hulls_on_earth_are_those_of_geos(epsg, bounds, make_raster):
    valid = blob(60, 90)
    reader = source(make_raster(valid.astype('u1'), epsg=epsg, bounds=bounds))
    geometry = geographic_hull(reader, shapes(valid))
    assert geometry['type'] == 'Polygon'
    points = corners(valid).astype(float)
    left, bottom, right, top = bounds
    x = left + points[:, 0] * (right - left) / 90
    y = top - points[:, 1] * (top - bottom) / 60
    project = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)
    expected = geos_hull(np.column_stack(project.transform(x, y)))
    ours = ogr.CreateGeometryFromJson(str(geometry).replace("'", '"'))
    # Edges between far corners are curves: all that is valid is within, and little else.
    assert difference(ours, expected) < 0.01
    assert expected.Difference(ours).Area() / expected.Area() < 1e-4


def test_rings_are_closed_and_counterclockwise(make_raster):
    reader = source(make_raster(np.zeros((9, 9), 'u1'), epsg=4326, bounds=(0, 0, 9, 9)))
    ((ring,),) = [geographic_hull(reader, shapes(np.ones((9, 9), bool)))['coordinates']]
    assert ring[0] == ring[-1]
    x, y = np.array(ring).T
    assert (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2 == pytest.approx(81)
    assert len(ring) == 5


def area(geometry):
    polygons = geometry['coordinates']
    polygons = [polygons] if geometry['type'] == 'Polygon' else polygons
    total = 0.0
    for (ring,) in polygons:
        x, y = np.array(ring).T
        assert x.min() >= -180
        assert x.max() <= 180
        assert np.abs(y).max() <= 90
        total += (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2
    return total


def test_hulls_are_cut_at_the_antimeridian(make_raster):
    # Fiji, in its own projection.
    reader = source(
        make_raster(np.zeros((40, 40), 'u1'), epsg=3460, bounds=(18e5, 37e5, 24e5, 43e5))
    )
    valid = np.ones((40, 40), bool)
    west, south, east, north = geographic_bounds(reader)
    assert 170 < west < 180 < east < 190
    geometry = geographic_hull(reader, shapes(valid))
    assert geometry['type'] == 'MultiPolygon'
    (first,), (second,) = geometry['coordinates']
    assert max(x for x, _ in first) == 180
    assert min(x for x, _ in second) == -180
    assert min(x for x, _ in first) == pytest.approx(west, abs=1e-6)
    assert max(x for x, _ in second) == pytest.approx(east - 360, abs=1e-6)
    assert area(geometry) == pytest.approx((east - west) * (north - south), rel=0.05)
    valid[:, 20:] = False
    assert geographic_hull(reader, shapes(valid))['type'] == 'Polygon'


@pytest.mark.parametrize(
    ('bounds', 'expected'),
    [
        ((-180, -90, 180, 90), (-180, -90, 180, 90)),
        ((0, -90, 360, 90), (-180, -90, 180, 90)),
        ((-180.5, -60, 179.5, 60), (-180, -60, 180, 60)),
        ((190, 10, 200, 20), (-170, 10, -160, 20)),
        ((170, 10, 190, 20), (170, 10, 190, 20)),
        ((-190, 10, -170, 20), (170, 10, 190, 20)),
    ],
)
def test_longitudes_begin_where_they_should(bounds, expected, make_raster):
    reader = source(make_raster(np.zeros((20, 40), 'u1'), epsg=4326, bounds=bounds))
    assert geographic_bounds(reader) == pytest.approx(expected)
    geometry = geographic_hull(reader, shapes(np.ones((20, 40), bool)))
    west, south, east, north = expected
    assert area(geometry) == pytest.approx((east - west) * (north - south))
    assert geometry['type'] == ('MultiPolygon' if east > 180 else 'Polygon')


def test_the_world_on_a_web_map_is_one_polygon(make_raster):
    side = math.pi * 6378137
    reader = source(
        make_raster(np.zeros((64, 64), 'u1'), epsg=3857, bounds=(-side, -side, side, side))
    )
    geometry = geographic_hull(reader, shapes(np.ones((64, 64), bool)))
    assert geometry['type'] == 'Polygon'
    assert area(geometry) == pytest.approx(360 * 2 * 85.0511287798, rel=1e-6)


@pytest.mark.parametrize(('epsg', 'pole'), [(3413, 90), (3031, -90)])
def test_round_a_pole_lie_all_longitudes(epsg, pole, make_raster):
    reader = source(make_raster(np.zeros((50, 50), 'u1'), epsg=epsg, bounds=(-2e6, -2e6, 2e6, 2e6)))
    valid = np.ones((50, 50), bool)
    geometry = geographic_hull(reader, shapes(valid))
    latitudes = [y for _, y in geometry['coordinates'][0]]
    assert sorted({abs(y) for y in latitudes})[-1] == 90
    assert {x for x, _ in geometry['coordinates'][0]} == {-180, 180}
    assert pole in latitudes
    # Beside it they do not.
    valid[:, :30] = False
    found = geographic_hull(reader, shapes(valid))
    assert area(found) < area(geometry) / 2


def test_what_has_no_place_on_the_map(make_raster):
    reader = source(make_raster(np.zeros((9, 9), 'u1')))
    assert geographic_bounds(reader) is None
    assert geographic_hull(reader, shapes(np.ones((9, 9), bool))) is None
    placed = source(make_raster(np.zeros((9, 9), 'u1'), epsg=4326, bounds=(0, 0, 9, 9)))
    assert geographic_hull(placed, shapes(np.zeros((9, 9), bool))) is None
