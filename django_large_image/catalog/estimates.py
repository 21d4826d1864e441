"""About how many datasets have a value between others, by a sample of all.

To count a hundred-thousand takes a database longer than to find the first of them.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django_large_image.catalog.models import COLUMNS, Dataset

# Rows that are looked at: a condition that one in a hundred meets is told from others.
SIZE = 1000
# In seconds. Where a sample is old, a search takes longer than it might.
_MAX_AGE = 300.0
# Parameters of a statement that any database takes.
_TOGETHER = 500
_SAMPLED = ('id', *COLUMNS, 'cell')
# Between 0 and 1, the same in every process: a search has the same order on each of its pages.
_random = random.Random(1)  # noqa: S311
_CHANCES = [_random.random() for _ in range(SIZE)]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some datasets of all catalogues, each of which stands for so many.

    `values` are those of a catalogue in a column, in their order.
    """

    taken: float
    weight: float
    values: dict[tuple[int, str], list[Any]]

    def between(self, catalog: int, column: str = 'id', low: Any = None, high: Any = None) -> float:
        """Return about how many datasets have a value from `low` to `high`; None is no end."""
        values = self.values.get((catalog, column), [])
        start = 0 if low is None else bisect_left(values, low)
        end = len(values) if high is None else bisect_right(values, high)
        return max(0, end - start) * self.weight


def sample() -> Sample:
    """Return a sample, not older than some minutes."""
    place = Dataset.objects.db
    known = _known.get(place)
    if known is None or time.monotonic() - known.taken > _MAX_AGE:
        known = _known[place] = _taken()
    return known


def forget() -> None:
    """Take a new sample the next time."""
    _known.clear()


_known: dict[str, Sample] = {}


def _taken() -> Sample:
    rows = Dataset.objects.order_by('pk')
    ends = rows.values_list('pk', flat=True)
    first, last = ends.first() or 0, ends.last() or 0
    values: dict[tuple[int, str], list[Any]] = defaultdict(list)
    chosen = _chosen(first, last)
    for start in range(0, len(chosen), _TOGETHER):
        some = Dataset.objects.filter(pk__in=chosen[start : start + _TOGETHER])
        for catalog, *found in some.values_list('catalog_id', *_SAMPLED):
            for column, value in zip(_SAMPLED, found, strict=True):
                if value not in (None, ''):
                    values[catalog, column].append(value)
    for column_values in values.values():
        column_values.sort()
    return Sample(time.monotonic(), (last - first + 1) / max(1, len(chosen)), dict(values))


def _chosen(first: int, last: int) -> Sequence[int]:
    """Return keys of rows that may be there: the same ones while the number of all has not doubled,
    and others besides.
    """
    if last - first < SIZE:
        return range(first, last + 1)
    reach = 1 << (last - first).bit_length()
    return sorted({pk for chance in _CHANCES if (pk := first + int(chance * reach)) <= last})
