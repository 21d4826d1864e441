"""Colour maps of a project's own, stored by name or written into a request, beside those by name of
`pixels.colormap`.

Stops are pairs of a position and a colour; between them colours are mixed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from django_large_image.depth.models import Colormap
from django_large_image.exceptions import StyleError
from django_large_image.pixels.categories import written_color
from django_large_image.pixels.colormap import Colors, colormap, with_nothing
from django_large_image.pixels.palettes import RGBA
from django_large_image.pixels.stretch import STEPS

Stops = tuple[tuple[float, RGBA], ...]

MAX_STOPS = 256
_REVERSED = '_r'


def parse_stops(value: object) -> Stops:
    """Return the stops of a list such as `[[0, "#000"], [0.5, [255, 0, 0]], [1, "white"]]`.

    Positions run from 0 to 1; colours are those of `written_color`. Raises `StyleError`.
    """
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= MAX_STOPS:
        raise StyleError(f'A colour map is a list of 2 to {MAX_STOPS} stops [position, color].')
    stops = tuple(_parse_stop(stop) for stop in value)
    positions = [position for position, _ in stops]
    if positions != sorted(positions):
        raise StyleError('The stops of a colour map have to be in the order of their positions.')
    return stops


def _parse_stop(stop: object) -> tuple[float, RGBA]:
    if not isinstance(stop, list | tuple) or len(stop) != 2:
        raise StyleError('A stop of a colour map is a pair [position, color].')
    position, color = stop
    number = isinstance(position, int | float) and not isinstance(position, bool)
    # A whole number may be beyond every float; NaN is not between 0 and 1.
    if not number or not 0 <= position <= 1:
        raise StyleError(f'The position of a stop is from 0 to 1, not {str(position)[:40]!r}.')
    return float(position), written_color(color)


def stored_stops(name: str) -> Stops | None:
    """Return the stops of a stored colour map; with `_r` behind its name they are reversed.

    None where none is stored under the name.
    """
    if not name.isprintable():
        # Databases refuse some such texts.
        return None
    found = dict(
        Colormap.objects.filter(name__in={name, name.removesuffix(_REVERSED)}).values_list(
            'name', 'stops'
        )
    )
    if name in found:
        return parse_stops(found[name])
    if not found:
        return None
    stops = parse_stops(found[name.removesuffix(_REVERSED)])
    return tuple((1 - position, color) for position, color in reversed(stops))


def written_stops(text: str) -> Stops | None:
    """Return the stops that a text is the JSON of; None for a name. Raises `StyleError`."""
    if not text.lstrip().startswith('['):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise StyleError('The stops of the colour map are not valid JSON.') from None
    return parse_stops(value)


def find(said: str | None) -> Colors:
    """Return the colours (256, 4) of `pixels.colormap` for a name or stops as JSON; grey for None.

    A stored colour map goes before another one of its name. Raises `StyleError`.
    """
    if said is None:
        return colormap(None)
    stops = written_stops(said) or stored_stops(said)
    return colormap(said) if stops is None else shades(stops)


@lru_cache(maxsize=256)
def shades(stops: Stops) -> Colors:
    """Return the colours of the steps of stops, those beyond the outermost like these."""
    positions, colors = zip(*stops, strict=True)
    steps = np.linspace(0, 1, STEPS)
    channels = [np.interp(steps, positions, channel) for channel in zip(*colors, strict=True)]
    # Fractions are cut off, as in the other colour maps.
    return with_nothing(np.stack(channels, axis=1).astype(np.uint8))


def resolve_palettes(style: Mapping[str, Any]) -> dict[str, Any]:
    """Return a style of large-image whose palettes that are stored here are lists of colours."""
    bands = style.get('bands')
    if isinstance(bands, list):
        layers = [_resolve(band) if isinstance(band, dict) else band for band in bands]
        return {**style, 'bands': layers}
    return _resolve(style)


def _resolve(layer: Mapping[str, Any]) -> dict[str, Any]:
    name = layer.get('palette')
    stops = stored_stops(name) if isinstance(name, str) else None
    if stops is None:
        return dict(layer)
    colors = ['#{:02x}{:02x}{:02x}{:02x}'.format(*color) for color in shades(stops)[1:].tolist()]
    return {**layer, 'palette': colors}
