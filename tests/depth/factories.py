"""Files of logs whose records a test knows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


class Named(io.BytesIO):
    """A file in memory that has a name, as an upload has."""

    def __init__(self, content: bytes, name: str = 'log.csv') -> None:
        super().__init__(content)
        self.name = name


def numbers(rows: int, columns: int) -> np.ndarray:
    """Return values (rows, columns) float32 that have many digits and are all different."""
    return np.random.default_rng(rows * columns).normal(1, 1000, (rows, columns)).astype('f4')


def text(depths: Any, values: Any, delimiter: str = ',', header: bool = True) -> str:
    """Return the lines of a log, each number with all of its digits."""
    lines = [
        delimiter.join([repr(float(depth)), *(str(value) for value in row)])
        for depth, row in zip(depths, values, strict=True)
    ]
    names = ['depth', *(f'col{column}' for column in range(1, len(values[0]) + 1))]
    return '\n'.join([*([delimiter.join(names)] if header else []), *lines, ''])


def csv(content: str | bytes, name: str = 'log.csv') -> Named:
    """Return a file of some lines."""
    return Named(content.encode() if isinstance(content, str) else content, name)


def log(depths: Any, values: Any) -> Named:
    """Return a CSV file of a log."""
    return csv(text(depths, values))


def npy(table: np.ndarray, name: str = 'log.npy', **options: Any) -> Named:
    """Return a file of an array."""
    file = io.BytesIO()
    np.save(file, table, **options)
    return Named(file.getvalue(), name)
