"""Pictures turned: exactly by right angles, whole by others, and in fewer colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import BudgetError
from django_large_image.pixels.picture import IndexedPicture, Picture
from django_large_image.pixels.turning import (
    ORIENTATIONS,
    bitonal,
    gray,
    mirror,
    rotate,
    turned_size,
)

RANDOM = np.random.default_rng(8)
# Pillow's names of what the tag Orientation asks for.
TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def noise(channels: int, dtype: str = 'uint8', size: tuple[int, int] = (30, 47)) -> Picture:
    return Picture.from_array(RANDOM.integers(0, np.iinfo(dtype).max, (*size, channels), dtype))


@pytest.mark.parametrize('value', ORIENTATIONS)
def test_orientations_are_pillows(value: int) -> None:
    picture, turn = noise(3), ORIENTATIONS[value]
    image = Image.fromarray(picture.data)
    expected = np.asarray(image.transpose(TRANSPOSE[value]) if value > 1 else image)
    shown = turn.show(picture)
    np.testing.assert_array_equal(shown.data, expected)
    assert turn.size((47, 30)) == (shown.width, shown.height)
    assert turn.size(turn.size((47, 30))) == (47, 30)
    left, top, right, bottom = turn.stored((3, 5, 21, 12), (shown.width, shown.height))
    part = turn.show(Picture(picture.data[top:bottom, left:right], 'RGB'))
    np.testing.assert_array_equal(part.data, expected[5:12, 3:21])


@pytest.mark.parametrize('degrees', [0.0, 90.0, 180.0, 270.0, 360.0, 450.0])
@pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
def test_right_angles_are_exact(degrees: float, dtype: str) -> None:
    picture = noise(4, dtype)
    expected = np.rot90(picture.data, -int(degrees // 90))
    turned = rotate(picture, degrees)
    np.testing.assert_array_equal(turned.data, expected)
    assert turned_size((47, 30), degrees) == (turned.width, turned.height)


def test_a_palette_stays_one() -> None:
    pixels = RANDOM.integers(0, 3, (30, 47), 'uint8')
    colors = np.array([[0, 0, 0, 255], [255, 0, 0, 255], [0, 0, 255, 0]], 'uint8')
    picture = IndexedPicture(pixels, colors)
    for turned, expected in [
        (mirror(picture), pixels[:, ::-1]),
        (rotate(picture, 90), np.rot90(pixels, -1)),
    ]:
        assert isinstance(turned, IndexedPicture)
        np.testing.assert_array_equal(turned.pixels, expected)
        np.testing.assert_array_equal(turned.data, colors[expected])


@pytest.mark.parametrize('degrees', [0.5, 30.0, 45.0, 101.3, 200.0, 359.0])
def test_other_angles_are_clockwise_and_keep_all(degrees: float) -> None:
    height, width = 41, 61
    data = np.full((height, width, 3), 100, 'uint8')
    data[18:23, 50:55] = 255
    turned = rotate(Picture.from_array(data), degrees)
    assert turned.mode == 'RGBA'
    assert (turned.width, turned.height) == turned_size((width, height), degrees)
    radians = np.radians(degrees)
    x, y = 52 - (width - 1) / 2, 20 - (height - 1) / 2
    found = np.argwhere(turned.data[..., 0] > 200).mean(axis=0)
    across = (turned.width - 1) / 2 + x * np.cos(radians) - y * np.sin(radians)
    down = (turned.height - 1) / 2 + x * np.sin(radians) + y * np.cos(radians)
    assert np.abs(found - (down, across)).max() < 0.5
    assert abs(turned.data[..., 3].sum() / 255 - height * width) < 0.01 * height * width
    # The colours at the edges are those of the picture, not mixed with nothing.
    assert turned.data[..., :3][turned.data[..., 3] > 0].min() >= 99


def test_transparent_pixels_do_not_bleed() -> None:
    data = np.zeros((60, 60, 4), 'uint8')
    data[..., :3] = (255, 0, 0)
    data[20:40, 20:40] = (0, 200, 0, 255)
    turned = rotate(Picture.from_array(data), 33).data
    seen = turned[..., 3] > 16
    assert turned[..., 0][seen].max() <= 8
    assert np.abs(turned[..., 1][seen].astype(int) - 200).max() <= 8


def test_sixteen_bits_stay_sixteen() -> None:
    picture = Picture.from_array(np.full((20, 30, 1), 40000, 'uint16'))
    turned = rotate(picture, 10)
    assert (turned.data.dtype, turned.mode) == (np.uint16, 'LA')
    assert turned.data[..., 1].max() == 65535
    assert (turned.data[..., 0] == 40000).all()
    assert gray(noise(3, 'uint16')).data.dtype == np.uint16


def test_what_is_too_long_turns_by_right_angles_only() -> None:
    strip = Picture.from_array(np.zeros((1, 40000), 'uint8'))
    assert rotate(strip, 90).height == 40000
    with pytest.raises(BudgetError, match='90 degrees'):
        rotate(strip, 1)


@pytest.mark.parametrize('channels', [1, 2, 3, 4, 5])
def test_grey_is_pillows(channels: int) -> None:
    picture = noise(channels)
    shades = gray(picture)
    expected = np.asarray(Image.fromarray(picture.to_rgba().data).convert('L')).astype(int)
    assert np.abs(shades.data[..., 0] - expected).max() <= 1
    assert shades.mode == ('LA' if channels in (2, 4) else 'L')
    if shades.mode == 'LA':
        np.testing.assert_array_equal(shades.data[..., 1], picture.data[..., -1])
    found = bitonal(picture)
    assert set(np.unique(found.data)) == {0, 255}
    assert found.mode == shades.mode
    np.testing.assert_array_equal(found.data > 0, shades.data > 127)


def test_floats_are_grey_floats() -> None:
    picture = Picture.from_array(np.full((2, 2, 3), 0.25))
    shades = gray(picture)
    assert shades.data.dtype == np.float64
    np.testing.assert_allclose(shades.data, 0.25, atol=1e-6)
    assert not bitonal(picture).data.any()
