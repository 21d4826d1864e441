"""Rows on their way into the database: more than memory holds, in any order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import numpy as np
from numpy.typing import NDArray


@dataclass(eq=False)
class Spool:
    """Rows of `width` values, float32 in a file, and their depths, float64 in memory."""

    width: int
    _file: IO[bytes]
    _depths: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, depths: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        """Append rows: depths (n), values (n, width)."""
        self._depths.append(depths)
        self._file.write(np.ascontiguousarray(values).data)

    def depths(self) -> NDArray[np.float64]:
        """Return all depths in the order in which they came."""
        return np.concatenate([np.empty(0), *self._depths])

    def values(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the values (n, width) of rows by their numbers."""
        self._file.flush()
        # Mapped anew each time, so that what was read counts as this process's memory no longer.
        stored = np.memmap(self._file, np.float32, 'r').reshape(-1, self.width)
        return np.asarray(stored[rows])


@contextmanager
def spool(width: int) -> Iterator[Spool]:
    """Yield a spool; its file is gone afterwards, and after a crash."""
    with tempfile.TemporaryFile(prefix='depth-') as file:
        yield Spool(width, file)
