"""Plans: needed packets as they are, empty ones for others, and as many bytes as before."""

from __future__ import annotations

import pytest

from django_large_image.sources.jpeg2000.codestream import Codestream
from django_large_image.sources.jpeg2000.headers import Headers
from django_large_image.sources.jpeg2000.markers import UnusualError
from django_large_image.sources.jpeg2000.packets import Tile
from django_large_image.sources.jpeg2000.reduction import Content, Plan
from django_large_image.sources.jpeg2000.tileparts import read_header
from tests.sources.jpeg2000.images import Counted, write


def test_content_is_what_lies_at_its_spans():
    file = Counted(bytes(range(100)))
    content = Content(file, [(10, 20), (50, 60), (30, 31)], 0)
    assert content.size == 21
    assert content.read([(0, 3), (8, 21)]) == [
        bytes([10, 11, 12]),
        bytes([18, 19, *range(50, 60), 30]),
    ]
    assert [content.byte(position) for position in (20, 0, 10)] == [30, 10, 50]
    with pytest.raises(UnusualError):
        content.byte(21)


@pytest.mark.parametrize('markers', [{}, {'SOP': 'YES', 'EPH': 'YES'}, {'EPH': 'YES'}])
@pytest.mark.parametrize('level', [1, 2])
def test_a_plan(tmp_path, markers, level):
    options = {**markers, 'QUALITY': '5,10,30', 'PLT': 'YES', 'RESOLUTIONS': 4}
    file = Counted(write(tmp_path / 'image.jp2', **options).read_bytes())
    stream = Codestream(lambda start, end: file.read([(start, end)])[0], file.size)
    (part,) = stream.parts.of(0)
    header = read_header(lambda start, end: file.content[start:end], part, 1024)
    tile = Tile(stream, 0)
    file.forget()
    plan = Plan(tile, level, Content(file, [(header.data, part.end)], 0), header.lengths())
    planned = plan.read(header.data, part.end)
    assert len(planned) == part.end - header.data
    assert plan.read(header.data + 100, header.data + 5000) == planned[100:5000]
    # Each packet of the plan is a packet: that of the file, or one of nothing.
    headers = Headers(tile, planned.__getitem__)
    position = source = total = 0
    for packet, length in zip(tile.packets(), header.lengths(), strict=True):
        end = headers.end(packet, position)
        if packet[1] <= 3 - level:
            begin = header.data + source
            assert planned[position:end] == file.content[begin : begin + length]
            total += length
        else:
            assert end - position == len(tile.empty_packets[0])
        position, source = end, source + length
    assert not any(planned[position:])
    assert file.bytes == total


def test_a_table_of_other_lengths_is_noticed(tmp_path):
    file = Counted(write(tmp_path / 'image.jp2', PLT='YES').read_bytes())
    stream = Codestream(lambda start, end: file.read([(start, end)])[0], file.size)
    (part,) = stream.parts.of(0)
    header = read_header(lambda start, end: file.content[start:end], part, 1024)
    lengths = header.lengths()
    lengths[0], lengths[1] = lengths[0] + 1, lengths[1] - 1
    with pytest.raises(UnusualError):
        Plan(Tile(stream, 0), 1, Content(file, [(header.data, part.end)], 0), lengths)
