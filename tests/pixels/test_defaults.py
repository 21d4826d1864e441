"""The look of images for which no style is asked, beside another reader of the same files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.pixels.defaults import default_layers, is_plain
from django_large_image.pixels.raster import Band
from django_large_image.pixels.style import Style
from django_large_image.sources.rendering import render
from tests import factories
from tests.sources.references import source

Make = Callable[..., Path]


def shown(path: Path, style: dict[str, Any] | None = None) -> np.ndarray:
    """Return the whole image (height, width, 3) in a style, the default look without one."""
    reader = source(path)
    size = (reader.sourceSizeX, reader.sourceSizeY)
    picture = render(
        reader,
        None,
        Style.parse(style or {}),
        None,
        lambda frame, bands: reader.read_window((0, 0, *size), size, frame=frame, bands=bands),
    )
    return picture.to_rgba().data[:, :, :3]


def pillow(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file.convert('L').convert('RGB'))


def ramp(bits: int) -> np.ndarray:
    return (np.add.outer(np.arange(40), np.arange(50)) % (1 << bits)).astype('uint8')


@pytest.mark.parametrize('bits', [1, 2, 4])
def test_few_bits_span_black_to_white_in_a_png(bits: int, make_raster: Make) -> None:
    path = make_raster(ramp(bits), name='few.png', driver='PNG', options={'NBITS': bits})
    found = shown(path)
    np.testing.assert_array_equal(found, pillow(path))
    np.testing.assert_array_equal(np.unique(found), np.arange(1 << bits) * 255 // (2**bits - 1))
    # A style says itself what is white.
    assert shown(path, {'min': 0, 'max': 255}).max() == (1 << bits) - 1


@pytest.mark.parametrize('photometric', ['MINISBLACK', 'MINISWHITE'])
@pytest.mark.parametrize('bits', [1, 2, 4, 8])
def test_grey_tiffs_of_either_sense(bits: int, photometric: str, make_raster: Make) -> None:
    options = {'PHOTOMETRIC': photometric, 'NBITS': bits}
    path = make_raster(ramp(bits), options=options)
    np.testing.assert_array_equal(shown(path), pillow(path))


def test_colours_of_four_bits(make_raster: Make) -> None:
    data = np.stack([ramp(4), ramp(4)[::-1], 15 - ramp(4)])
    path = make_raster(data, options={'NBITS': 4, 'PHOTOMETRIC': 'RGB'})
    np.testing.assert_array_equal(shown(path), data.transpose(1, 2, 0) * 17)


def test_wide_samples_of_which_the_least_is_white(make_raster: Make) -> None:
    data = np.linspace(0, 65535, 2000).reshape(40, 50).astype('uint16')
    path = make_raster(data, options={'PHOTOMETRIC': 'MINISWHITE'})
    expected = 255 - data / 257
    assert np.abs(shown(path)[:, :, 0] - expected).max() <= 1


def test_few_bits_and_the_other_sense_are_not_plain() -> None:
    grey = Band(1, 'gray')
    assert is_plain(default_layers([grey]))
    assert is_plain(default_layers([Band(n + 1) for n in range(3)]))
    for band in (Band(1, 'gray', bits=4), Band(1, inverted=True), Band(1, dtype='uint16')):
        assert not is_plain(default_layers([band]))


@pytest.mark.parametrize(
    ('dtype', 'value', 'expected'),
    [
        ('uint16', 40000, 40000 // 257),
        ('uint16', 0, 0),
        ('uint16', 65535, 255),
        ('float32', 1, 255),
    ],
)
def test_where_all_samples_are_alike_nothing_is_stretched(
    dtype: str, value: int, expected: int, make_raster: Make
) -> None:
    path = make_raster(np.full((20, 30), value, dtype))
    assert np.unique(shown(path)).tolist() == [expected]
    # As large-image does where a style says so.
    assert np.unique(shown(path, {'band': 1, 'min': 'min', 'max': 'max'})).tolist() == [0]


def test_one_flat_colour_beside_others(make_raster: Make) -> None:
    data = factories.gradient(20, 30).astype('uint16') * 257
    data[2] = 30000
    assert np.unique(shown(make_raster(data))[:, :, 2]).tolist() == [30000 // 257]
