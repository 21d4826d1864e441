"""Text files of a record per line: CSV, TSV."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from django_large_image.depth.records import Records, fault, narrow
from django_large_image.exceptions import ParameterError

# Characters of a line, and of the lines that are parsed together.
MAX_LINE = 1024 * 1024
_BLOCK = 1024 * 1024
_NUMBER = re.compile(
    r'\s*[+-]?(nan|inf|infinity|(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)\s*', re.ASCII | re.IGNORECASE
)
_CONTROL = re.compile(r'[\0-\x08\x0e-\x1f]')
# Longer ones first: UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF32_LE: 'utf-32',
    codecs.BOM_UTF32_BE: 'utf-32',
    codecs.BOM_UTF8: 'utf-8-sig',
    codecs.BOM_UTF16_LE: 'utf-16',
    codecs.BOM_UTF16_BE: 'utf-16',
}
_ARCHIVES = {b'PK\x03\x04': 'a ZIP archive', b'PK\x05\x06': 'a ZIP archive', b'\x1f\x8b': 'gzip'}
_SHOWN = 40


@dataclass(frozen=True)
class Delimited:
    """The processor of records whose columns a character separates: a depth, then its values.

    A first line whose first column is no number is a header. A column without a text is a missing
    value; blank lines are no records. UTF-16 and UTF-32 need a byte order mark; any other encoding
    will do, as numbers are ASCII in it, and headers are not kept.
    """

    delimiter: str
    called: str

    def records(self, file: BinaryIO) -> Iterator[Records]:
        """Yield the records of a file; raises `ParameterError` with a line and a column."""
        text = io.TextIOWrapper(file, _encoding(file), errors='replace')
        try:
            yield from self._blocks(text)
        finally:
            text.detach()

    def _blocks(self, text: io.TextIOWrapper) -> Iterator[Records]:
        columns = 0
        numbers: list[int] = []
        lines: list[str] = []
        size = 0
        for number, line in self._lines(text):
            if not columns:
                fields = self._first(number, line)
                columns = len(fields)
                if not _is_finite(fields[0]):
                    continue
            numbers.append(number)
            lines.append(line)
            size += len(line)
            if size >= _BLOCK:
                yield self._parsed(numbers, lines, columns)
                numbers, lines, size = [], [], 0
        if not columns:
            raise fault(1, 1, 'the file is empty.')
        if lines:
            yield self._parsed(numbers, lines, columns)

    def _lines(self, text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
        """Yield lines that are not blank, and their numbers."""
        number = 0
        while line := text.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE:
                column = line.count(self.delimiter) + 1
                raise fault(number, column, f'the line is longer than {MAX_LINE} characters.')
            if not line.isspace():
                yield number, line

    def _first(self, number: int, line: str) -> list[str]:
        """Return the columns of the first line; raises `ParameterError` if it cannot be one."""
        if _CONTROL.search(line):
            raise fault(number, 1, 'this is not text, or UTF-16 without a byte order mark.')
        try:
            (fields,) = csv.reader([line], delimiter=self.delimiter)
        except (csv.Error, ValueError):
            raise fault(number, 1, 'this is no line of a table.') from None
        if len(fields) < 2:
            what = f'there is one column, and no values; {self.called} separate columns.'
            raise fault(number, 1, what)
        return fields

    def _parsed(self, numbers: Sequence[int], lines: Sequence[str], columns: int) -> Records:
        """Return the records of lines."""
        table = self._table(lines, columns)
        if table is None:
            # Rarer than numbers: columns without a text, and quotes around numbers.
            filled = [self._filled(line) for line in lines]
            table = self._table(filled, columns)
        if table is None:
            raise self._fault(numbers, filled, columns)
        return Records(table[:, 0].copy(), narrow(table[:, 1:]), np.array(numbers, np.int64))

    def _table(self, lines: Sequence[str], columns: int) -> NDArray[np.float64] | None:
        """Return the numbers (lines, columns) of lines; None if there are others."""
        try:
            table = np.loadtxt(lines, delimiter=self.delimiter, comments=None, ndmin=2)
        except ValueError:
            return None
        return table if table.shape == (len(lines), columns) else None

    def _filled(self, line: str) -> str:
        fields = line.replace('"', '').split(self.delimiter)
        return self.delimiter.join(field.strip() or 'nan' for field in fields)

    def _fault(self, numbers: Sequence[int], lines: Sequence[str], columns: int) -> ParameterError:
        """Return what is wrong first in lines of which something is."""
        for number, line in zip(numbers, lines, strict=True):
            fields = line.split(self.delimiter)
            for column, field in enumerate(fields[:columns], 1):
                if not _NUMBER.fullmatch(field):
                    return fault(number, column, f'{field[:_SHOWN]!r} is no number.')
            if len(fields) != columns:
                ends = min(len(fields), columns) + 1
                what = f'the line has {len(fields)} columns, the first one {columns}.'
                return fault(number, ends, what)
        return fault(numbers[0], 1, 'the lines from here on are no table of numbers.')


def _encoding(file: BinaryIO) -> str:
    """Return how to decode a file; raises `ParameterError` for one that is no text."""
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    for signature, name in _ARCHIVES.items():
        if head.startswith(signature):
            raise fault(1, 1, f'this is {name}, not text.')
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), 'latin-1')


def _is_finite(field: str) -> bool:
    return bool(_NUMBER.fullmatch(field)) and 'n' not in field.lower()
