"""The colours of the 255 steps of a stretch, by the name of a colour map."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import StyleError

from .palettes import lookup, parse_palette
from .stretch import STEPS

Colors = NDArray[np.uint8]

# What Terracotta has beside those of matplotlib: the lower a value, the less of it is seen.
_CLOUD = ((128, 128, 128, 0), (170, 170, 170, 127), (213, 213, 213, 255), (255, 255, 255, 255))


@lru_cache(maxsize=256)
def colormap(name: str | None) -> Colors:
    """Return RGBA (256, 4), uint8: what is nothing, then the steps 1 to 255; grey without a name.

    Colour maps of matplotlib are found in lower case too; `cloud` is one more. Other names are
    those of palettes.
    Raises `StyleError` for a name that is neither.
    """
    if name is None:
        steps = np.arange(1, STEPS + 1, dtype=np.uint8)
        shades = np.stack([steps, steps, steps, np.full(STEPS, 255, np.uint8)], axis=1)
    else:
        shades = _sampled(name)
    return with_nothing(shades)


def with_nothing(shades: Colors) -> Colors:
    """Return up to 255 colours (n, 4) after a transparent one."""
    return np.concatenate([np.zeros((1, 4), np.uint8), shades])


def _sampled(name: str) -> Colors:
    positions = np.linspace(0, 1, STEPS)
    found = _matplotlib().get(name) or _matplotlib().get(name.lower())
    if found is not None:
        # Fractions are cut off, as in the colour maps of others.
        return np.asarray(np.asarray(found(positions)) * 255).astype(np.uint8)
    try:
        palette = _CLOUD if name == 'cloud' else parse_palette(name)
        return lookup(palette, positions).astype(np.uint8)
    except StyleError:
        raise StyleError(f'There is no colour map {name[:60]!r}.') from None


@lru_cache(maxsize=1)
def _matplotlib() -> dict[str, Any]:
    """Return the colour maps of matplotlib, where it is installed, by their name as it is and in
    lower case.
    """
    try:
        known = import_module('matplotlib').colormaps
    except ImportError:
        return {}
    exact = {name: known[name] for name in known}
    return {**{name.lower(): found for name, found in exact.items()}, **exact}
