"""Boxes of pixels, and windows: of pixels or of a map."""

from __future__ import annotations

from collections.abc import Sequence

# Left, top, width and height.
Box = tuple[int, int, int, int]
# Left, top, right and bottom of a pixel grid; xmin, ymin, xmax and ymax of a map.
Window = tuple[float, float, float, float]


def intersection(one: Box, other: Box) -> Box:
    """Return what two boxes have in common."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right = min(one[0] + one[2], other[0] + other[2])
    bottom = min(one[1] + one[3], other[1] + other[3])
    return left, top, right - left, bottom - top


def areas(blocks: Sequence[Box]) -> list[tuple[Box, list[Box]]]:
    """Return boxes that blocks fill without gaps, each with its blocks.

    The blocks are on one grid and sorted: from the top, and in each row from the left.
    """
    runs: list[tuple[Box, list[Box]]] = []
    for block in blocks:
        left, top, width, height = runs[-1][0] if runs else (0, 0, 0, 0)
        if runs and (block[0], block[1], block[3]) == (left + width, top, height):
            runs[-1][1].append(block)
            runs[-1] = (left, top, width + block[2], height), runs[-1][1]
        else:
            runs.append((block, [block]))
    found: list[tuple[Box, list[Box]]] = []
    for run, members in runs:
        left, top, width, height = found[-1][0] if found else (0, 0, 0, 0)
        if found and run[:3] == (left, top + height, width):
            found[-1] = (left, top, width, height + run[3]), found[-1][1] + members
        else:
            found.append((run, members))
    return found
