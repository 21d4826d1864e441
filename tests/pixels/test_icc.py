"""Colour profiles."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import ImageCms

from django_large_image.pixels.icc import to_srgb
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.style import Style

from . import samples

RGB = tuple(Band(n, name) for n, name in enumerate(('red', 'green', 'blue'), start=1))


def swapped_profile() -> bytes:
    """Return sRGB's profile with red and green in each other's place."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes())
    (count,) = struct.unpack_from('>I', profile, 128)
    entries = [132 + 12 * index for index in range(count)]
    names = {bytes(profile[entry : entry + 4]): entry for entry in entries}
    red, green = names[b'rXYZ'], names[b'gXYZ']
    profile[red : red + 4], profile[green : green + 4] = b'gXYZ', b'rXYZ'
    return bytes(profile)


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
