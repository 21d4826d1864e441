"""The arithmetic of Deep Zoom, for every size up to some, and for large ones."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import count

import pytest

from django_large_image.exceptions import OutsideError
from django_large_image.sources.deepzoom import NAMESPACE, DeepZoomImage

SIZES = [(1, 1), (2, 1), (1, 3), (255, 254), (256, 257), (1000, 999), (1, 1025), (70_001, 33_333)]


def halved(length: int) -> list[int]:
    """The lengths that begin with one and are halved, rounded up, until there is one pixel."""
    found = [length]
    while found[-1] > 1:
        found.append((found[-1] + 1) // 2)
    return found


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_each_level_is_half_of_the_one_above(width, height):
    image = DeepZoomImage(width, height)
    widths, heights = halved(width), halved(height)
    assert image.max_level == max(len(widths), len(heights)) - 1
    for step in range(image.max_level + 1):
        expected = widths[min(step, len(widths) - 1)], heights[min(step, len(heights) - 1)]
        assert image.level_size(image.max_level - step) == expected
    assert image.level_size(0) == (1, 1)


@pytest.mark.parametrize(('tile_size', 'overlap'), [(254, 1), (256, 0), (7, 3), (1, 1), (5, 9)])
@pytest.mark.parametrize(('width', 'height'), [(1, 1), (27, 13), (28, 1), (300, 5)])
def test_tiles_cover_a_level_and_overlap_on_inner_sides_only(width, height, tile_size, overlap):
    image = DeepZoomImage(width, height, tile_size, overlap)
    for level in range(image.max_level + 1):
        columns, rows = image.level_size(level)
        across, down = -(-columns // tile_size), -(-rows // tile_size)
        for column in range(across):
            for row in range(down):
                left, top, right, bottom = image.tile(level, column, row)
                assert left == max(0, column * tile_size - (column > 0) * overlap)
                assert top == max(0, row * tile_size - (row > 0) * overlap)
                assert right == min((column + 1) * tile_size + overlap, columns)
                assert bottom == min((row + 1) * tile_size + overlap, rows)
        for outside in [(across, 0), (0, down), (-1, 0), (0, -1)]:
            with pytest.raises(OutsideError):
                image.tile(level, *outside)


@pytest.mark.parametrize('level', [-1, 11, 64, 10**6])
def test_there_are_no_other_levels(level):
    image = DeepZoomImage(1000, 600)
    with pytest.raises(OutsideError, match='0 to 10'):
        image.tile(level, 0, 0)


def test_every_size_has_its_levels():
    for length in range(1, 1030):
        highest = DeepZoomImage(length, 1).max_level
        assert highest == next(level for level in count() if 2**level >= length)


def test_the_descriptor_says_what_a_viewer_has_to_know():
    root = ET.fromstring(DeepZoomImage(1000, 600, 510, 2).descriptor('png'))
    assert root.tag == f'{{{NAMESPACE}}}Image'
    assert root.attrib == {'Format': 'png', 'Overlap': '2', 'TileSize': '510'}
    (size,) = root
    assert size.tag == f'{{{NAMESPACE}}}Size'
    assert size.attrib == {'Width': '1000', 'Height': '600'}
