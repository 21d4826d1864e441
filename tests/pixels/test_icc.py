"""Colour profiles."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import ImageCms

from django_large_image.pixels.icc import colors_to_srgb, to_srgb
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.style import Style

from . import samples

RGB = tuple(Band(n, name) for n, name in enumerate(('red', 'green', 'blue'), start=1))

# Class, colour space and the space between profiles.
GREY = (b'mntr', b'GRAY', b'XYZ ')


def swapped_profile() -> bytes:
    """Return sRGB's profile with red and green in each other's place."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes())
    (count,) = struct.unpack_from('>I', profile, 128)
    entries = [132 + 12 * index for index in range(count)]
    names = {bytes(profile[entry : entry + 4]): entry for entry in entries}
    red, green = names[b'rXYZ'], names[b'gXYZ']
    profile[red : red + 4], profile[green : green + 4] = b'gXYZ', b'rXYZ'
    return bytes(profile)


def grey_profile() -> bytes:
    """Return a profile of grey with a gamma of 1, after ICC.1:2010, section 8.4."""
    curve = struct.pack('>4s4xIH2x', b'curv', 1, 256)
    white = struct.pack('>4s4x3i', b'XYZ ', 0xF6D6, 0x10000, 0xD32D)
    tags = struct.pack('>I', 2)
    tags += struct.pack('>4sII', b'wtpt', 156, len(white))
    tags += struct.pack('>4sII', b'kTRC', 156 + len(white), len(curve))
    head = bytearray(128)
    struct.pack_into('>I4xI4s4s4s', head, 0, 156 + len(white) + len(curve), 0x02100000, *GREY)
    head[36:40] = b'acsp'
    struct.pack_into('>3i', head, 68, 0xF6D6, 0x10000, 0xD32D)
    return bytes(head) + tags + white + curve


def raster(profile: bytes | None) -> Raster:
    return Raster(samples.gradient('uint8', 3), None, RGB, profile=profile)


@pytest.mark.parametrize('icc', [None, True, 'saturation', 'no such intent'])
def test_profile_is_followed(icc: object) -> None:
    given = raster(swapped_profile())
    style = Style() if icc is None else Style.parse({'icc': icc})
    shown = style.apply({None: given}).data.astype(int)
    assert np.abs(shown - given.data[:, :, [1, 0, 2]]).max() <= 3


def test_profile_is_followed_before_a_style() -> None:
    given = raster(swapped_profile())
    shown = Style.parse({'band': 1, 'min': 0, 'max': 255}).apply({None: given}).to_rgba()
    assert np.abs(shown.data[:, :, 0].astype(int) - given.data[:, :, 1]).max() <= 3


def test_profile_can_be_refused() -> None:
    given = raster(swapped_profile())
    np.testing.assert_array_equal(Style.parse({'icc': False}).apply({None: given}).data, given.data)


@pytest.mark.parametrize('profile', [None, b'', b'nonsense'])
def test_without_a_usable_profile_nothing_changes(profile: bytes | None) -> None:
    given = raster(profile)
    np.testing.assert_array_equal(Style().apply({None: given}).data, given.data)


def test_other_types_are_left_alone() -> None:
    data = samples.gradient('uint16', 3)
    given = Raster(data, None, samples.describe(data), profile=swapped_profile())
    assert to_srgb(given) is given


def test_fewer_bits_and_numbers_of_a_table_are_left_alone() -> None:
    data = samples.gradient('uint8', 1)
    for band in (Band(1, 'gray', bits=4), Band(1, 'palette')):
        given = Raster(data, None, (band,), profile=grey_profile())
        assert to_srgb(given) is given


def test_a_negative_is_followed_as_what_it_shows() -> None:
    data = samples.gradient('uint8', 1)
    plain = to_srgb(Raster(data, None, (Band(1, 'gray'),), profile=grey_profile()))
    # Half of the light is 188 in sRGB.
    assert abs(int(plain.data[data == 128][0]) - 188) <= 1
    band = Band(1, inverted=True)
    turned = to_srgb(Raster(255 - data, None, (band,), profile=grey_profile()))
    np.testing.assert_array_equal(255 - turned.data, plain.data)


def test_a_colour_table_is_turned_and_its_alpha_stays() -> None:
    table = ((10, 200, 30, 255), (250, 0, 0, 7))
    given = (Band(1, 'palette', colors=table), Band(2, 'gray'), Band(3, 'palette'))
    turned = colors_to_srgb(given, swapped_profile(), 'perceptual')
    assert turned[1:] == given[1:]
    assert np.abs(np.array(turned[0].colors) - [[200, 10, 30, 255], [0, 250, 0, 7]]).max() <= 3
    assert colors_to_srgb(given, b'nonsense') == given
