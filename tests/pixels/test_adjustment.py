"""Colour transforms against their formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_large_image.exceptions import ParameterError
from django_large_image.pixels.adjustment import ColorTransform

RGB = np.random.default_rng(3).random((9, 11, 3))
RGB[0, 0], RGB[0, 1] = 0, 1


def applied(text: str, values: np.ndarray = RGB) -> np.ndarray:
    """Return values after the operations of a text."""
    return ColorTransform.parse(text, values.shape[-1]).apply(values)


def test_gamma_is_a_power_of_the_bands_it_names():
    result = applied('gamma rb 1.8')
    np.testing.assert_allclose(result[..., [0, 2]], RGB[..., [0, 2]] ** (1 / 1.8))
    np.testing.assert_array_equal(result[..., 1], RGB[..., 1])
    np.testing.assert_array_equal(applied('Gamma 13 1.8'), result)


def test_sigmoidal_contrast_is_imagemagicks():
    alpha, beta = 0.4, 10.0
    u = RGB[..., 1]
    above = 1 / (1 + np.exp(beta * (alpha - u))) - 1 / (1 + np.exp(beta * alpha))
    below = 1 / (1 + np.exp(beta * (alpha - 1))) - 1 / (1 + np.exp(beta * alpha))
    result = applied('sigmoidal g 10 0.4')
    np.testing.assert_allclose(result[..., 1], above / below, atol=1e-12)
    np.testing.assert_array_equal(result[..., 0], RGB[..., 0])


def test_negative_contrast_undoes_contrast():
    back = applied('sigmoidal rgb 12 0.3, sigmoidal rgb -12 0.3')
    np.testing.assert_allclose(back, RGB, atol=1e-6)
    np.testing.assert_array_equal(applied('sigmoidal rgb 0 0.5'), RGB)


def test_saturation_scales_chroma_and_keeps_lightness():
    colors = RGB * 0.4 + 0.3
    result = applied('saturation 0.5', colors)
    before = cv2.cvtColor(colors.astype(np.float32), cv2.COLOR_RGB2Lab)
    after = cv2.cvtColor(result.astype(np.float32), cv2.COLOR_RGB2Lab)
    np.testing.assert_allclose(after[..., 0], before[..., 0], atol=0.3)
    np.testing.assert_allclose(after[..., 1:], before[..., 1:] / 2, atol=0.3)
    gray = applied('saturation 0', colors)
    assert np.ptp(gray, axis=-1).max() < 0.01


def test_operations_are_done_in_order_with_or_without_commas():
    expected = applied('sigmoidal rgb 6 0.5', applied('gamma rgb 2'))
    np.testing.assert_array_equal(applied('gamma rgb 2, sigmoidal rgb 6 0.5'), expected)
    np.testing.assert_array_equal(applied('gamma rgb 2 sigmoidal rgb 6 0.5'), expected)
    assert not np.allclose(applied('sigmoidal rgb 6 0.5, gamma rgb 2'), expected)


def test_one_channel_alone_is_bent_as_among_three():
    transform = ColorTransform.parse('gamma rg 2, gamma b 3, sigmoidal g 5 0.5', 3)
    assert not transform.mixes
    for channel in range(3):
        alone = transform.curve(channel).apply(RGB[..., channel : channel + 1])
        np.testing.assert_array_equal(alone[..., 0], transform.apply(RGB)[..., channel])
    assert ColorTransform.parse('saturation 2', 3).mixes


@pytest.mark.parametrize(
    ('text', 'channels'),
    [
        ('', 3),
        (',', 3),
        ('contrast rgb 3', 3),
        ('1 gamma rgb 3', 3),
        ('gamma', 3),
        ('gamma rgb', 3),
        ('gamma 1.8', 3),
        ('gamma rgb 0', 3),
        ('gamma rgb -1', 3),
        ('gamma rgb nan', 3),
        ('gamma rgb inf', 3),
        ('gamma rgb x', 3),
        ('gamma rgb 1 2', 3),
        ('gamma rgx 1', 3),
        ('gamma 4 1', 3),
        ('gamma 2 1.5', 1),
        ('sigmoidal rgb 5', 3),
        ('sigmoidal rgb 5 1.5', 3),
        ('sigmoidal rgb 1e9 0.5', 3),
        ('saturation 1.2', 1),
        ('saturation', 3),
        ('saturation rgb 1.2', 3),
        ('saturation -1', 3),
        ('gamma rgb 1.1 ' * 17, 3),
        ('gamma rgb ' + '1' * 600, 3),
    ],
)
def test_what_is_no_transform_is_refused(text, channels):
    with pytest.raises(ParameterError):
        ColorTransform.parse(text, channels)


OPERATIONS = st.lists(
    st.sampled_from(
        'gamma sigmoidal saturation rgb r 1 0.5 2 100 -100 0 0.01 1e-9 nan , x'.split()
    ),
    max_size=12,
).map(' '.join)


@settings(max_examples=200, deadline=None)
@given(OPERATIONS | st.text(max_size=30), st.sampled_from([1, 3]))
def test_whatever_is_written_stays_between_0_and_1(text, channels):
    try:
        transform = ColorTransform.parse(text, channels)
    except ParameterError:
        return
    result = transform.apply(RGB[..., :channels])
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-9
