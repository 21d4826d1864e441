"""The tiles that the benchmark asks for: inside of the raster, of every level, always the same."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.cases import CASES, MERCATOR, MERCATOR_CORNER, MERCATOR_TILES, UTM
from benchmarks.tiles import Footprint, Tile, choose, tile_list


def test_pixel_grid_has_the_levels_of_its_pyramid():
    grid = Footprint.of_pixels(12_000, 6_000)
    assert grid.levels == (0, 6)
    assert grid.tiles(0) == [Tile(0, 0, 0)]
    assert len(grid.tiles(6)) == 47 * 24


def test_small_image_is_one_tile():
    assert Footprint.of_pixels(200, 256).levels == (0, 0)


def test_aligned_raster_is_seen_in_its_own_tiles_only():
    tiles = MERCATOR.tiles(11)
    assert len(tiles) == MERCATOR_TILES**2
    assert min(tiles) == (11, *MERCATOR_CORNER)
    assert len(MERCATOR.tiles(7)) == (MERCATOR_TILES // 16) ** 2


def test_tiles_of_a_projected_raster_touch_it():
    import pyproj

    to_degrees = pyproj.Transformer.from_crs(UTM.crs, 'EPSG:4326', always_xy=True)
    longitude, latitude = to_degrees.transform((UTM.left + UTM.right) / 2, UTM.top - 1)
    # 15 degrees east, 48.2 north: by the formula of web maps.
    assert (longitude, latitude) == pytest.approx((15, 48.2), abs=0.05)
    assert Tile(6, 34, 22) in UTM.tiles(6)
    assert all(33 <= tile.x <= 35 and 22 <= tile.y <= 23 for tile in UTM.tiles(6))


def test_choice_takes_an_equal_share_of_each_level():
    levels = [[Tile(z, x, 0) for x in range(4**z)] for z in range(6)]
    chosen = choose(levels, 100)
    assert Counter(tile.z for tile in chosen) == {0: 1, 1: 4, 2: 16, 3: 26, 4: 26, 5: 27}
    assert len(set(chosen)) == 100


def test_choice_takes_all_where_there_are_too_few():
    assert sorted(choose([[Tile(0, 0, 0)], [Tile(1, 0, 0), Tile(1, 1, 0)]], 400)) == [
        (0, 0, 0),
        (1, 0, 0),
        (1, 1, 0),
    ]


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_each_case_has_its_400_tiles_in_an_order_that_stays(case):
    tiles = tile_list(case.footprint)
    assert len(tiles) == len(set(tiles)) == 400
    assert tiles == tile_list(case.footprint)
    first, last = case.footprint.levels
    assert {tile.z for tile in tiles} == set(range(first, last + 1))


def test_every_raster_has_a_recipe():
    from benchmarks.rasters import RECIPES

    assert {name for case in CASES for name in case.filenames} == {
        recipe.filename for recipe in RECIPES
    }
