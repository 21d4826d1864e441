"""NumPy's files of one array (.npy): a row per record, the depth first."""

from __future__ import annotations

import os
import tokenize
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from django_large_image.depth.records import Records, fault, narrow

# Bytes that are read together.
_BLOCK = 4 * 1024 * 1024
MAX_COLUMNS = 1024 * 1024
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What comes of bytes that only begin like a header.
_MALFORMED = (ValueError, KeyError, TypeError, SyntaxError, tokenize.TokenError, RecursionError)


class Arrays:
    """The processor of an array of real numbers (records, columns): a depth, then its values.

    Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Nothing is ever
    unpickled.
    """

    def records(self, file: BinaryIO) -> Iterator[Records]:
        """Yield the records of a file; raises `ParameterError` with a row and a column."""
        (rows, columns), by_columns, dtype = _header(file)
        start = file.tell()
        _check_end(file, rows, columns, by_columns, dtype.itemsize)
        size = max(1, _BLOCK // (columns * dtype.itemsize))
        for first in range(0, rows, size):
            count = min(size, rows - first)
            if by_columns:
                table = np.empty((count, columns), dtype)
                for column in range(columns):
                    file.seek(start + (column * rows + first) * dtype.itemsize)
                    table[:, column] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
            else:
                content = file.read(count * columns * dtype.itemsize)
                table = np.frombuffer(content, dtype).reshape(count, columns)
            places = np.arange(first + 1, first + 1 + count)
            yield Records(table[:, 0].astype(np.float64), narrow(table[:, 1:]), places, 'row')


def _header(file: BinaryIO) -> tuple[tuple[int, int], bool, np.dtype[Any]]:
    """Return the shape of an array, whether it lies in the file by columns, and its type."""
    file.seek(0)
    try:
        header = _HEADERS[np.lib.format.read_magic(file)]
        shape, by_columns, dtype = header(file)
    except _MALFORMED:
        raise fault(1, 1, "this is no file of NumPy's.", 'row') from None
    if dtype.kind not in 'biuf':
        raise fault(1, 1, f'its type is {dtype.name}, not one of real numbers.', 'row')
    if len(shape) != 2 or not 2 <= shape[1] <= MAX_COLUMNS:
        text = ' x '.join(map(str, shape))
        what = f'its shape is {text}, not rows of a depth and up to {MAX_COLUMNS - 1} values.'
        raise fault(1, 1, what, 'row')
    return shape, by_columns, dtype


def _check_end(file: BinaryIO, rows: int, columns: int, by_columns: bool, itemsize: int) -> None:
    """Raise `ParameterError` where a file ends before its array does; keeps the position."""
    start = file.tell()
    there = (file.seek(0, os.SEEK_END) - start) // itemsize
    file.seek(start)
    if there < rows * columns:
        row, column = divmod(there, columns) if not by_columns else divmod(there, rows)[::-1]
        raise fault(row + 1, column + 1, 'the file ends here.', 'row')
