"""Blocks become files that decoders read as the TIFF meant them, or nothing at all."""

from __future__ import annotations

import io
import random
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from django_large_image.pixels.interchange import jpeg_file, webp_file

SIZE = (64, 48)
Y, X = np.mgrid[0:48, 0:64]
RGB = np.stack([X * 4, Y * 5, 255 - X * 2], axis=-1).astype('uint8')


def encoded(data: np.ndarray = RGB, encoding: str = 'JPEG', **options: Any) -> bytes:
    output = io.BytesIO()
    Image.fromarray(data).save(output, encoding, **options)
    return output.getvalue()


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def divided(stream: bytes) -> tuple[bytes, bytes]:
    """Return the tables of a JPEG as a stream of their own, and the rest of it."""
    tables, rest, start = b'', b'', 2
    while stream[start + 1] != 0xDA:
        stop = start + 2 + int.from_bytes(stream[start + 2 : start + 4], 'big')
        if stream[start + 1] in (0xDB, 0xC4):
            tables += stream[start:stop]
        else:
            rest += stream[start:stop]
        start = stop
    return b'\xff\xd8' + tables + b'\xff\xd9', b'\xff\xd8' + rest + stream[start:]


def with_frame(stream: bytes, offset: int, value: int) -> bytes:
    """Change a byte of a frame header, counted from its marker."""
    place = stream.index(b'\xff\xc0') + offset
    return stream[:place] + bytes([value]) + stream[place + 1 :]


@pytest.mark.parametrize('progressive', [False, True])
@pytest.mark.parametrize('subsampling', [0, 2])
def test_a_jpeg_keeps_its_pixels(progressive: bool, subsampling: int) -> None:
    block = encoded(progressive=progressive, subsampling=subsampling, optimize=True)
    file = jpeg_file(block, SIZE, 3, ycbcr=True)
    assert file is not None
    np.testing.assert_array_equal(decoded(file), decoded(block))
    np.testing.assert_array_equal(
        cv2.imdecode(np.frombuffer(file, 'u1'), 1)[..., ::-1], decoded(block)
    )


def test_a_grey_jpeg_keeps_its_pixels() -> None:
    block = encoded(RGB[..., 0])
    file = jpeg_file(block, SIZE, 1, ycbcr=False)
    assert file is not None
    np.testing.assert_array_equal(decoded(file), decoded(block))


def test_common_tables_are_spliced_in() -> None:
    whole = encoded()
    tables, block = divided(whole)
    file = jpeg_file(block, SIZE, 3, ycbcr=True, tables=tables)
    assert file is not None
    np.testing.assert_array_equal(decoded(file), decoded(whole))
    assert jpeg_file(block, SIZE, 3, ycbcr=True) is None
    assert jpeg_file(block, SIZE, 3, ycbcr=True, tables=tables[:-2]) is None
    assert jpeg_file(block, SIZE, 3, ycbcr=True, tables=b'\0' * 40) is None


def test_colours_are_those_that_the_tiff_says() -> None:
    # What decoders would guess, and what the block itself says, is the other.
    block = encoded(keep_rgb=True, quality=95)
    file = jpeg_file(block, SIZE, 3, ycbcr=False)
    assert file is not None
    assert np.abs(decoded(file).astype(int) - RGB).max() < 12
    np.testing.assert_array_equal(
        cv2.imdecode(np.frombuffer(file, 'u1'), 1)[..., ::-1], decoded(file)
    )
    other = jpeg_file(encoded(quality=95), SIZE, 3, ycbcr=False)
    assert other is not None
    ycbcr = np.asarray(Image.fromarray(RGB).convert('YCbCr')).astype(int)
    assert np.abs(decoded(other) - ycbcr).mean() < 4


def test_remarks_are_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    exif[0x010E] = 'a secret place'
    block = encoded(exif=exif, comment=b'a secret comment', icc_profile=b'a secret profile' * 9)
    file = jpeg_file(block, SIZE, 3, ycbcr=True)
    assert file is not None
    assert b'secret' in block
    assert b'secret' not in file
    assert not Image.open(io.BytesIO(file)).getexif()


def test_what_follows_the_end_is_left_out() -> None:
    block = encoded()
    assert jpeg_file(block + b'<script>', SIZE, 3, ycbcr=True) == jpeg_file(
        block, SIZE, 3, ycbcr=True
    )


@pytest.mark.parametrize(
    'block',
    [
        b'',
        b'\xff\xd8',
        b'\xff\xd8\xff\xd9',
        b'\xff\xd8\xff\xff\xff\xff',
        b'\xff\xd8\xff\xc0\0\0' * 9,
        b'<html>',
        encoded(encoding='PNG'),
        encoded(RGB[:16, :16]),
        encoded(RGB.swapaxes(0, 1).copy()),
        encoded(RGB[..., 0]),
        with_frame(encoded(), 1, 0xC9),  # arithmetic coding
        with_frame(encoded(), 4, 12),  # bits
    ],
)
def test_another_jpeg_is_none(block: bytes) -> None:
    assert jpeg_file(block, SIZE, 3, ycbcr=True) is None


def test_a_truncated_jpeg_is_none() -> None:
    block = encoded()
    assert {jpeg_file(block[:end], SIZE, 3, ycbcr=True) for end in range(len(block))} == {None}


@pytest.mark.filterwarnings('ignore')
def test_whatever_is_damaged_a_file_is_a_jpeg() -> None:
    block, chance = encoded(), random.Random(3)
    files = set()
    for _ in range(3000):
        damaged = bytearray(block)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(block))] = chance.choice([0, 0xFF, chance.randrange(256)])
        files.add(jpeg_file(bytes(damaged), SIZE, 3, ycbcr=True))
    files.discard(None)
    assert len(files) > 1000
    for file in files:
        assert file is not None
        assert file[:3] == b'\xff\xd8\xff'
        assert file[-2:] == b'\xff\xd9'
        assert b'\xff\xc0\0\x11\x08\0\x30\0\x40\x03' in file


@pytest.mark.parametrize('lossless', [False, True])
def test_a_webp_stays_as_it_is(lossless: bool) -> None:
    block = encoded(encoding='WEBP', lossless=lossless)
    assert webp_file(block, SIZE) == block
    assert webp_file(block + b'\0\0', SIZE) == block
    assert webp_file(block, (48, 64)) is None
    assert {webp_file(block[:end], SIZE) for end in range(len(block))} == {None}


def test_another_webp_is_none() -> None:
    alpha = np.dstack((RGB, np.where(X < 9, 0, 255).astype('uint8')))
    frames = [Image.fromarray(RGB[..., ::-1].copy())]
    for block in [
        b'RIFF' * 9,
        encoded(alpha, 'WEBP'),
        encoded(alpha, 'WEBP', lossless=True),
        encoded(RGB, 'WEBP', exif=b'Exif\0\0secret'),
        encoded(RGB, 'WEBP', save_all=True, append_images=frames),
        encoded(RGB, 'JPEG'),
        encoded(RGB, 'WEBP').replace(b'\x9d\x01\x2a', b'\x9d\x01\x2b'),
    ]:
        assert webp_file(block, SIZE) is None
