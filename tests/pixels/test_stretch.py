"""Stretches, mosaics, colour maps and categories against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels import stretch
from django_large_image.pixels.adjustment import UNCHANGED, ColorTransform
from django_large_image.pixels.colormap import colormap
from django_large_image.pixels.picture import BlankPicture, IndexedPicture
from django_large_image.pixels.samples import Samples
from django_large_image.pixels.stretch import Stretch

DTYPES = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64']


def expected(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the steps as their definition has them: low is 1, high is 255."""
    steps = np.rint(1 + (values.astype(np.float64) - low) * 254 / (high - low))
    return np.clip(steps, 1, 255).astype(np.uint8)


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(('low', 'high'), [(0, 254), (-3.5, 90.25), (17, 18), (0, 508)])
def test_every_value_is_on_the_step_that_is_nearest(dtype, low, high):
    ends = (-128, 127) if dtype == 'int8' else (0, 255) if dtype == 'uint8' else (0, 600)
    values = np.arange(*ends).astype(dtype).reshape(1, -1)
    steps = stretch.look_up(Stretch(low, high), Samples(values, None))
    np.testing.assert_array_equal(steps, expected(values, low, high))


def test_large_samples_do_not_wrap():
    values = np.array([[0, 32767, 32768, 65535]], np.uint16)
    steps = stretch.look_up(Stretch(0, 65535), Samples(values, None))
    np.testing.assert_array_equal(steps, expected(values, 0, 65535))
    signed = np.array([[-32768, -1, 0, 32767]], np.int16)
    steps = stretch.look_up(Stretch(-32768, 32767), Samples(signed, None))
    np.testing.assert_array_equal(steps, expected(signed, -32768, 32767))


def test_what_is_missing_or_no_number_is_on_no_step():
    values = np.array([[5, np.nan, np.inf, -np.inf, 7]], np.float32)
    steps = stretch.look_up(Stretch(5, 7), Samples(values, np.array([[True] * 4 + [False]])))
    assert steps.tolist() == [[1, 0, 0, 0, 0]]


def test_a_range_of_one_value_parts_what_is_above_from_the_rest():
    values = np.array([[4, 5, 6]], np.uint8)
    assert stretch.look_up(Stretch(5, 5), Samples(values, None)).tolist() == [[1, 1, 255]]


def test_ends_beyond_all_samples_fail_nothing():
    values = np.array([[0, 1e308, -1e308]])
    steps = stretch.look_up(Stretch(-1.7e308, 1.7e308), Samples(values, None))
    assert steps.shape == (1, 3)


def test_a_transform_bends_what_is_between():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    transform = ColorTransform.parse('gamma 1 2', 1)
    steps = stretch.look_up(Stretch(10, 200, transform), Samples(values, None))
    bent = np.clip((values - 10.0) / 190, 0, 1) ** 0.5
    np.testing.assert_array_equal(steps, np.rint(1 + 254 * bent))


def test_a_gray_picture_is_indexes_into_the_colors_of_the_steps():
    values = np.array([[0, 100, 200]], np.uint8)
    samples = Samples(values, np.array([[False, True, True]]))
    picture = stretch.gray(Stretch(100, 200), samples, colormap('viridis'))
    assert isinstance(picture, IndexedPicture)
    assert picture.pixels.tolist() == [[0, 1, 255]]
    assert picture.data.tolist() == [[[0, 0, 0, 0], [68, 1, 84, 255], [253, 231, 36, 255]]]
    nothing = Samples(values, np.zeros((1, 3), bool))
    assert isinstance(stretch.gray(Stretch(0, 1), nothing, colormap(None)), BlankPicture)


def test_rgb_is_transparent_where_a_band_is_missing():
    bands = [
        Samples(np.array([[10, 20, 30]], np.uint8), np.array([[True, True, False]])),
        Samples(np.array([[100, 200, 300]], np.uint16), None),
        Samples(np.array([[0.5, np.nan, 1]], np.float32), np.array([[True, False, True]])),
    ]
    stretches = [Stretch(0, 254), Stretch(0, 254), Stretch(0, 1)]
    picture = stretch.rgb(stretches, bands, UNCHANGED)
    assert picture.mode == 'RGBA'
    assert picture.data.tolist() == [[[11, 101, 128, 255], [0, 0, 0, 0], [0, 0, 0, 0]]]
    whole = stretch.rgb(stretches, [Samples(band.values, None) for band in bands], UNCHANGED)
    assert whole.data[0, 0].tolist() == [11, 101, 128, 255]
    opaque = stretch.rgb(stretches[:1] * 3, [bands[1]] * 3, UNCHANGED)
    assert opaque.mode == 'RGB'
    assert opaque.data.tolist() == [[[101] * 3, [201] * 3, [255] * 3]]


def test_transforms_of_rgb_are_on_the_stretched_channels():
    values = np.arange(768, dtype=np.uint16).reshape(3, 16, 16)
    bands = [Samples(plane, np.ones((16, 16), bool)) for plane in values]
    stretches = [Stretch(0, 300), Stretch(200, 600), Stretch(100, 767)]
    bent = np.stack([s.positions(v) for s, v in zip(stretches, values, strict=True)], axis=-1)
    for text in ('gamma rg 1.5, sigmoidal b 6 0.4', 'gamma rgb 2, saturation 0.5'):
        transform = ColorTransform.parse(text, 3)
        picture = stretch.rgb(stretches, bands, transform)
        np.testing.assert_array_equal(picture.data, np.rint(1 + 254 * transform.apply(bent)))
    hidden = [Samples(band.values, band.values % 2 == 0) for band in bands]
    picture = stretch.rgb(stretches, hidden, ColorTransform.parse('saturation 2', 3))
    np.testing.assert_array_equal(picture.data[..., 3] == 255, values[0] % 2 == 0)
    assert not picture.data[picture.data[..., 3] == 0].any()


def test_complex_samples_are_shown_by_their_size():
    values = np.array([[3 + 4j, 0, np.nan]], np.complex64)
    steps = stretch.look_up(Stretch(0, 254), Samples(values, None))
    assert steps.tolist() == [[6, 1, 0]]
