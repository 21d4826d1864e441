"""Colours and palettes by name: what a style may call them, and the RGBA values they stand for.

The names and their meaning are large-image's: a list of colours, one colour (from black to it), a
palettable path such as `viridis.Viridis_12`, or a matplotlib colour map. matplotlib and palettable
are looked for when a name needs them, never before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from django_large_image.exceptions import StyleError

RGBA = tuple[int, int, int, int]
Palette = tuple[RGBA, ...]

GREYS: Palette = ((0, 0, 0, 255), (255, 255, 255, 255))
FADE: Palette = ((255, 255, 255, 0), (255, 255, 255, 255))
COLORTABLE = 'colortable'
MAX_COLORS = 4096

# What people mean by these, as opposed to CSS, whose green is a dark one.
_PRIMARIES = {
    'R': '#ff0000',
    'G': '#00ff00',
    'B': '#0000ff',
    'RED': '#ff0000',
    'GREEN': '#00ff00',
    'BLUE': '#0000ff',
}
_SIMPLE = ('red', 'green', 'blue')
_PALETTABLE_PATH = re.compile(r'[A-Za-z]\w*(?:\.[A-Za-z]\w*)+')
_LONGEST_NAME = 100


def parse_color(value: object) -> RGBA:
    """Return the RGBA of one colour: `#rgb[a]`, `#rrggbb[aa]`, `rgb()`, a name, or 3-4 fractions.

    Raises StyleError for anything else.
    """
    if isinstance(value, list | tuple):
        return _from_fractions(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise StyleError(f'{_show(value)} is not a color.')
    color = _pillow_color(value) or _matplotlib_color(value)
    if color is None:
        raise StyleError(f'{_show(value)} is not a color.')
    return color


def parse_palette(value: object) -> Palette:
    """Return the colours of a palette given as a name, one colour, or a list of colours.

    Raises StyleError when it is none of these.
    """
    if isinstance(value, list | tuple):
        if not value or len(value) > MAX_COLORS:
            raise StyleError(f'A palette takes 1 to {MAX_COLORS} colors, not {len(value)}.')
        return tuple(parse_color(color) for color in value)
    if not isinstance(value, str) or not value or len(value) > _LONGEST_NAME:
        raise StyleError(f'{_show(value)} is not a palette.')
    return named_palette(value)


@lru_cache(maxsize=256)
def named_palette(name: str) -> Palette:
    """Return the palette of a colour, palettable or matplotlib name; StyleError if unknown."""
    color = _pillow_color(name)
    if color is not None:
        return ((0, 0, 0, 255), color)
    palette = _palettable(name) or _matplotlib(name)
    if palette is None:
        raise StyleError(f'There is no palette {_show(name)}.')
    return palette


def lookup(
    palette: Palette | NDArray[Any], positions: NDArray[Any], *, discrete: bool = False
) -> NDArray[Any]:
    """Return float RGBA (..., 4) for positions between 0, the first colour, and 1, the last."""
    colors = np.asarray(palette, np.float64)
    if discrete:
        # Clipped before the cast: positions may be beyond every whole number.
        index = np.clip(np.floor(positions * len(colors)), 0, len(colors) - 1)
        picked: NDArray[Any] = colors[index.astype(np.intp)]
        return picked
    stops = np.linspace(0, 1, len(colors))
    return np.stack([np.interp(positions, stops, colors[:, i]) for i in range(4)], axis=-1)


@lru_cache(maxsize=1)
def names() -> dict[str, list[str]]:
    """Return the names that a client can choose from, by the library they come from."""
    return {
        'matplotlib': _matplotlib_names(),
        'palettable': sorted(set(_palettable_names())),
        'simple': list(_SIMPLE),
    }


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _from_fractions(value: Sequence[Any]) -> RGBA:
    try:
        parts = [float(part) for part in value]
    except (TypeError, ValueError):
        raise StyleError(f'{_show(value)} is not a color.') from None
    if not 3 <= len(parts) <= 4 or not all(0 <= part <= 1 for part in parts):
        raise StyleError(f'{_show(value)} is not a color: it takes 3 or 4 numbers from 0 to 1.')
    red, green, blue, alpha = (int(part * 255) for part in (*parts, 1.0)[:4])
    return red, green, blue, alpha


@lru_cache(maxsize=1024)
def _pillow_color(name: str) -> RGBA | None:
    try:
        red, green, blue, alpha = ImageColor.getcolor(_PRIMARIES.get(name, name), 'RGBA')  # type: ignore[misc]
    except (ValueError, TypeError):
        return None
    return red, green, blue, alpha


def _matplotlib_color(name: str) -> RGBA | None:
    colors = _optional('matplotlib.colors')
    if colors is None or not colors.is_color_like(name):
        return None
    return _pillow_color(colors.to_hex(name))


def _hex_palette(colors: Sequence[str]) -> Palette:
    return tuple(parse_color(color) for color in colors)


def _palettable(name: str) -> Palette | None:
    # palettable loads matplotlib's plotting, so nothing but its own names may load palettable.
    palettable = _optional('palettable') if _PALETTABLE_PATH.fullmatch(name) else None
    if palettable is None:
        return None
    try:
        colors = attrgetter(name)(palettable).hex_colors
    except AttributeError:
        return None
    return _hex_palette(colors) if isinstance(colors, list) else None


def _matplotlib(name: str) -> Palette | None:
    matplotlib = _optional('matplotlib')
    colors = _optional('matplotlib.colors')
    if matplotlib is None or colors is None:
        return None
    if name in colors.get_named_colors_mapping():
        return ((0, 0, 0, 0), parse_color(colors.to_hex(name)))
    if name not in matplotlib.colormaps:
        return None
    colormap = matplotlib.colormaps[name]
    stops = _segments(colormap) if isinstance(colormap, colors.LinearSegmentedColormap) else None
    return stops or _hex_palette([colors.to_hex(colormap(i)) for i in range(colormap.N)])


def _segments(colormap: Any) -> Palette | None:
    """Return the control colours of a segmented map, or None when it is defined by functions.

    Like large-image, this takes the n-th stop of each channel together, wherever they stand.
    """
    data = colormap._segmentdata
    try:
        channels = [data['red'], data['green'], data['blue']]
        if data.get('alpha') is not None:
            channels.append(data['alpha'])
        stops: list[RGBA] = []
        for index in range(len(channels[0])):
            parts = [round(float(channel[index][-1]) * 255) for channel in channels]
            red, green, blue, alpha = [*parts, 255][:4]
            if not stops or stops[-1] != (red, green, blue, alpha):
                stops.append((red, green, blue, alpha))
    except (TypeError, KeyError, IndexError):
        return None
    return tuple(stops)


def _matplotlib_names() -> list[str]:
    matplotlib = _optional('matplotlib')
    return sorted(matplotlib.colormaps) if matplotlib is not None else []


def _palettable_names() -> Iterator[str]:
    palettable = _optional('palettable')
    if palettable is not None:
        yield from _walk(palettable, '', 0)


def _walk(module: ModuleType, prefix: str, depth: int) -> Iterator[str]:
    for key in dir(module):
        if key.startswith('_'):
            continue
        value = getattr(module, key)
        if isinstance(value, ModuleType):
            # Modules of other packages, which these happen to import, are none of our business.
            if depth < 3 and value.__name__.startswith('palettable'):
                yield from _walk(value, f'{prefix}{key}.', depth + 1)
        elif prefix and isinstance(getattr(value, 'hex_colors', None), list):
            yield prefix + key


def _optional(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None
