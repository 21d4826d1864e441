"""Every format, written and read again by Pillow."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import FormatError
from django_large_image.pixels import encoders
from django_large_image.pixels.encoders import EncodeOptions
from django_large_image.pixels.formats import get_format
from django_large_image.pixels.picture import Picture
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.style import Style

OPTIONS = EncodeOptions()
RANDOM = np.random.default_rng(5)
BLUR = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)


def noise(channels: int, dtype: str = 'uint8') -> Picture:
    high = np.iinfo(dtype).max
    return Picture.from_array(RANDOM.integers(0, high, (33, 47, channels), dtype, endpoint=True))


def smooth(channels: int) -> Picture:
    return Picture.from_array(np.stack([BLUR, 255 - BLUR, BLUR // 2, BLUR + 100][:channels], -1))


def read(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_png_is_exact(channels: int) -> None:
    picture = noise(channels)
    image = read(encoders.png(picture))
    assert image.mode == picture.mode
    np.testing.assert_array_equal(np.asarray(image).reshape(picture.data.shape), picture.data)


@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_png_of_16_bits_is_exact(channels: int) -> None:
    import cv2

    picture = noise(channels, 'uint16')
    content = encoders.png(picture)
    assert struct.unpack('>IIB', content[16:25]) == (47, 33, 16)
    read(content).verify()
    if channels in (1, 3):
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        found = found.reshape(33, 47, channels)[:, :, ::-1]
        np.testing.assert_array_equal(found, picture.data)


def test_png_takes_any_memory_layout() -> None:
    data = RANDOM.integers(0, 255, (3, 20, 30), np.uint8)
    picture = Picture.from_array(np.moveaxis(data, 0, 2)[::-1, ::2])
    np.testing.assert_array_equal(np.asarray(read(encoders.png(picture))), picture.data)


def test_png_of_one_pixel_and_of_floats() -> None:
    picture = Picture.from_array(np.full((1, 1, 1), 0.5, np.float32))
    assert np.asarray(read(encoders.png(picture))).tolist() == [[127]]


@pytest.mark.parametrize(
    'suffix',
    [
        'jpg',
        'webp',
        'avif',
        'jp2',
        'tif',
        'bmp',
        'gif',
        'png',
        'ppm',
        'pcx',
        'tga',
        'dib',
        'sgi',
        'mpo',
    ],
)
@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_what_is_read_is_close_to_what_was_written(suffix: str, channels: int) -> None:
    picture = smooth(channels)
    kind = get_format(suffix)
    image = read(kind.encode(picture, OPTIONS))
    assert image.size == (60, 40)
    if not kind.alpha:
        np.testing.assert_allclose(
            np.asarray(image.convert('RGB'), int), picture.to_rgb().data, atol=12
        )
        return
    found = np.asarray(image.convert('RGBA'), int)
    expected = picture.to_rgba().data
    if suffix == 'gif':
        assert found.shape == expected.shape
        return
    np.testing.assert_allclose(found[..., 3], expected[..., 3], atol=12)
    shown = expected[..., 3] > 0
    np.testing.assert_allclose(found[shown], expected[shown], atol=12)


@pytest.mark.parametrize('suffix', ['jpg', 'bmp', 'ppm', 'pcx', 'tga', 'dib', 'sgi', 'mpo'])
def test_background(suffix: str) -> None:
    hidden = Picture.from_array(np.zeros((16, 16, 4), np.uint8))
    encode = get_format(suffix).encode
    assert read(encode(hidden, OPTIONS)).convert('RGB').getpixel((8, 8)) == (255, 255, 255)
    red = read(encode(hidden, EncodeOptions(background=(255, 0, 0)))).convert('RGB')
    assert np.abs(np.subtract(red.getpixel((8, 8)), (255, 0, 0))).max() <= 2


@pytest.mark.parametrize('suffix', ['jpg', 'webp', 'avif', 'jp2'])
def test_quality_costs_bytes(suffix: str) -> None:
    encode = get_format(suffix).encode
    sizes = [len(encode(noise(3), EncodeOptions(quality=quality))) for quality in (10, 50, 95)]
    assert sizes == sorted(set(sizes))


def test_jpeg_halves_the_chroma() -> None:
    image = read(encoders.jpeg(smooth(3)))
    assert image.mode == 'RGB'
    assert image.layer[0][1:3] == (2, 2)
    assert read(encoders.jpeg(smooth(1))).mode == 'L'


def test_lossless_webp() -> None:
    picture = noise(3)
    content = encoders.webp(picture, EncodeOptions(lossless=True))
    np.testing.assert_array_equal(np.asarray(read(content)), picture.data)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float32', 'float64'])
def test_tiff_keeps_one_channel_exact(dtype: str) -> None:
    data = np.linspace(0, 1, 35).reshape(5, 7) * (1 if dtype[0] == 'f' else 200)
    picture = Picture.from_array(data.astype(dtype))
    found = np.asarray(read(encoders.tiff(picture)))
    np.testing.assert_allclose(found, picture.data[:, :, 0], rtol=1e-6)


@pytest.mark.parametrize('channels', [1, 4, 7])
def test_npy_is_the_array(channels: int) -> None:
    data = RANDOM.normal(size=(5, 6, channels)).astype(np.float32)
    content = encoders.npy(Picture.from_array(data))
    np.testing.assert_array_equal(np.load(io.BytesIO(content)), data)


def test_a_picture_that_a_format_cannot_hold() -> None:
    wide = Picture.from_array(np.zeros((1, 20_000, 3), np.uint8))
    with pytest.raises(FormatError, match='WEBP'):
        encoders.webp(wide)


@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_png_without_isal(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    monkeypatch.setattr(encoders, 'isal_zlib', None)
    monkeypatch.setattr(encoders, '_crc32', zlib.crc32)
    picture = smooth(channels)
    image = read(encoders.png(picture))
    np.testing.assert_array_equal(np.asarray(image).reshape(picture.data.shape), picture.data)


class TestIndexedPng:
    """Samples in a palette are written as indexes into its colours."""

    STYLE = Style.parse({'palette': 'viridis', 'min': 0, 'max': 255})
    FADING = Style.parse({'palette': ['#f000', '#0f0f'], 'min': 0, 'max': 255})

    def shown(self, style: Style, mask: np.ndarray | None, data: np.ndarray = BLUR) -> Picture:
        return style.apply(
            {None: Raster(data[:, :, None], mask, (Band(1, 'gray', str(data.dtype)),))}
        )

    @pytest.mark.parametrize('dtype', ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'float32'])
    @pytest.mark.parametrize('style', [STYLE, FADING])
    def test_same_pixels_as_without(self, style: Style, dtype: str) -> None:
        picture = self.shown(style, None, BLUR.astype(dtype))
        image = read(encoders.png(picture))
        assert image.mode == 'P'
        found = np.asarray(image.convert('RGBA'))
        np.testing.assert_array_equal(found, picture.to_rgba().data)

    @pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float64'])
    @pytest.mark.parametrize('style', [STYLE, FADING])
    def test_mask_takes_a_free_index(self, style: Style, dtype: str) -> None:
        mask = np.where(BLUR > 50, 255, 0).astype(np.uint8)
        picture = self.shown(style, mask, BLUR.astype(dtype))
        image = read(encoders.png(picture))
        assert image.mode == 'P'
        found = np.asarray(image.convert('RGBA'))
        assert not found[mask == 0, 3].any()
        bare = self.shown(style, None, BLUR.astype(dtype)).to_rgba().data
        np.testing.assert_array_equal(found[mask > 0], bare[mask > 0])

    def test_no_index_is_free(self) -> None:
        data = np.arange(512).astype(np.uint8).reshape(2, 256)
        mask = np.array([[255], [0]], np.uint8).repeat(256, axis=1)
        picture = self.shown(self.STYLE, mask, data)
        image = read(encoders.png(picture))
        assert image.mode == 'RGBA'
        np.testing.assert_array_equal(np.asarray(image), picture.data)

    @pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
    def test_half_transparent_masks_are_not_indexed(self, dtype: str) -> None:
        mask = np.full(BLUR.shape, 100, np.uint8)
        image = read(encoders.png(self.shown(self.STYLE, mask, BLUR.astype(dtype))))
        assert image.mode == 'RGBA'
        assert (np.asarray(image)[..., 3] == 100).all()

    def test_more_colors_than_there_are_indexes(self) -> None:
        style = Style.parse({'palette': 'hsv', 'min': 0, 'max': 65535})
        data = np.arange(65536).astype(np.uint16).reshape(256, 256)
        picture = self.shown(style, None, data)
        image = read(encoders.png(picture))
        assert image.mode == 'RGB'
        np.testing.assert_array_equal(np.asarray(image), picture.data)

    def test_no_more_colors_are_written_than_there_are(self) -> None:
        style = Style.parse({'palette': ['#f00', '#00f'], 'min': 0, 'max': 1, 'scheme': 'discrete'})
        content = encoders.png(self.shown(style, None, BLUR.astype(np.uint16)))
        length = struct.unpack('>I', content[33:37])[0]
        assert (content[37:41], length) == (b'PLTE', 9)
        assert b'tRNS' not in content


def test_pdf_is_a_page_of_a_jpeg_without_dates() -> None:
    picture = Picture.from_array(
        np.dstack((BLUR, BLUR, BLUR, np.where(BLUR > 20, 255, 0))).astype('uint8')
    )
    content = encoders.pdf(picture, EncodeOptions(quality=95))
    assert content.startswith(b'%PDF-')
    assert b'Date' not in content
    image = read(content[content.index(b'\xff\xd8') :])
    assert image.size == (picture.width, picture.height)
    expected = picture.flatten().data.astype(int)
    assert np.abs(np.asarray(image) - expected).mean() < 3
    assert len(encoders.pdf(picture, EncodeOptions(quality=30))) < len(content)
