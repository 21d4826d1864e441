"""Profiles, of which a style that asks for sRGB makes use."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from django_large_image.exceptions import StyleError
from django_large_image.pixels.style import Style
from django_large_image.sources.profile import embedded, profile_of
from django_large_image.sources.rendering import render
from tests import factories
from tests.pixels.test_icc import swapped_profile

from .references import source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'image.png'
    image = Image.fromarray(factories.gradient(32, 48).transpose(1, 2, 0))
    image.save(path, icc_profile=swapped_profile())
    return path


def box(kind: bytes, content: bytes, *, long: bool = False) -> bytes:
    """A box of a JPEG 2000, its length in 4 bytes or in 8."""
    if long:
        return struct.pack('>I4sQ', 1, kind, len(content) + 16) + content
    return struct.pack('>I4s', len(content) + 8, kind) + content


def with_profile(path: Path, image: Image.Image, **more: Any) -> None:
    """Write an image with a profile; Pillow writes none into a JPEG 2000."""
    image.save(path, icc_profile=swapped_profile(), **more)
    if path.suffix == '.jp2':
        content = path.read_bytes()
        begin = content.index(b'jp2h') - 4
        (length,) = struct.unpack_from('>I', content, begin)
        header = content[begin + 8 : begin + length]
        colors = header.index(b'colr') - 4
        (size,) = struct.unpack_from('>I', header, colors)
        own = box(b'colr', b'\2\0\0' + swapped_profile())
        header = header[:colors] + own + header[colors + size :]
        path.write_bytes(content[:begin] + box(b'jp2h', header) + content[begin + length :])


def shown(path: Path, **style: Any) -> np.ndarray:
    """Return an image of 48 by 32 pixels (height, width, 3) in a style."""
    reader = source(path)
    return (
        render(
            reader,
            None,
            Style.parse(style),
            None,
            lambda frame, bands: reader.read_window((0, 0, 48, 32), (48, 32), bands=bands),
        )
        .to_rgba()
        .data[:, :, :3]
    )


@pytest.mark.parametrize('kind', ['png', 'tiff', 'jpeg', 'webp', 'jp2'])
def test_the_profile_is_the_files(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f'image.{kind}'
    image = Image.new('RGB', (60, 40))
    with_profile(path, image)
    reader = source(path)
    assert profile_of(reader, None) == swapped_profile()
    assert profile_of(reader, 0) is profile_of(reader, None)
    image.save(path)
    assert profile_of(source(path), None) is None
    with pytest.raises(StyleError):
        profile_of(reader, 7)


def test_the_profile_of_inks_is_not_that_of_colours(tmp_path: Path) -> None:
    path = tmp_path / 'inks.tif'
    Image.new('CMYK', (60, 40)).save(path, icc_profile=swapped_profile())
    assert profile_of(source(path), None) is None


@pytest.mark.parametrize(('icc', 'turned'), [(None, False), (False, False), (True, True)])
def test_colours_are_turned_when_a_style_says_so(icc: Any, turned: bool, path: Path) -> None:
    data = factories.gradient(32, 48).transpose(1, 2, 0).astype(int)
    expected = data[:, :, [1, 0, 2]] if turned else data
    found = shown(path) if icc is None else shown(path, icc=icc)
    assert np.abs(found - expected).max() <= 3 * turned


@pytest.mark.parametrize(
    ('name', 'mode', 'options'),
    [
        ('a.webp', 'RGB', {'lossless': True}),
        ('a.webp', 'RGBA', {'lossless': True}),
        ('a.jp2', 'RGB', {}),
        ('a.png', 'P', {}),
    ],
)
def test_colours_are_those_of_another_colour_management(
    name: str, mode: str, options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / name
    image = Image.fromarray(factories.gradient(32, 48).transpose(1, 2, 0)).convert(mode)
    with_profile(path, image, **options)
    with Image.open(path) as file:
        plain = file.convert('RGB')
    profile = ImageCms.getOpenProfile(io.BytesIO(swapped_profile()))
    expected = ImageCms.profileToProfile(plain, profile, ImageCms.createProfile('sRGB'))
    np.testing.assert_array_equal(shown(path), plain)
    assert np.abs(shown(path, icc=True).astype(int) - np.asarray(expected)).max() <= 1
    assert np.abs(np.asarray(expected).astype(int) - plain).max() > 100


def test_boxes_are_followed_as_far_as_they_go() -> None:
    start = box(b'jP  ', b'\r\n\x87\n')
    colors = box(b'colr', b'\2\0\0profile')
    header = box(b'jp2h', box(b'ihdr', bytes(14)) + colors)

    def found(*parts: bytes) -> bytes | None:
        return embedded(io.BytesIO(start + b''.join(parts)))

    assert found(header) == b'profile'
    assert found(box(b'xml ', bytes(9), long=True), header) == b'profile'
    assert found(box(b'jp2h', box(b'colr', b'\3\0\0any'))) == b'any'
    # The first one counts, and it says sRGB.
    assert found(box(b'jp2h', box(b'colr', b'\1\0\0\0\0\0\x10') + colors)) is None
    assert found(box(b'jp2h', box(b'ihdr', b''))) is None
    assert found(box(b'jp2h', box(b'colr', b''))) is None
    assert found(box(b'free', b'')) is None
    assert found(header[:20]) is None
    # Boxes that claim to end beyond the file, or before they begin.
    assert found(struct.pack('>I4s', 4, b'jp2h') + colors) is None
    assert found(struct.pack('>I4s', 1 << 31, b'jp2h') + colors) is None
    with pytest.raises(struct.error):
        found(b'\0\0')


@pytest.mark.parametrize('name', ['a.webp', 'a.jp2'])
def test_a_profile_that_is_too_large_is_none(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with_profile(path, Image.new('RGB', (48, 32)))
    content = path.read_bytes()
    assert embedded(io.BytesIO(content)) == swapped_profile()
    filler = bytes(4 * 1024 * 1024)
    if name == 'a.webp':
        part = b'ICCP' + struct.pack('<I', len(filler) + 2) + filler + b'\0\0'
        content = content[:12] + part + content[12:]
    else:
        content = content[:12] + box(b'jp2h', box(b'colr', b'\2\0\0\0' + filler)) + content[12:]
    assert embedded(io.BytesIO(content)) is None


def test_a_damaged_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / 'a.webp'
    Image.new('RGB', (48, 32)).save(path)
    # Nothing but pixels: there is no part after them.
    assert profile_of(source(path), None) is None
