"""Boxes of blocks, put together without gaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from django_large_image.sources.boxes import areas, intersection


def test_an_intersection():
    assert intersection((0, 0, 10, 10), (5, 7, 10, 10)) == (5, 7, 5, 3)


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_areas_hold_their_blocks_and_nothing_else(cells):
    # The last blocks of a row and a column are smaller.
    blocks = [
        (x * 10, y * 10, 10 if x < 4 else 3, 10 if y < 4 else 7)
        for y, x in sorted((y, x) for x, y in cells)
    ]
    found = areas(blocks)
    assert sorted(block for _, members in found for block in members) == sorted(blocks)
    for area, members in found:
        assert area[2] * area[3] == sum(block[2] * block[3] for block in members)
        assert all(intersection(area, block) == block for block in members)


def test_a_rectangle_is_one_area():
    blocks = [(x, y, 10, 10) for y in (0, 10) for x in (0, 10, 20)]
    assert areas(blocks) == [((0, 0, 30, 20), blocks)]
    assert areas([]) == []
