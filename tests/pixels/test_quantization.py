"""Tables of colours in few: which become one, how far off, and when that is too far."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.pixels.bandstyle import pack
from django_large_image.pixels.palettes import parse_palette
from django_large_image.pixels.quantization import MAX_COLORS, Quantized, quantize
from django_large_image.pixels.ramp import Ramp, color_table


def table(*colors: tuple[int, ...]) -> np.ndarray:
    return np.array(colors, np.uint8)


def quantized(colors: np.ndarray) -> Quantized:
    found = quantize(colors, colors)
    assert found is not None
    return found


def looked_up(found: Quantized) -> np.ndarray:
    assert found.indexes is not None
    return found.colors[found.indexes].astype(int)


def test_few_colors_stay_as_they_are() -> None:
    colors = table((1, 2, 3, 255), (1, 2, 3, 255), (2, 2, 3, 255), (9, 9, 9, 7), (1, 2, 3, 255))
    found = quantized(colors)
    np.testing.assert_array_equal(looked_up(found), colors)
    assert len(found.colors) == 5


def test_what_is_transparent_is_index_0_whatever_its_color() -> None:
    found = quantized(table((1, 2, 3, 255), (50, 60, 70, 0), (1, 2, 3, 255), (0, 0, 0, 0)))
    assert found.indexes is not None
    assert found.indexes.tolist() == [1, 0, 1, 0]
    assert found.colors.tolist() == [[0, 0, 0, 0], [1, 2, 3, 255]]


def test_nothing_but_transparent() -> None:
    found = quantized(np.zeros((9, 4), np.uint8))
    assert looked_up(found).tolist() == [[0, 0, 0, 0]] * 9


@pytest.mark.parametrize(('count', 'off'), [(255, 0), (256, 1), (510, 1), (765, 1)])
def test_no_more_become_one_than_have_to(count: int, off: int) -> None:
    steps = np.arange(count)
    colors = np.stack([steps // 3, (steps + 1) // 3, (steps + 2) // 3, steps * 0 + 255], axis=1)
    found = quantized(colors.astype(np.uint8))
    assert len(found.colors) <= 1 + MAX_COLORS
    assert np.abs(looked_up(found) - colors).max() == off


def test_opaque_stays_opaque() -> None:
    colors = np.stack([np.arange(256)] * 3 + [np.arange(256) // 128 + 254], axis=1).astype(np.uint8)
    assert looked_up(quantized(colors))[255, 3] == 255


@pytest.mark.parametrize('count', [500, 65536])
def test_too_many(count: int) -> None:
    colors = np.random.default_rng(1).integers(1, 255, (count, 4), np.uint8)
    assert quantize(colors, colors) is None


def test_entries_that_stand_for_too_much() -> None:
    assert quantize(table((1, 1, 1, 255)), table((9, 1, 1, 255))) is None
    found = quantize(table((1, 1, 1, 255)), table((3, 2, 1, 255)))
    assert found is not None
    assert found.colors[1].tolist() == [2, 2, 1, 255]


@pytest.mark.parametrize('kind', ['u2', 'i2', 'linear'])
@pytest.mark.parametrize('name', ['viridis', 'plasma', 'magma', 'cividis', 'Blues', '#f80', 'hot'])
def test_usual_palettes_fit(name: str, kind: str) -> None:
    ramp = Ramp(-300, 9000, pack(parse_palette(name)), nodata=7)
    colors = color_table(ramp, kind)
    assert colors.quantized is not None
    exact = colors.packed.view(np.uint8).reshape(-1, 4).astype(int)
    assert np.abs(looked_up(colors.quantized) - exact).max() <= 1
