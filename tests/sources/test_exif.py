"""The tag Orientation in a TIFF, and the EXIF of a PNG or WebP."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from django_large_image.sources.exif import embedded, orientation

from .hostile import png


def tiff(order: str, value: int) -> bytes:
    """A TIFF of one directory with one tag before the orientation."""
    magic = (b'II*\0' if order == '<' else b'MM\0*') + struct.pack(f'{order}I', 8)
    tags = struct.pack(f'{order}HHIH2xHHIH2x', 256, 3, 1, 7, 274, 3, 1, value)
    return magic + struct.pack(f'{order}H', 2) + tags


def webp(*parts: tuple[bytes, bytes], flags: int = 8) -> bytes:
    """A WebP of parts after its header."""
    header = (b'VP8X', bytes([flags]) + bytes(9))
    body = b''.join(
        name + struct.pack('<I', len(content)) + content + b'\0' * (len(content) % 2)
        for name, content in (header, *parts)
    )
    return b'RIFF' + struct.pack('<I', len(body) + 4) + b'WEBP' + body


@pytest.mark.parametrize('order', '<>')
def test_the_first_directory_is_found(order):
    assert orientation(io.BytesIO(tiff(order, 6))) == 6
    assert orientation(io.BytesIO(b'....' + tiff(order, 6)[4:]), 8) == (6 if order == '>' else 1)


def test_what_is_damaged_is_upright_or_said():
    whole = tiff('<', 6)
    assert orientation(io.BytesIO(whole[:-1])) == 1
    for end in (0, 4, 9):
        with pytest.raises(struct.error):
            orientation(io.BytesIO(whole[:end]))


@pytest.mark.parametrize(
    ('file', 'found'),
    [
        (png((b'tEXt', b'a\0b'), (b'eXIf', b'here')), b'here'),
        (png((b'eXIf', b'Exif\0\0here')), b'here'),
        # Behind the pixels nobody looks.
        (png((b'IDAT', b''), (b'eXIf', b'here')), b''),
        (png()[:40], b''),
        (webp((b'VP8 ', b'odd'), (b'EXIF', b'here')), b'here'),
        (webp((b'EXIF', b'Exif\0\0here')), b'here'),
        (webp((b'EXIF', b'here'), flags=0), b''),
        (b'GIF89a', b''),
        (b'', b''),
    ],
)
def test_exif_is_a_part(file, found):
    assert embedded(io.BytesIO(file)) == found


def test_a_webp_that_ends_before_its_exif():
    with pytest.raises(struct.error):
        embedded(io.BytesIO(webp((b'VP8 ', b'pixels'))))


@pytest.mark.parametrize('kind', ['png', 'webp'])
def test_what_others_write(kind):
    exif, file = Image.Exif(), io.BytesIO()
    exif[274] = 5
    Image.new('RGB', (3, 2)).save(file, kind, exif=exif)
    file.seek(0)
    assert orientation(io.BytesIO(embedded(file))) == 5
