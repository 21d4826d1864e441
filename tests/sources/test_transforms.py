"""Places of a map's pixels in an image are PROJ's, to an eighth of a pixel."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

import numpy as np
import pyproj
import pytest

from django_large_image.sources import transforms
from django_large_image.sources.reading import MapWindow
from django_large_image.sources.transforms import (
    TOLERANCE,
    PixelTransform,
    TransformPool,
    locate,
)
from tests import factories

from .references import source

SPHERE = 'EPSG:3857'
SIDE = 2 * 20037508.342789244


@pytest.fixture
def image(tmp_path):
    bounds = (400_000, 5_200_000, 472_000, 5_272_000)
    return source(factories.raster(tmp_path / 'image.tif', epsg=32633, bounds=bounds))


def window(z: int, longitude: float, latitude: float, size: int = 256) -> MapWindow:
    """Return the web-mercator tile of a level over a place."""
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(longitude, latitude)
    column, row = (x + SIDE / 2) // (SIDE / 2**z), (SIDE / 2 - y) // (SIDE / 2**z)
    left, top = column * SIDE / 2**z - SIDE / 2, SIDE / 2 - row * SIDE / 2**z
    return MapWindow('EPSG:3857', (left, top - SIDE / 2**z, left + SIDE / 2**z, top), (size, size))


def exact(image, target: MapWindow) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and rows (height, width) of all pixels of a window, one by one."""
    xmin, ymin, xmax, ymax = target.bounds
    width, height = target.size
    x = xmin + (np.arange(width) + 0.5) * (xmax - xmin) / width
    y = ymax - (np.arange(height) + 0.5) * (ymax - ymin) / height
    to_image = pyproj.Transformer.from_crs(3857, 32633, always_xy=True)
    easting, northing = to_image.transform(*np.meshgrid(x, y))
    left, dx, _, top, _, dy = image.description.transform
    return (easting - left) / dx, (northing - top) / dy


@pytest.mark.parametrize('size', [256, 300, 97])
@pytest.mark.parametrize('z', [4, 6, 8, 10, 12, 14])
def test_places_are_within_the_bound(z, size, image):
    target = window(z, 14.3, 47.3, size)
    pool = TransformPool(image.description)
    with image.pool(None).borrow() as dataset, pool.borrow(dataset, 'EPSG:3857') as transform:
        location = locate(transform, target)
    assert location is not None
    columns, rows = exact(image, target)
    # In pixels of the map, of which those of the level are at least half.
    scale = max(1.0, float(np.abs(np.diff(columns, axis=1)).max()))
    x, y = np.moveaxis(location.places((1.0, 1.0), (0.0, 0.0)), 2, 0)
    assert np.abs(x - columns).max() / scale < TOLERANCE
    assert np.abs(y - rows).max() / scale < TOLERANCE
    left, top, right, bottom = location.extent
    assert left <= columns.min()
    assert columns.max() <= right
    assert top <= rows.min()
    assert rows.max() <= bottom


def test_places_are_told_in_pixels_of_a_window_of_a_level(image):
    target = window(12, 14.3, 47.3)
    pool = TransformPool(image.description)
    with image.pool(None).borrow() as dataset, pool.borrow(dataset, 'EPSG:3857') as transform:
        location = locate(transform, target)
    full = location.places((1.0, 1.0), (0.0, 0.0))
    places = location.places((4.0, 2.0), (10.0, 20.0))
    np.testing.assert_allclose(places, full / (4, 2) - (10, 20), atol=1e-3)
    assert places.dtype == np.float32


def test_a_bend_gets_more_control_points(image):
    pool = TransformPool(image.description)
    with image.pool(None).borrow() as dataset, pool.borrow(dataset, 'EPSG:3857') as transform:
        straight, bent = (locate(transform, window(z, 14.3, 47.3)) for z in (14, 4))
    assert straight.points.size < bent.points.size


@pytest.mark.parametrize(
    'bounds',
    [
        # Beyond the poles, as tiles of EPSG:4326 reach.
        (-180, -180, 180, 180),
        (1e9, 1e9, 1e9 + 1, 1e9 + 1),
    ],
)
def test_where_no_place_is_known_nothing_is_told(bounds, image):
    pool = TransformPool(image.description)
    with image.pool(None).borrow() as dataset, pool.borrow(dataset, 'EPSG:4326') as transform:
        assert locate(transform, MapWindow('EPSG:4326', bounds, (256, 256))) is None


def test_a_transform_is_lent_to_one_thread_at_a_time(image):
    pool = TransformPool(image.description)
    lent, barrier = [], threading.Barrier(4)

    def work():
        with image.pool(None).borrow() as dataset, pool.borrow(dataset, 'EPSG:3857') as transform:
            lent.append(transform)
            barrier.wait(30)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, lent))) == 4
    with image.pool(None).borrow() as dataset, pool.borrow(dataset, 'EPSG:3857') as transform:
        assert transform in lent


def test_transforms_of_few_projections_are_kept(image):
    pool = TransformPool(image.description)
    with image.pool(None).borrow() as dataset:
        with pool.borrow(dataset, 'EPSG:3857') as first:
            pass
        for zone in range(1, 40):
            with pool.borrow(dataset, f'EPSG:{32600 + zone}'):
                pass
        with pool.borrow(dataset, 'EPSG:3857') as again:
            assert again is not first


class TestOneGrid:
    """Bands of a scene that are files of their own."""

    BOUNDS = (400_000, 5_200_000, 472_000, 5_272_000)

    @pytest.fixture
    def make(self, tmp_path):
        def make(name: str, **known: object):
            known = {'epsg': 32633, 'bounds': self.BOUNDS, **known}
            return source(factories.raster(tmp_path / name, **known))

        return make

    @staticmethod
    def find(image, target: MapWindow):
        pool = TransformPool(image.description)
        with image.pool(None).borrow() as dataset:
            found = pool.locate(dataset, target)
            with pool.borrow(dataset, target.projection) as transform:
                alone = locate(transform, target)
        assert found is not None
        np.testing.assert_array_equal(found.points, alone.points)
        return found

    def test_they_are_located_together(self, make):
        target = window(11, 14.3, 47.3)
        first, second = (self.find(make(name), target) for name in ('a.tif', 'b.tif'))
        assert first is second

    def test_others_are_not(self, make):
        target = window(11, 14.3, 47.3)
        first = self.find(make('a.tif'), target)
        moved = tuple(side + 60 for side in self.BOUNDS)
        assert self.find(make('b.tif', bounds=moved), target) is not first
        assert self.find(make('c.tif', epsg=32634), target) is not first
        assert self.find(make('a2.tif'), window(11, 14.6, 47.3)) is not first
        assert self.find(make('a3.tif'), window(11, 14.3, 47.3, 128)).size == (128, 128)

    def test_nor_where_control_points_say_where_an_image_lies(self, make):
        target = window(11, 14.3, 47.3)
        image = make('a.tif')
        known = replace(image.description, warp_options=('SRC_METHOD=GCP_POLYNOMIAL',))
        pool = TransformPool(known)
        pool._free['EPSG:3857'] = deque([PixelTransform(image.dataset, image.description, SPHERE)])
        first, second = (pool.locate(image.dataset, target) for _ in range(2))
        assert first is not second

    def test_what_is_kept_is_bounded_and_cannot_be_changed(self, make):
        image = make('a.tif')
        pool = TransformPool(image.description)
        for size in range(2 * transforms._LOCATIONS):
            found = pool.locate(image.dataset, window(11, 14.3, 47.3, 16 + size))
        assert len(transforms._located) <= transforms._LOCATIONS
        places = found.places((1.0, 1.0), (0.0, 0.0))
        assert found.places((1.0, 1.0), (0.0, 0.0)) is places
        assert found.places((2.0, 1.0), (0.0, 0.0)) is not places
        with pytest.raises(ValueError, match='read-only'):
            places[0, 0] = 1
        large = pool.locate(image.dataset, window(11, 14.3, 47.3, 1024))
        assert large.places((1.0, 1.0), (0.0, 0.0)) is not large.places((1.0, 1.0), (0.0, 0.0))


def test_a_parabola_is_followed_by_few_exact_places_within_bounds():
    asked = []

    def bent(bend):
        def transform(x, y):
            asked.append(len(x))
            return x + bend * x**2, y + bend * y**2

        return locate(transform, MapWindow(SPHERE, (0, 0, 1, 1), (256, 256)))

    location = bent(200)
    assert asked == [25]
    assert 25 < location.points.size <= 65**2
    places = location.places((1, 1), (0, 0))
    middle = (np.arange(256) + 0.5) / 256
    np.testing.assert_allclose(places[0, :, 0], middle + 200 * middle**2, atol=TOLERANCE)
    # Points without number would be needed here: GDAL's warper is asked.
    assert bent(1e6) is None
