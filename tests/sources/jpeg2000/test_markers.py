"""Marker segments, and how a file is read in steps."""

from __future__ import annotations

import pytest

from django_large_image.sources.jpeg2000.markers import Ahead, UnusualError, segments

CONTENT = bytes(range(256)) * 16


def test_steps_grow_while_one_reads_on():
    asked = []

    def read(start, end):
        asked.append((start, end))
        return CONTENT[start:end]

    ahead = Ahead(read, 4096, least=10, most=40)
    for start in range(0, 70, 5):
        assert ahead(start, start + 5) == CONTENT[start : start + 5]
    assert asked == [(0, 10), (10, 30), (30, 70)]
    assert ahead(4090, 4096) == CONTENT[4090:4096]
    assert ahead(500, 504, 100) == CONTENT[500:504]
    assert asked[3:] == [(4090, 4096), (500, 600)]


@pytest.mark.parametrize(
    ('content', 'found'),
    [
        (b'\xff\x93..', ([], 0)),
        (b'\xff\x58\0\x03a\xff\x64\0\x02\xff\x93..', ([(0xFF58, b'a'), (0xFF64, b'')], 9)),
        (b'\xff\x58\0\x03a', None),
        (b'\xff\x58\0\x01\xff\x93..', None),
        (b'\xff\x58\xff\xffa\xff\x93..', None),
        (b'\x12\x58\0\x03a\xff\x93..', None),
        (b'\xff\x64\0\x02' * 10_000, None),
    ],
)
def test_segments(content, found):
    def read(start, end):
        assert end <= len(content)
        return content[start:end]

    if found is None:
        with pytest.raises(UnusualError):
            segments(read, 0, len(content), 0xFF93)
    else:
        assert segments(read, 0, len(content), 0xFF93) == found
