"""Tile matrices: the squares of web maps, and those of any other projection."""

from __future__ import annotations

import math

import pytest

from django_large_image.exceptions import OutsideError, ProjectionError
from django_large_image.sources.tile_matrix import (
    MAX_ZOOM,
    get_crs,
    get_tile_matrix,
    normalize_projection,
)

HALF = math.pi * 6378137


def test_web_mercator_is_that_of_all_web_maps():
    matrix = get_tile_matrix('EPSG:3857')
    assert matrix.bounds(0, 0, 0) == pytest.approx((-HALF, -HALF, HALF, HALF), abs=1e-6)
    assert matrix.bounds(1, 1, 0) == pytest.approx((0, 0, HALF, HALF), abs=1e-6)
    assert matrix.bounds(2, 1, 3) == pytest.approx((-HALF / 2, -HALF, 0, -HALF / 2), abs=1e-6)


def test_degrees_have_one_square_of_the_width_of_the_world():
    matrix = get_tile_matrix('EPSG:4326')
    assert matrix.bounds(0, 0, 0) == (-180, -180, 180, 180)
    assert matrix.bounds(1, 0, 0) == (-180, 0, 0, 180)


@pytest.mark.parametrize('code', ['EPSG:32633', 'EPSG:3413', 'EPSG:3031', 'EPSG:2154', 'EPSG:3395'])
def test_every_matrix_is_a_finite_square_that_halves(code):
    matrix = get_tile_matrix(code)
    left, bottom, right, top = matrix.bounds(0, 0, 0)
    assert math.isfinite(left)
    assert right - left == pytest.approx(top - bottom)
    child = matrix.bounds(1, 1, 1)
    assert child == pytest.approx(((left + right) / 2, bottom, right, (top + bottom) / 2))


@pytest.mark.parametrize(
    'tile', [(-1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 8, 0), (3, 0, -1), (MAX_ZOOM + 1, 0, 0)]
)
def test_tiles_outside_are_not_there(tile):
    with pytest.raises(OutsideError):
        get_tile_matrix('EPSG:3857').bounds(*tile)


@pytest.mark.parametrize(
    ('pixel_size', 'levels'),
    [(2 * HALF / 256, 1), (2 * HALF / 512, 2), (100, 12), (0, 1), (math.inf, 1), (1e-30, 31)],
)
def test_levels_show_an_image_in_full(pixel_size, levels):
    assert get_tile_matrix('EPSG:3857').levels(pixel_size, 256) == levels


@pytest.mark.parametrize('text', ['EPSG:3857', 'epsg:3857', '3857', ' proj4:EPSG:3857 '])
def test_spellings_of_a_code(text):
    assert normalize_projection(text) == 'EPSG:3857'


@pytest.mark.parametrize(
    'text',
    ['', '+proj=merc', 'EPSG', '/etc/passwd', 'http://host/', 'a:b:c', 'PROJCS["x"]', 'x' * 99],
)
def test_only_codes_are_projections(text):
    with pytest.raises(ProjectionError):
        get_crs(text)


@pytest.mark.parametrize('code', ['EPSG:5703', 'EPSG:4978', 'EPSG:0', 'NONE:1'])
def test_what_is_no_map_is_refused(code):
    with pytest.raises(ProjectionError):
        get_crs(code)
