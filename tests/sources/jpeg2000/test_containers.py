"""Boxes of JPEG 2000 files."""

from __future__ import annotations

import struct

import pytest

from django_large_image.sources.jpeg2000.containers import boxes


def found(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return kind and content of the boxes of a file."""
    spans = boxes(lambda start, end: content[start:end], 0, len(content))
    return [(kind, content[start:end]) for kind, start, end in spans]


def test_lengths_are_short_long_or_the_rest() -> None:
    content = struct.pack('>I4s', 11, b'one ') + b'abc'
    content += struct.pack('>I4sQ', 1, b'two ', 18) + b'de'
    content += struct.pack('>I4s', 0, b'last') + b'fghi'
    assert found(content) == [(b'one ', b'abc'), (b'two ', b'de'), (b'last', b'fghi')]


@pytest.mark.parametrize('length', [2, 7, 12, 1 << 31])
def test_one_that_cannot_be_there_is_the_end(length: int) -> None:
    content = struct.pack('>I4s', 8, b'one ') + struct.pack('>I4s', length, b'two ') + b'abc'
    assert found(content) == [(b'one ', b'')]


@pytest.mark.parametrize('rest', [b'\0', struct.pack('>I4s', 1, b'two ')])
def test_a_header_that_ends_early(rest: bytes) -> None:
    with pytest.raises(struct.error):
        found(struct.pack('>I4s', 8, b'one ') + rest)


def test_boxes_without_end_do_not_hold_a_reader() -> None:
    assert len(found(struct.pack('>I4s', 8, b'free') * 5000)) == 1000
