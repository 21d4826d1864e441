"""Pictures: channels, backgrounds, sizes."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels.picture import BlankPicture, IndexedPicture, Picture, is_hard


def filled(*channels: float, dtype: str = 'uint8', size: tuple[int, int] = (4, 6)) -> Picture:
    return Picture.from_array(np.full((*size, len(channels)), channels, dtype))


@pytest.mark.parametrize(
    ('channels', 'mode', 'rgba'),
    [
        ((7,), 'L', [7, 7, 7, 255]),
        ((7, 9), 'LA', [7, 7, 7, 9]),
        ((1, 2, 3), 'RGB', [1, 2, 3, 255]),
        ((1, 2, 3, 4), 'RGBA', [1, 2, 3, 4]),
    ],
)
def test_modes(channels: tuple[int, ...], mode: str, rgba: list[int]) -> None:
    picture = filled(*channels)
    assert picture.mode == mode
    assert picture.has_alpha == (mode in ('LA', 'RGBA'))
    assert picture.to_rgba().data[0, 0].tolist() == rgba
    assert picture.to_rgba().mode == 'RGBA'


def test_two_dimensions_are_grey() -> None:
    assert Picture.from_array(np.zeros((2, 3), np.uint8)).data.shape == (2, 3, 1)


def test_more_than_four_channels_show_the_first_three() -> None:
    picture = filled(1, 2, 3, 4, 5, 6)
    assert picture.to_rgba().data[0, 0].tolist() == [1, 2, 3, 255]
    assert picture.to_uint8().mode == 'RGB'


@pytest.mark.parametrize(
    ('value', 'dtype', 'expected'),
    [(65535, 'uint16', 255), (256, 'uint16', 1), (0.5, 'float32', 127), (2.0, 'float32', 255),
     (-1.0, 'float64', 0), (np.nan, 'float32', 0), (300, 'int32', 255)],
)  # fmt: skip
def test_to_uint8(value: float, dtype: str, expected: int) -> None:
    assert filled(value, dtype=dtype).to_uint8().data[0, 0, 0] == expected


@pytest.mark.parametrize(
    ('channels', 'background', 'expected'),
    [
        ((10, 20, 30, 255), (255, 255, 255), [10, 20, 30]),
        ((10, 20, 30, 0), (255, 255, 255), [255, 255, 255]),
        ((10, 20, 30, 0), (1, 2, 3), [1, 2, 3]),
        ((0, 0, 0, 128), (255, 255, 255), [127, 127, 127]),
        ((100, 0), (255, 255, 255), [255]),
        ((100, 255), (255, 255, 255), [100]),
        ((100, 0), (1, 2, 3), [1, 2, 3]),
        ((100,), (1, 2, 3), [100]),
    ],
)
def test_flatten(
    channels: tuple[int, ...], background: tuple[int, int, int], expected: list[int]
) -> None:
    flat = filled(*channels).flatten(background)
    assert flat.data[0, 0].tolist() == expected
    assert not flat.has_alpha


def test_flatten_16_bits() -> None:
    flat = filled(0, 0, 0, 32768, dtype='uint16').flatten()
    assert flat.data.dtype == np.uint16
    assert flat.data[0, 0, 0] == 32767


def test_to_rgb() -> None:
    assert filled(5).to_rgb().data[0, 0].tolist() == [5, 5, 5]
    assert filled(5, 0).to_rgb().data[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize('channels', [(9,), (9, 255), (9, 8, 7), (9, 8, 7, 255)])
@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float32', 'float64'])
@pytest.mark.parametrize('size', [(2, 3), (12, 3), (20, 30)])
def test_resize_keeps_values(channels: tuple[int, ...], dtype: str, size: tuple[int, int]) -> None:
    width, height = size
    values = [float(c) for c in channels]
    if len(channels) in (2, 4):
        values[-1] = {'uint8': 255.0, 'uint16': 65535.0}.get(dtype, 1.0)
    resized = filled(*values, dtype=dtype).resize(width, height)
    assert (resized.width, resized.height) == size
    assert resized.data.dtype == dtype
    np.testing.assert_allclose(resized.data[height // 2, width // 2], values, rtol=1e-3)


def test_resize_averages() -> None:
    data = np.array([[0, 100], [200, 100]], np.uint8)
    assert Picture.from_array(data).resize(1, 1).data.tolist() == [[[100]]]


@pytest.mark.parametrize('side', [101, 108, 115, 130, 160, 199])
def test_resize_spreads_a_pixel_as_far_as_it_is_made_smaller(side: int) -> None:
    spreads = []
    for place in range(5, 195):
        data = np.zeros((1, 200, 1), np.uint8)
        data[0, place] = 240
        line = Picture(np.repeat(data, 200, 0), 'L').resize(side, side).data[side // 2, :, 0]
        weights = line / line.sum(dtype=float)
        places = (np.arange(side) + 0.5) * 200 / side - 0.5
        spreads.append((weights * (places - place) ** 2).sum())
    # That of a triangle as wide as two pixels of the result, or some more.
    assert 0.95 < np.mean(spreads) / ((200 / side) ** 2 / 6) < 1.3


def test_resize_does_not_bleed_hidden_colors() -> None:
    data = np.array([[[200, 10, 10, 255], [0, 255, 0, 0]]], np.uint8)
    assert Picture.from_array(data).resize(1, 1).data[0, 0].tolist() == [200, 10, 10, 128]


def test_same_size_is_the_same_picture() -> None:
    picture = filled(1)
    assert picture.resize(6, 4) is picture


INDEXES = np.array([[0, 1, 2], [2, 2, 3]], np.uint8)
COLORS = np.array([(0, 0, 0, 0), (9, 8, 7, 255), (1, 2, 3, 255), (200, 100, 0, 128)], np.uint8)


def test_indexed_pictures_know_their_pixels() -> None:
    picture = IndexedPicture(INDEXES, COLORS, 'RGBA')
    np.testing.assert_array_equal(picture.data, COLORS[INDEXES])
    assert picture.data is picture.data
    assert (picture.height, picture.width, picture.has_alpha) == (2, 3, True)
    opaque = IndexedPicture(INDEXES, COLORS, 'RGB')
    np.testing.assert_array_equal(opaque.data, COLORS[INDEXES][..., :3])


def test_indexed_pictures_are_flattened_by_their_colors() -> None:
    picture = IndexedPicture(INDEXES, COLORS, 'RGBA')
    flat = picture.flatten((10, 20, 30))
    assert isinstance(flat, IndexedPicture)
    assert flat.mode == 'RGB'
    same = Picture(picture.data, 'RGBA').flatten((10, 20, 30))
    np.testing.assert_array_equal(flat.data, same.data)
    assert flat.flatten() is flat


def test_other_pictures_than_the_indexed_are_not() -> None:
    picture = IndexedPicture(INDEXES, COLORS, 'RGB')
    assert not isinstance(picture.resize(5, 5), IndexedPicture)
    assert not isinstance(picture.to_rgba(), IndexedPicture)


def test_blank_pictures_show_nothing() -> None:
    picture = BlankPicture(3, 5)
    assert (picture.height, picture.width, picture.mode) == (3, 5, 'RGBA')
    assert not picture.data.any()
    assert (picture.flatten((7, 8, 9)).data == (7, 8, 9)).all()


@pytest.mark.parametrize(
    ('values', 'expected'),
    [([], True), ([0], True), ([255], True), ([0, 255], True), ([0, 1], False), ([254], False)],
)
def test_is_hard(values: list[int], expected: bool) -> None:
    assert is_hard(np.array([values], np.uint8)) is expected


@pytest.mark.parametrize('channels', [2, 4])
@pytest.mark.parametrize('background', [(255, 255, 255), (40, 40, 40), (1, 120, 250)])
@pytest.mark.parametrize('hard', [False, True])
def test_flatten_every_alpha(channels: int, background: tuple[int, int, int], hard: bool) -> None:
    data = np.random.default_rng(2).integers(0, 255, (64, 48, channels), np.uint8, endpoint=True)
    if hard:
        data[..., -1] = np.where(data[..., -1] > 99, 255, 0)
    weight = data[..., -1:] / 255
    expected = data[..., :-1] * weight + np.array(background) * (1 - weight)
    found = Picture.from_array(data).flatten(background).to_rgb().data.astype(float)
    assert np.abs(found - expected).max() <= (0 if hard else 1)
