"""The tiles that an image has, and those that it has not."""

from __future__ import annotations

import pytest

from django_large_image.exceptions import OutsideError
from django_large_image.sources.pyramid import Pyramid

GRID = Pyramid((1000, 300), 256)


@pytest.mark.parametrize(
    ('size', 'levels'),
    [((1, 1), 1), ((256, 3), 1), ((257, 3), 2), ((512, 512), 2), ((20, 513), 3), ((2**40, 1), 33)],
)
def test_the_lowest_level_is_one_tile(size, levels):
    pyramid = Pyramid(size, 256)
    assert pyramid.levels == levels
    assert pyramid.scale(0, 0, 0) == 2 ** (levels - 1)


@pytest.mark.parametrize(
    ('tile', 'scale'), [((2, 3, 1), 1), ((1, 1, 0), 2), ((0, 0, 0), 4), ((2, 0, 0), 1)]
)
def test_how_much_a_pixel_of_a_tile_covers(tile, scale):
    assert GRID.scale(*tile) == scale


@pytest.mark.parametrize(
    'tile',
    [(3, 0, 0), (-1, 0, 0), (2, 4, 0), (2, 0, 2), (1, 2, 0), (0, 0, 1), (2, -1, 0), (2, 0, -1)],
)
def test_outside(tile):
    with pytest.raises(OutsideError, match='/'.join(map(str, tile))):
        GRID.scale(*tile)
