"""Text files against the numbers that were written, and what is said of broken ones."""

from __future__ import annotations

import gzip
import io
import time
import zipfile

import numpy as np
import pytest

from django_large_image.depth import delimited
from django_large_image.depth.processors import find
from django_large_image.exceptions import ParameterError
from tests.depth import factories
from tests.depth.factories import csv

DEPTHS = 1000 + np.arange(4) / 3
VALUES = factories.numbers(4, 3)


def parsed(file: factories.Named) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return all depths, values and lines of a file."""
    found = list(find(file.name).records(file))
    assert not file.closed
    return (
        np.concatenate([records.depths for records in found]),
        np.concatenate([records.values for records in found]),
        np.concatenate([records.places for records in found]).tolist(),
    )


def refusal(content: str | bytes, name: str = 'log.csv') -> str:
    with pytest.raises(ParameterError) as caught:
        parsed(csv(content, name))
    return caught.value.detail


@pytest.mark.parametrize(('delimiter', 'name'), [(',', 'a.csv'), ('\t', 'a.tsv')])
@pytest.mark.parametrize('header', [True, False])
def test_numbers_are_those_of_the_text(delimiter: str, name: str, header: bool) -> None:
    content = factories.text(DEPTHS, VALUES, delimiter, header)
    depths, values, lines = parsed(csv(content, name))
    assert depths.tobytes() == DEPTHS.tobytes()
    assert values.tobytes() == VALUES.tobytes()
    first = 2 if header else 1
    assert lines == [first, first + 1, first + 2, first + 3]


@pytest.mark.parametrize(
    'encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32', 'latin-1', 'cp1252', 'mac-roman']
)
def test_encodings(encoding: str) -> None:
    content = factories.text(DEPTHS, VALUES).replace('depth', 'Tiefe ü °').encode(encoding)
    depths, values, _ = parsed(csv(content))
    assert depths.tobytes() == DEPTHS.tobytes()
    assert values.tobytes() == VALUES.tobytes()


@pytest.mark.parametrize('newline', ['\r\n', '\r', '\n\n', '\n  \t\n'])
def test_ends_of_lines(newline: str) -> None:
    content = factories.text(DEPTHS, VALUES).replace('\n', newline)
    _, values, lines = parsed(csv(content))
    assert values.tobytes() == VALUES.tobytes()
    assert lines[1] - lines[0] == (1 if newline in ('\r\n', '\r') else 2)


def test_blocks_are_of_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, '_BLOCK', 40)
    file = factories.log(DEPTHS, VALUES)
    assert len(list(find('.a.csv').records(file))) > 1
    assert parsed(file)[1].tobytes() == VALUES.tobytes()
    assert refusal('d,a\n1,2\n' + '3,4\n' * 30 + '5,x\n').startswith('Line 33, column 2: ')


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        (',,', [np.nan] * 3),
        ('1,,3', [1, np.nan, 3]),
        (' 1 ,\t, 3', [1, np.nan, 3]),
        ('NaN,nan,-NAN', [np.nan] * 3),
        ('"1.5","2","-3e-2"', [1.5, 2, -0.03]),
        ('+.5,5.,1E3', [0.5, 5, 1000]),
        ('inf,-Infinity,1e999', [np.inf, -np.inf, np.inf]),
        ('1e39,1e-50,0.1', [1e39, 0, np.float32(0.1)]),
    ],
)
def test_kinds_of_numbers(line: str, expected: list[float]) -> None:
    depths, values, _ = parsed(csv(f'depth,a,b\n1,2,3\n{line}\n'))
    np.testing.assert_array_equal(depths[1], expected[0])
    with np.errstate(over='ignore'):
        np.testing.assert_array_equal(values[1], np.array(expected[1:], 'f4'))


@pytest.mark.parametrize(
    ('head', 'lines'),
    [('depth,1,2', 1), (',0,1', 1), ('"depth, m","a",b', 1), ('nan,1,2', 1), ('7,1,2', 2)],
)
def test_a_header_begins_with_no_number(head: str, lines: int) -> None:
    assert len(parsed(csv(f'{head}\n8,3,4\n'))[0]) == lines


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ('', 'Line 1, column 1: the file is empty.'),
        ('\n \n', 'Line 1, column 1: the file is empty.'),
        ('depth\n1\n', 'Line 1, column 1: there is one column, and no values; commas separate'),
        ('depth;a\n1;2\n', 'Line 1, column 1: there is one column'),
        ('d,a,b\n1,2,3\n4,5\n', 'Line 3, column 3: the line has 2 columns, the first one 3.'),
        ('d,a,b\n1,2,3\n4,5,6,7\n', 'Line 3, column 4: the line has 4 columns, the first one 3.'),
        ('d,a,b\n1,2\n3,4\n', 'Line 2, column 3: the line has 2 columns, the first one 3.'),
        ('d,a,b\n1,2,3\n4,x y,6\n', "Line 3, column 2: 'x y' is no number."),
        ('d,a,b\n1,2,3\n\nx,5,6\n', "Line 4, column 1: 'x' is no number."),
        ('d,a\n1,2\n3,0x1F\n', "Line 3, column 2: '0x1F' is no number."),
        ('d,a\n1,2\n3,1_000\n', "Line 3, column 2: '1_000' is no number."),
        ('d,a\n1,2\n3,4 # 5\n', "Line 3, column 2: '4 # 5' is no number."),
        ('d,a\n1,2\n3,٣\n'.encode('utf-8-sig'), "Line 3, column 2: '٣' is no number."),
        ('d,a\n1,2\n3,4\0\n', "Line 3, column 2: '4\\x00' is no number."),
        ('d,a\n"1,5",2\n', 'Line 2, column 3: the line has 3 columns'),
        (f'd,a\n1,{"y" * 99}\n', f"Line 2, column 2: '{'y' * 40}' is no number."),
        ('d,a\n1,2\n'.encode('utf-16-le'), 'Line 1, column 1: this is not text, or UTF-16'),
        ('d,a\n1,2\n3,4'.encode('utf-16')[:-1], "Line 3, column 2: '\ufffd' is no number."),
        (b'\x89PNG\r\n\x1a\n\0\0', 'Line 1, column 1: there is one column'),
        (bytes(range(256)), 'Line 1, column 1: this is not text'),
        (f'd,{"," * 140_000}"{"q" * 140_000}"\n', 'Line 1, column 1: this is no line of a table.'),
    ],
)
def test_refusals_name_the_place(content: str | bytes, says: str) -> None:
    assert refusal(content).startswith(says)


def test_archives_are_told() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w') as opened:
        opened.writestr('log.csv', factories.text(DEPTHS, VALUES))
    assert refusal(archive.getvalue()) == 'Line 1, column 1: this is a ZIP archive, not text.'
    assert refusal(gzip.compress(b'1,2')) == 'Line 1, column 1: this is gzip, not text.'


def test_a_line_without_an_end_is_not_read_to_its_end() -> None:
    """A gigabyte of it: what is read is what a line may have."""

    class Endless(io.RawIOBase):
        name = 'log.csv'
        given = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def tell(self) -> int:
            return 0

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            buffer[:] = (b'1,' * len(buffer))[: len(buffer)]
            Endless.given += len(buffer)
            return len(buffer)

    with pytest.raises(
        ParameterError, match='Line 1, column 524289: the line is longer than 10485'
    ):
        list(find('a.csv').records(Endless()))  # type: ignore[arg-type]
    assert Endless.given < 2 * delimited.MAX_LINE


def test_long_numbers_are_refused_in_time() -> None:
    """The time grows with the length, not with its square: that would be minutes."""
    began = time.process_time()
    assert 'is no number' in refusal(f'd,a\n1,{"1" * 1_000_000}x\n')
    assert time.process_time() - began < 10
