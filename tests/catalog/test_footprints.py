"""Cells of bounding boxes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from django_large_image.catalog import footprints

Box = tuple[float, float, float, float]


def boxes() -> st.SearchStrategy[Box]:
    """Boxes as datasets have them: from west to east, over the antimeridian too."""
    degrees = st.integers(-180, 180) | st.floats(-180, 180)
    sizes = st.floats(0, 360) | st.floats(0, 1) | st.sampled_from([0, 1, 22.5, 45, 90])
    return st.builds(
        lambda west, width, south, height: (
            west,
            max(-90, min(south, 90)),
            west + width,
            min(max(-90, min(south, 90)) + height, 90),
        ),
        degrees,
        sizes,
        st.integers(-90, 90) | st.floats(-90, 90),
        sizes,
    )


def meets(box: Box, other: Box) -> bool:
    """Whether two boxes touch, in any turn of the earth."""
    return (
        any(box[0] <= other[2] + turn and box[2] >= other[0] + turn for turn in footprints.TURNS)
        and box[1] <= other[3]
        and box[3] >= other[1]
    )


@given(boxes(), boxes())
def test_a_box_that_meets_another_is_in_one_of_its_ranges(box: Box, other: Box) -> None:
    cell = footprints.cell(*box)
    found = footprints.ranges(footprints.level_of(cell), *other)
    assert any(start <= cell <= end for start, end in found) or not meets(box, other)


@given(st.integers(0, footprints.MAX_LEVEL), boxes())
def test_ranges_are_few_in_order_and_apart(level: int, box: Box) -> None:
    found = footprints.ranges(level, *box)
    # In each turn of the earth six, each divided by four.
    assert len(found) <= 3 * 6 * 4
    first, after = footprints.first_of(level), footprints.first_of(level + 1)
    assert all(first <= start <= end < after for start, end in found)
    assert all(before[1] + 1 < later[0] for before, later in itertools.pairwise(found))


def test_cells_of_a_level_are_not_smaller_than_their_boxes() -> None:
    assert footprints.level_of(footprints.cell(-180, -90, 180, 90)) == 0
    assert footprints.level_of(footprints.cell(0, 0, 360, 1)) == 0
    assert footprints.level_of(footprints.cell(0, 0, 180, 1)) == 1
    assert footprints.level_of(footprints.cell(0, 0, 1, 90)) == 1
    assert footprints.level_of(footprints.cell(0, 0, 1.4, 0.1)) == 8
    assert footprints.level_of(footprints.cell(5, 5, 5, 5)) == footprints.MAX_LEVEL


def test_a_small_box_leaves_out_most_of_the_world() -> None:
    cells = [
        footprints.cell(x, y, x + 1, y + 0.5) for x in range(-180, 180) for y in range(-90, 90)
    ]
    level = footprints.level_of(cells[0])
    found = footprints.ranges(level, 10, 40, 11, 41)
    inside = sum(start <= cell <= end for cell in cells for start, end in found)
    assert 4 <= inside <= 30
