"""What the header of a JPEG 2000 says, and that nothing in one is taken at its word."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.sources.jpeg2000.codestream import Codestream, begins
from django_large_image.sources.jpeg2000.markers import UnusualError
from tests.sources.jpeg2000.images import SIZE, Counted, write


def parse(content: bytes) -> Codestream:
    file = Counted(content)
    return Codestream(lambda start, end: file.read([(start, end)])[0], file.size)


@pytest.fixture
def content(tmp_path):
    options = {'BLOCKXSIZE': 256, 'BLOCKYSIZE': 512, 'TLM': 'YES', 'PRECINCTS': '{128,64}'}
    path = write(tmp_path / 'image.jp2', RESOLUTIONS=3, PROGRESSION='CPRL', **options)
    return path.read_bytes()


def test_what_a_header_says(content):
    stream = parse(content)
    assert content[stream.start : stream.start + 4] == b'\xff\x4f\xff\x51'
    assert content[stream.first : stream.first + 4] == b'\xff\x90\0\x0a'
    assert content[stream.end - 2 : stream.end] == b'\xff\xd9'
    assert (stream.area, stream.tiles) == ((0, 0, *SIZE), 6)
    assert stream.tile(5) == (512, 512, 760, 600)
    assert (stream.progression, stream.layers, stream.unusual) == (4, 1, False)
    assert [coding.levels for coding in stream.components] == [2, 2, 2]
    assert stream.components[0].precincts[-1] == (7, 6)


def test_a_codestream_without_boxes(tmp_path):
    content = write(tmp_path / 'image.j2k', CODEC='J2K').read_bytes()
    stream = parse(content)
    assert (stream.start, stream.end) == (0, len(content))
    assert begins(content[:12])


@pytest.mark.parametrize('content', [b'', b'II*\0', b'\x89PNG' * 30, b'\0' * 100])
def test_other_files(content):
    assert not begins(content[:12])


def test_another_order_of_packets_is_unusual(content):
    stream = parse(content)
    poc = b'\xff\x5f\0\x09\0\0\0\1\3\3\0'
    changed = bytearray(content)
    changed[stream.first : stream.first] = poc
    start = content.index(b'jp2c')
    changed[start - 4 : start] = (0).to_bytes(4, 'big')
    assert parse(bytes(changed)).unusual


def test_a_damaged_header_is_unusual_and_nothing_else(content):
    """Each byte of it, and the file cut at each place."""
    first = parse(content).first
    rng = np.random.default_rng(0)
    for at in range(first):
        for value in (0, 255, int(rng.integers(256))):
            changed = bytearray(content)
            changed[at] = value
            try:
                stream = parse(bytes(changed))
                stream.parts.of(stream.tiles - 1)
            except UnusualError:
                pass
    for end in range(first):
        with pytest.raises(UnusualError):
            parse(content[:end])
