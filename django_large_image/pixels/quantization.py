"""Many colours as few: what a format with a palette of 256 can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import sub

import numpy as np
from numpy.typing import NDArray

# One of the 256 is left for nothing at all.
MAX_COLORS = 255
# How far apart the channels of colours may lie that become one in their middle.
_SPREADS = (0, 1, 2)
# No smooth ramp changes as often as this.
_MAX_CHANGES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A table of colours in at most 256 of them.

    `indexes` has one entry per entry of the table, or is `None` where these are indexes already.
    `colors` is RGBA (1-256, 4). Both are uint8.
    """

    indexes: NDArray[np.uint8] | None
    colors: NDArray[np.uint8]


def quantize(lowest: NDArray[np.uint8], highest: NDArray[np.uint8]) -> Quantized | None:
    """Return a table of RGBA colours in up to 255, after transparent black as index 0.

    An entry stands for colours from `lowest` to `highest` (entries, 4). Neighbours become one as
    long as no channel is more than 1 of 255 off, and no more of them than have to; `None` if that
    leaves too many.
    """
    seen = np.flatnonzero(highest[:, 3])
    low, high = lowest[seen], highest[seen]
    changes = np.ones(len(seen), bool)
    changes[1:] = _changes(low) | _changes(high)
    low, high = low[changes], high[changes]
    if len(low) > _MAX_CHANGES:
        return None
    for spread in _SPREADS:
        starts = _starts(low.tolist(), high.tolist(), spread)
        if starts is not None:
            groups = np.zeros(len(low), np.uint8)
            groups[starts] = 1
            indexes = np.zeros(len(highest), np.uint8)
            indexes[seen] = np.cumsum(groups, dtype=np.uint8)[np.cumsum(changes) - 1]
            colors = np.zeros((len(starts) + 1, 4), np.uint8)
            # Rounded up: opaque stays opaque.
            least = np.minimum.reduceat(low, starts).astype(int)
            colors[1:] = (least + np.maximum.reduceat(high, starts) + 1) // 2
            return Quantized(indexes, colors)
    return None


def _changes(colors: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return whether each colour but the first is another than the one before."""
    packed = colors.view(np.uint32)[:, 0]
    changes: NDArray[np.bool_] = packed[1:] != packed[:-1]
    return changes


def _starts(
    low: Sequence[Sequence[int]], high: Sequence[Sequence[int]], spread: int
) -> list[int] | None:
    """Return where each group of colours begins, as few as there can be; None if too many."""
    starts: list[int] = []
    lowest: Sequence[int] = ()
    highest: Sequence[int] = ()
    for position, (least, most) in enumerate(zip(low, high, strict=True)):
        lowest, highest = [*map(min, lowest, least)], [*map(max, highest, most)]
        if not starts or max(map(sub, highest, lowest)) > spread:
            if len(starts) == MAX_COLORS or max(map(sub, most, least)) > spread:
                return None
            lowest, highest = least, most
            starts.append(position)
    return starts
