"""Rows of another width against formulas, and against OpenCV on the whole table."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from django_large_image.depth.interpolation import MODES, resize
from django_large_image.exceptions import ParameterError
from tests.depth import factories


def formula(values: np.ndarray, width: int, mode: str) -> np.ndarray:
    """Return rows of another width in float64, by the definition of a mode."""
    values = values.astype('f8')
    measured = values.shape[1]
    scale = measured / width
    if mode == 'nearest':
        return values[:, np.floor(np.arange(width) * scale).astype(int)]
    if mode == 'area':
        edges = np.arange(width + 1) * scale
        sums = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
        at = np.array([np.interp(edges, np.arange(measured + 1), row) for row in sums])
        return np.diff(at, axis=1) / scale
    centres = (np.arange(width) + 0.5) * scale - 0.5
    taps = {'bilinear': 1, 'bicubic': 2, 'lanczos': 4}[mode]
    columns = np.floor(centres).astype(int)[:, np.newaxis] + np.arange(1 - taps, 1 + taps)
    weights = kernel(np.abs(centres[:, np.newaxis] - columns), mode)
    weights /= weights.sum(axis=1, keepdims=True)
    return (values[:, np.clip(columns, 0, measured - 1)] * weights).sum(axis=2)


def kernel(x: np.ndarray, mode: str) -> np.ndarray:
    if mode == 'bilinear':
        return np.maximum(1 - x, 0)
    if mode == 'lanczos':
        return np.sinc(x) * np.sinc(x / 4)
    a = -0.75
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x < 1, near, np.where(x < 2, far, 0))


@pytest.mark.parametrize(('measured', 'width'), [(200, 150), (200, 37), (30, 10)])
@pytest.mark.parametrize('mode', MODES)
def test_formulas(mode: str, measured: int, width: int) -> None:
    values = factories.numbers(50, measured)
    found = resize(values, width, mode)
    assert (found.shape, found.dtype) == ((50, width), np.dtype('f4'))
    np.testing.assert_allclose(found, formula(values, width, mode), rtol=0, atol=0.15)
    assert np.abs(values).max() > 3000  # which OpenCV's places, in float32, are good to 4e-5 of


@pytest.mark.parametrize('mode', ['nearest', 'bilinear', 'bicubic', 'lanczos'])
def test_wider_than_measured(mode: str) -> None:
    values = factories.numbers(20, 50)
    np.testing.assert_allclose(resize(values, 150, mode), formula(values, 150, mode), atol=0.15)


@pytest.mark.parametrize('mode', MODES)
def test_opencv_on_the_whole_log(mode: str, measured: np.ndarray) -> None:
    whole = cv2.resize(measured, (150, len(measured)), interpolation=MODES[mode])
    found = resize(measured, 150, mode)
    np.testing.assert_allclose(found, whole, rtol=1e-6)
    # At the first and last rows of a table OpenCV may round the last digit otherwise.
    assert np.array_equal(found[4:-4], whole[4:-4])


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('rows', [1, 3, 64])
def test_a_row_is_the_same_in_any_company(mode: str, rows: int) -> None:
    values = factories.numbers(130, 200)
    parts = [resize(values[row : row + rows], 150, mode) for row in range(0, 130, rows)]
    assert np.array_equal(np.concatenate(parts), resize(values, 150, mode))


@pytest.mark.parametrize('mode', MODES)
def test_what_is_missing_is_missing_nearby_in_its_row_only(mode: str) -> None:
    values = factories.numbers(30, 200)
    whole = resize(values, 150, mode)
    holed = values.copy()
    holed[10, 100] = holed[29, 0] = np.nan
    found = resize(holed, 150, mode)
    missing = np.isnan(found)
    assert set(np.flatnonzero(missing.any(axis=1)).tolist()) == {10, 29}
    columns = np.flatnonzero(missing[10])
    assert columns.min() >= 71
    assert columns.max() <= 79
    assert np.array_equal(found[~missing], whole[~missing])


@pytest.mark.parametrize('mode', MODES)
def test_the_measured_width_changes_nothing(mode: str) -> None:
    values = factories.numbers(5, 20)
    assert np.array_equal(resize(values, 20, mode), values)


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ParameterError, match=r"'cubic'\. Known: nearest, bilinear, bicubic"):
        resize(factories.numbers(1, 5), 3, 'cubic')
