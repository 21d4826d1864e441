"""Colours and palettes by name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from django_large_image.exceptions import StyleError
from django_large_image.pixels import palettes

NAMES = palettes.names()


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        ('#f00', (255, 0, 0, 255)),
        ('#ff000080', (255, 0, 0, 128)),
        ('rgb(1, 2, 3)', (1, 2, 3, 255)),
        ('white', (255, 255, 255, 255)),
        ('green', (0, 128, 0, 255)),
        ('G', (0, 255, 0, 255)),
        ('GREEN', (0, 255, 0, 255)),
        ('tab:blue', (31, 119, 180, 255)),
        ('xkcd:sky blue', (117, 187, 253, 255)),
        ([1, 0.5, 0], (255, 127, 0, 255)),
        ((0, 0, 0, 0.5), (0, 0, 0, 127)),
    ],
)
def test_parse_color(value: object, expected: tuple[int, ...]) -> None:
    assert palettes.parse_color(value) == expected


@pytest.mark.parametrize(
    'value',
    ['', 'nothing', '#12', None, 5, [1, 2], [0, 0, 2], ['a', 'b', 'c'], [float('nan')] * 3, {}],
)
def test_what_is_not_a_color(value: object) -> None:
    with pytest.raises(StyleError):
        palettes.parse_color(value)


def test_one_color_starts_from_black() -> None:
    assert palettes.parse_palette('#f80') == ((0, 0, 0, 255), (255, 136, 0, 255))


def test_a_color_that_only_matplotlib_knows_starts_from_nothing() -> None:
    assert palettes.parse_palette('tab:blue') == ((0, 0, 0, 0), (31, 119, 180, 255))


def test_a_list_is_taken_as_it_is() -> None:
    assert palettes.parse_palette(['black', '#ffff']) == palettes.GREYS


@pytest.mark.parametrize(
    'value',
    ['no such', '', None, 3, [], ['red', 'no such'], {'a': 1}, 'x' * 1000, ['red'] * 5000,
     'viridis.Viridis_12.__class__', '__class__', 'palette.Palette.show_as_blocks',
     'viridis.viridis'],
)  # fmt: skip
def test_what_is_not_a_palette(value: object) -> None:
    with pytest.raises(StyleError) as caught:
        palettes.parse_palette(value)
    assert len(caught.value.detail) < 200


def test_names_are_palettes() -> None:
    assert {'viridis', 'plasma_r', 'jet', 'tab20'} <= set(NAMES['matplotlib'])
    assert {'colorbrewer.diverging.RdYlGn_11', 'matplotlib.Viridis_20'} <= set(NAMES['palettable'])
    assert NAMES['simple'] == ['red', 'green', 'blue']
    for group in NAMES.values():
        assert group == sorted(group) or group is NAMES['simple']
        assert all(len(palettes.parse_palette(name)) > 1 for name in group[:50])


def test_every_matplotlib_name_means_what_it_means_to_large_image() -> None:
    utilities = pytest.importorskip('large_image.tilesource.utilities')
    for name in [*NAMES['matplotlib'], *NAMES['palettable'][::25], 'red', 'R', 'tab:red']:
        expected = np.floor(utilities.getPaletteColors(name))
        np.testing.assert_array_equal(palettes.parse_palette(name), expected, err_msg=name)


def test_lookup_between_colors() -> None:
    found = palettes.lookup(palettes.GREYS, np.array([-1, 0, 0.5, 1, 2]))
    np.testing.assert_allclose(found[:, 0], [0, 0, 127.5, 255, 255])
    np.testing.assert_allclose(found[:, 3], 255)


def test_lookup_discrete() -> None:
    three = palettes.parse_palette(['#000', '#888', '#fff'])
    found = palettes.lookup(three, np.array([-1, 0, 0.33, 0.34, 0.67, 1, 2]), discrete=True)
    assert found[:, 0].tolist() == [0, 0, 0, 136, 255, 255, 255]


def test_plotting_is_never_imported() -> None:
    code = (
        'import sys; from django_large_image.pixels import palettes, style;'
        'assert "matplotlib" not in sys.modules and "palettable" not in sys.modules;'
        'palettes.named_palette("viridis");'
        'assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules;'
        'assert not {"django", "osgeo", "large_image"} & sys.modules.keys()'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
