"""Colour maps of stops: stored, written into a request, or known by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from django_large_image.depth import colormaps
from django_large_image.depth.models import Colormap
from django_large_image.exceptions import StyleError
from django_large_image.pixels.colormap import colormap

CORE = [[0, '#201008'], [0.5, [200, 100, 50]], [1, [255, 240, 200, 128]]]


@pytest.mark.parametrize(
    ('step', 'color'),
    [
        (0, (0, 0, 0, 0)),
        (1, (32, 16, 8, 255)),
        (128, (200, 100, 50, 255)),
        (255, (255, 240, 200, 128)),
        # Half-way between the first two, and the fraction cut off: 116, 58, 29.
        (64, (115, 57, 28, 255)),
    ],
)
def test_colours_between_stops_are_mixed(step: int, color: tuple[int, ...]) -> None:
    found = colormaps.shades(colormaps.parse_stops(CORE))
    assert found.shape == (256, 4)
    assert np.abs(found[step].astype(int) - color).max() <= 1
    assert found[0].tolist() == [0, 0, 0, 0]


def test_black_to_white_is_numpys_interpolation() -> None:
    found = colormaps.shades(colormaps.parse_stops([[0, 'black'], [1, 'white']]))
    expected = np.interp(np.linspace(0, 1, 255), [0, 1], [0, 255]).astype(np.uint8)
    assert (found[1:, :3] == expected[:, np.newaxis]).all()


def test_an_edge_between_two_stops_at_one_place() -> None:
    stops = [[0, 'red'], [0.5, 'red'], [0.5, 'blue'], [1, 'blue']]
    found = colormaps.shades(colormaps.parse_stops(stops))
    assert found[100].tolist() == [255, 0, 0, 255]
    assert found[150].tolist() == [0, 0, 255, 255]


def test_beyond_the_outermost_stops_is_their_colour() -> None:
    found = colormaps.shades(colormaps.parse_stops([[0.25, 'red'], [0.75, 'blue']]))
    assert found[1].tolist() == [255, 0, 0, 255]
    assert found[255].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize(
    ('stops', 'says'),
    [
        (None, '2 to 256 stops'),
        ({}, '2 to 256 stops'),
        ([[0, 'red']], '2 to 256 stops'),
        ([[0, 'red']] * 257, '2 to 256 stops'),
        ([0, 1], 'a pair'),
        ([[0, 'red', 1], [1, 'blue']], 'a pair'),
        ([[0, 'red'], ['1', 'blue']], 'from 0 to 1'),
        ([[0, 'red'], [1.5, 'blue']], 'from 0 to 1'),
        ([[0, 'red'], [float('nan'), 'blue']], 'from 0 to 1'),
        ([[0, 'red'], [10**400, 'blue']], 'from 0 to 1'),
        ([[False, 'red'], [True, 'blue']], 'from 0 to 1'),
        ([[1, 'red'], [0, 'blue']], 'in the order'),
        ([[0, 'reddish'], [1, 'blue']], 'not a color'),
        ([[0, [0, 0, 256]], [1, 'blue']], '0 to 255'),
        ([[0, [0, 0, 'a']], [1, 'blue']], 'A part of a color is a number'),
    ],
)
def test_what_is_no_colour_map(stops: Any, says: str) -> None:
    with pytest.raises(StyleError, match=says):
        colormaps.parse_stops(stops)


@pytest.mark.django_db
def test_a_stored_one_goes_before_its_namesakes() -> None:
    assert (colormaps.find('viridis') == colormap('viridis')).all()
    Colormap.objects.create(name='viridis', stops=CORE)
    found = colormaps.find('viridis')
    assert (found == colormaps.shades(colormaps.parse_stops(CORE))).all()
    assert (colormaps.find('viridis_r')[1:] == found[:0:-1]).all()


@pytest.mark.django_db
def test_stops_and_names_and_nothing() -> None:
    assert (colormaps.find(None) == colormap(None)).all()
    assert colormaps.find('[[0, "#000"], [1, "#ff0000"]]')[255].tolist() == [255, 0, 0, 255]
    for wrong in ('no such', '[[0,', '\ud800', 'a\0b', '[' * 5000):
        with pytest.raises(StyleError):
            colormaps.find(wrong)


@pytest.mark.django_db
def test_palettes_of_styles() -> None:
    Colormap.objects.create(name='core', stops=CORE)
    colors = colormaps.resolve_palettes({'palette': 'core', 'band': 1})['palette']
    assert (len(colors), colors[0], colors[-1]) == (255, '#201008ff', '#fff0c880')
    style = {'bands': [{'palette': 'core'}, {'palette': 'viridis'}, {'palette': ['red']}, 1]}
    first, *others = colormaps.resolve_palettes(style)['bands']
    assert first['palette'] == colors
    assert others == style['bands'][1:]
