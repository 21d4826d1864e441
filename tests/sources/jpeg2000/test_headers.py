"""Headers of packets: bits, tag trees, and what damaged ones end in (more in `test_packets`)."""

from __future__ import annotations

import random

import pytest

from django_large_image.sources.jpeg2000.codestream import Codestream
from django_large_image.sources.jpeg2000.headers import Headers
from django_large_image.sources.jpeg2000.markers import UnusualError
from django_large_image.sources.jpeg2000.packets import Tile
from tests.sources.jpeg2000.images import write

STYLES = ['BYPASS', 'TERMALL', 'BYPASS,TERMALL', 'RESET,VSC,PREDICTABLE,SEGSYM']


@pytest.fixture(params=STYLES)
def tile(request, tmp_path):
    options = {'QUALITY': '5,30', 'CODEBLOCK_STYLE': request.param, 'SOP': 'YES'}
    content = write(tmp_path / 'image.jp2', **options).read_bytes()
    stream = Codestream(lambda start, end: content[start:end], len(content))
    return Tile(stream, 0), content, stream


def test_packets_fill_their_tile(tile):
    packets, content, stream = tile
    headers = Headers(packets, content.__getitem__)
    position = content.index(b'\xff\x93', stream.first) + 2
    for packet in packets.packets():
        assert content[position : position + 2] == b'\xff\x91'
        position = headers.end(packet, position)
    assert position == stream.end - 2


def test_noise_ends_somewhere(tile):
    packets, _, _ = tile
    noise = random.Random(0).randbytes(20_000)

    def byte(position: int) -> int:
        if position >= len(noise):
            raise UnusualError
        return noise[position]

    for start in range(50):
        headers, position = Headers(packets, byte), start
        try:
            for packet in packets.packets():
                following = headers.end(packet, position)
                assert following > position
                position = following
        except UnusualError:
            pass
