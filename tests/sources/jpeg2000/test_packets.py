"""The order of packets, and how long each is by its header: as the encoder's own table has it."""

from __future__ import annotations

import pytest

from django_large_image.sources.jpeg2000.codestream import Codestream
from django_large_image.sources.jpeg2000.headers import Headers
from django_large_image.sources.jpeg2000.packets import Tile
from django_large_image.sources.jpeg2000.tileparts import read_header
from tests.sources.jpeg2000.images import write

ORDERS = ['LRCP', 'RLCP', 'RPCL', 'PCRL', 'CPRL']


@pytest.mark.parametrize('tiles', [{}, {'BLOCKXSIZE': 312, 'BLOCKYSIZE': 254}])
@pytest.mark.parametrize('order', ORDERS)
def test_lengths_by_headers_are_those_of_the_table(tmp_path, order, tiles):
    options = {
        **tiles,
        'PROGRESSION': order,
        'PRECINCTS': '{128,64},{64,64}',
        'QUALITY': '5,30',
        'PLT': 'YES',
        'EPH': 'YES',
    }
    content = write(tmp_path / 'image.jp2', RESOLUTIONS=4, **options).read_bytes()

    def read(start: int, end: int) -> bytes:
        return content[start:end]

    stream = Codestream(read, len(content))
    for number in range(stream.tiles):
        tile = Tile(stream, number)
        (part,) = stream.parts.of(number)
        header = read_header(read, part, 1024)
        told = header.lengths()
        assert len(told) == tile.count
        headers = Headers(tile, content.__getitem__)
        position = header.data
        for packet, length in zip(tile.packets(), told, strict=True):
            assert headers.end(packet, position) == position + length
            position += length
        assert position == part.end


def test_what_a_reduced_image_wants(tmp_path):
    content = write(tmp_path / 'image.jp2', RESOLUTIONS=4, QUALITY='5,30').read_bytes()
    tile = Tile(Codestream(lambda start, end: content[start:end], len(content)), 0)
    for reduction in range(4):
        wanted = list(tile.wanted(reduction))
        assert {packet[1] for packet, needed in wanted if needed} == set(range(4 - reduction))
        assert wanted[-1][1]
    assert all(needed for _, needed in tile.wanted(0))
