"""Where a bounding box stands in the index: a number for each box, ranges of them for a search.

The world is a grid of 2^level times 2^level cells, on levels from 0. A box belongs to the level
whose cells are the smallest not smaller than the box, and to the cell of its south-western corner:
it reaches into the next cells to the east and north at most. The number of a cell is its level,
then the interleaved bits of column and row (a Z-order curve), so that a square of cells is a range.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

Range = tuple[int, int]

# Cells of 40 m at the equator; smaller boxes share them.
MAX_LEVEL = 20
_BITS = 2 * MAX_LEVEL
# More ranges fit a box better, but each is looked up on its own. As long as there are no more than
# these, each is divided, by four at most.
_MAX_RANGES = 6


def cell(west: float, south: float, east: float, north: float) -> int:
    """Return the number of the cell of a box in degrees; `east` may be over 180."""
    size = max((east - west) / 360, (north - south) / 180, 2.0**-MAX_LEVEL)
    level = max(0, -math.ceil(math.log2(size)))
    column = _index((west + 180) / 360, level)
    row = _index((south + 90) / 180, level)
    return level << _BITS | _interleaved(column, row)


def level_of(cell: int) -> int:
    """Return the level of a cell's number."""
    return cell >> _BITS


def first_of(level: int) -> int:
    """Return the number of the first cell of a level."""
    return level << _BITS


def ranges(level: int, west: float, south: float, east: float, north: float) -> list[Range]:
    """Return the ranges of numbers, in order, in which all boxes of a level lie that meet a box.

    Others lie there too: whoever searches compares the bounds as well.
    """
    found: list[Range] = []
    rows = _span((south + 90) / 180, (north + 90) / 180, level)
    for turn in TURNS:
        columns = _span((west + turn + 180) / 360, (east + turn + 180) / 360, level)
        if columns[0] <= columns[1] and rows[0] <= rows[1]:
            found += _squares(level, columns, rows)
    return _merged(found)


# A box meets others that are a turn of the earth away.
TURNS = (-360, 0, 360)


def _index(fraction: float, level: int) -> int:
    count: int = 2**level
    return min(max(int(fraction * count), 0), count - 1)


def _span(start: float, end: float, level: int) -> Range:
    """Return the first and the last column, or row, of cells whose boxes may reach into a span."""
    count: int = 2**level
    # Up to two cells away: a box may touch the span.
    first = min(math.ceil(min(start, 2) * count) - 2, count - 1 if start <= 1 else count)
    return max(first, 0), min(math.floor(end * count), count - 1)


def _squares(level: int, columns: Range, rows: Range) -> Iterator[Range]:
    """Yield ranges that cover a rectangle of cells: squares of the quadtree, large ones first."""
    base = first_of(level)
    done: list[tuple[int, int, int]] = []
    split = [(0, 0, level)]
    while split and len(done) + len(split) <= _MAX_RANGES:
        parts = [
            (2 * column + right, 2 * row + up, size - 1)
            for column, row, size in split
            for up in (0, 1)
            for right in (0, 1)
            if size
        ]
        if not parts:
            break
        split = []
        for part in parts:
            meets, inside = _compare(part, columns, rows)
            if inside:
                done.append(part)
            elif meets:
                split.append(part)
    for column, row, size in [*done, *split]:
        start = _interleaved(column, row) << 2 * size
        yield base + start, base + start + (1 << 2 * size) - 1


def _compare(square: tuple[int, int, int], columns: Range, rows: Range) -> tuple[bool, bool]:
    """Return whether a square meets a rectangle, and whether it lies inside."""
    column, row, size = square
    left, right = column << size, (column + 1 << size) - 1
    low, high = row << size, (row + 1 << size) - 1
    meets = left <= columns[1] and right >= columns[0] and low <= rows[1] and high >= rows[0]
    inside = left >= columns[0] and right <= columns[1] and low >= rows[0] and high <= rows[1]
    return meets, inside


def _interleaved(column: int, row: int) -> int:
    return _spread(column) | _spread(row) << 1


def _spread(number: int) -> int:
    """Return the bits of a number of 20 bits, each followed by a zero."""
    number = (number | number << 16) & 0x0000FFFF0000FFFF
    number = (number | number << 8) & 0x00FF00FF00FF00FF
    number = (number | number << 4) & 0x0F0F0F0F0F0F0F0F
    number = (number | number << 2) & 0x3333333333333333
    return (number | number << 1) & 0x5555555555555555


def _merged(found: list[Range]) -> list[Range]:
    """Return ranges in order, those joined that touch or overlap."""
    merged: list[Range] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
