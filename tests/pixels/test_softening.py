"""Windows that are softened before something interpolates in them."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels.softening import soften


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float32'])
@pytest.mark.parametrize('blur', [(1.2, 1.9), (2.0, 3.5), (5.0, 1.0)])
def test_an_even_window_stays_as_it_is(dtype: str, blur: tuple[float, float]) -> None:
    window = np.full((12, 9, 3), 77, dtype)
    np.testing.assert_allclose(soften(window, blur), window, rtol=1e-6)


def test_what_is_not_made_smaller_is_the_same_array() -> None:
    window = np.zeros((4, 4, 1), np.uint8)
    assert soften(window, (1.0, 0.5)) is window


@pytest.mark.parametrize('blur', [1.3, 1.8, 2.0, 3.2, 6.0])
def test_the_spread_of_a_point_is_that_of_its_triangle(blur: float) -> None:
    window = np.zeros((1, 41, 1), np.float32)
    window[0, 20] = 1
    line = soften(window, (blur, 1.0))[0, :, 0].astype(float)
    places = np.arange(41) - 20
    assert line.sum() == pytest.approx(1, abs=1e-6)
    variance = (line * places**2).sum()
    # Interpolation adds a sixth of a pixel's; beyond two pixels the filter itself is the triangle.
    assert variance + (1 / 6 if blur <= 2 else 0) == pytest.approx(blur**2 / 6, rel=0.03)


@pytest.mark.parametrize('channels', [1, 3, 4])
def test_two_pixels_of_bytes_are_softened_as_those_of_floats(channels: int) -> None:
    window = np.random.default_rng(1).integers(0, 256, (40, 50, channels)).astype(np.uint8)
    soft = soften(window, (2.0, 2.0))
    assert soft.dtype == np.uint8
    wanted = soften(window.astype(np.float32), (2.0, 2.0))
    # Half a step, whichever way halves are rounded.
    np.testing.assert_allclose(soft, wanted, atol=0.5)


def test_16_bits_become_floats_that_are_not_rounded() -> None:
    window = np.zeros((5, 5, 1), np.uint16)
    window[2, 2] = 100
    soft = soften(window, (1.5, 1.5))
    assert soft.dtype == np.float32
    assert soft[2, 2, 0] == pytest.approx(100 * (1 - 2 * 1.25 / 12) ** 2, rel=1e-5)
