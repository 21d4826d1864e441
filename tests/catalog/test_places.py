"""Where pictures lie on the web map."""

from __future__ import annotations

import pyproj
import pytest

from django_large_image.catalog.places import Tile, window_round
from django_large_image.exceptions import ParameterError

TO_DEGREES = pyproj.Transformer.from_crs('EPSG:3857', 'EPSG:4326', always_xy=True)


@pytest.mark.parametrize('tile', [Tile(0, 0, 0), Tile(1, 1, 0), Tile(10, 530, 360), Tile(22, 7, 9)])
def test_the_degrees_of_a_tile_are_those_of_its_window(tile):
    left, bottom, right, top = tile.window
    west, south = TO_DEGREES.transform(left, bottom)
    east, north = TO_DEGREES.transform(right, top)
    assert tile.degrees == pytest.approx((west, south, east, north), abs=1e-9)


def test_tiles_beyond_the_map():
    assert Tile(3, 7, 7).there
    assert not Tile(3, 8, 0).there
    assert not Tile(3, 0, 10**30).there
    for z in (-1, 31, 10**9):
        with pytest.raises(ParameterError):
            Tile(z, 0, 0)


def test_numbers_of_a_path():
    assert Tile.parse('3', '07', '5') == Tile(3, 7, 5)
    assert not Tile.parse('3', '1' * 999, '0').there
    for place in (
        '-1/0/0',
        '1/-1/0',
        '1/0/-1',
        '1.5/0/0',
        '1/0/0.0',
        f'1/0/{"1" * 5000}',
        '31/0/0',
    ):
        with pytest.raises(ParameterError):
            Tile.parse(*place.split('/'))


@pytest.mark.parametrize('size', [(256, 256), (400, 100), (10, 300)])
@pytest.mark.parametrize('bounds', [(5, 45, 15, 55), (170, -20, 190, -10), (-180, -90, 180, 90)])
def test_a_window_round_bounds_has_the_shape_of_the_picture(bounds, size):
    left, bottom, right, top = window_round(bounds, size)
    assert (right - left) / (top - bottom) == pytest.approx(size[0] / size[1])
    west, east = left / 20037508.342789244 * 180, right / 20037508.342789244 * 180
    _, south = TO_DEGREES.transform(0, max(bottom, -20037508))
    _, north = TO_DEGREES.transform(0, min(top, 20037508))
    tight = (
        (west, east) == pytest.approx((bounds[0], bounds[2]), abs=1e-6),
        (south, north) == pytest.approx((bounds[1], bounds[3]), abs=1e-6) or bounds[3] == 90,
    )
    assert any(tight)
    assert west <= bounds[0] + 1e-6
    assert east >= bounds[2] - 1e-6


def test_a_point_has_a_window_all_the_same():
    left, bottom, right, top = window_round((7, 50, 7, 50), (256, 256))
    assert right > left
    assert top > bottom
