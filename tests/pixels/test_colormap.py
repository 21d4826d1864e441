"""Colour maps of 255 steps."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from django_large_image.exceptions import StyleError
from django_large_image.pixels.colormap import colormap


@pytest.mark.parametrize('name', ['viridis', 'jet', 'RdBu', 'gray', 'pink', 'tab10', 'terrain_r'])
def test_colors_are_those_of_matplotlib_whatever_the_case(name):
    colors = colormap(name)
    expected = (mpl.colormaps[name](np.linspace(0, 1, 255)) * 255).astype(np.uint8)
    assert colors[0].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(colors[1:], expected)
    np.testing.assert_array_equal(colormap(name.lower()), colors)


def test_without_a_name_steps_are_their_own_grey():
    colors = colormap(None)
    np.testing.assert_array_equal(colors[1:, :3], np.arange(1, 256)[:, None].repeat(3, axis=1))
    assert colors[0, 3] == 0
    assert (colors[1:, 3] == 255).all()


def test_palettes_have_their_colors_evenly():
    colors = colormap('palettable.colorbrewer.sequential.Blues_3'.removeprefix('palettable.'))
    assert colors[1].tolist() == [222, 235, 247, 255]
    assert colors[128].tolist() == [158, 202, 225, 255]
    assert colors[255].tolist() == [49, 130, 189, 255]


def test_clouds_are_seen_the_more_the_whiter_they_are():
    colors = colormap('cloud')
    assert colors[1].tolist() == [128, 128, 128, 0]
    assert colors[171].tolist() == [213, 213, 213, 255]
    assert colors[255].tolist() == [255] * 4
    assert (np.diff(colors[1:].astype(int), axis=0) >= 0).all()


@pytest.mark.parametrize('name', ['', 'nosuch', '__import__("os")', 'x' * 500])
def test_other_names_are_refused(name):
    with pytest.raises(StyleError):
        colormap(name)
