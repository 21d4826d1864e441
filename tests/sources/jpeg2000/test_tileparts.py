"""Tile-parts: those that a table tells of are those that one finds."""

from __future__ import annotations

import pytest

from django_large_image.sources.jpeg2000.codestream import Codestream
from django_large_image.sources.jpeg2000.markers import UnusualError
from django_large_image.sources.jpeg2000.tileparts import listed, read_header
from tests.sources.jpeg2000.images import Counted, write


@pytest.fixture
def parsed(tmp_path):
    options = {'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256, 'TLM': 'YES', 'PLT': 'YES'}
    content = write(tmp_path / 'image.jp2', **options).read_bytes()
    file = Counted(content)

    def read(start: int, end: int) -> bytes:
        return file.read([(start, end)])[0]

    return file, read, Codestream(read, file.size)


def test_a_table_tells_what_a_walk_finds(parsed):
    file, _, stream = parsed
    assert stream.parts.listed
    told = [stream.parts.of(tile) for tile in range(stream.tiles)]
    file.forget()
    stream.walk()
    found = [stream.parts.of(tile) for tile in range(stream.tiles)]
    assert not stream.parts.listed
    assert [[(part.start, part.end) for part in parts] for parts in found] == [
        [(part.start, part.end) for part in parts] for parts in told
    ]
    assert file.bytes < stream.tiles * 1100


def test_the_part_of_a_position(parsed):
    _, _, stream = parsed
    (part,) = stream.parts.of(3)
    for position in (part.start, part.end - 1):
        assert stream.parts.at(position) == part
    assert stream.parts.at(part.end).tile == 4
    assert stream.parts.at(stream.end - 1) is None
    with pytest.raises(UnusualError):
        stream.parts.of(stream.tiles)


def test_a_header(parsed):
    file, read, stream = parsed
    (part,) = stream.parts.of(2)
    header = read_header(read, part, 1024)
    assert file.content[header.data - 2 : header.data] == b'\xff\x93'
    assert (header.end, header.plain) == (part.end, True)
    assert sum(header.lengths()) == part.end - header.data
    other = stream.parts.of(3)[0]
    assert read_header(read, type(part)(part.start, part.end, 3, other.sot), 1024) is None


@pytest.mark.parametrize(
    'table',
    [
        b'',
        b'\0',
        b'\0\x50',
        b'\0\x50\0\0\0\0\x64',  # one byte for the tile, four for the length: shorter than all
        b'\0\x70' + bytes(6),
        b'\0\x50\0\0\0\0\xc8\x01',
        b'\0\x50\x09\0\0\0\xc8',  # a tile that there is not
        b'\0\x50\0\0\0\0\xc3\0\0\0\0\x05',  # too short for what it begins with
    ],
)
def test_tables_that_cannot_be_true(table):
    assert listed(lambda start, end: b'', 100, 300, 4, [table]) is None


def test_a_table_without_tiles():
    parts = listed(lambda start, end: b'', 100, 300, 2, [b'\0\x40\0\0\0\x64\0\0\0\x64'])
    assert [parts.of(tile)[0].start for tile in (0, 1)] == [100, 200]
