"""Colours of a device turned into sRGB, as its ICC profile says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from .raster import Array, Band, Raster

_MODES = {1: 'L', 3: 'RGB'}


def to_srgb(raster: Raster, intent: bool | str | None = None) -> Raster:
    """Return the raster in sRGB; unchanged unless it is 8-bit grey or RGB with a usable profile.

    `intent` is a rendering intent's name; anything else is the perceptual one.
    """
    if raster.profile is None or raster.dtype != np.uint8:
        return raster
    # Numbers of a colour table are no colours, and fewer bits would be dark ones.
    if any(band.interpretation == 'palette' or band.bits for band in raster.bands):
        return raster
    negative = np.uint8(255 if any(band.inverted for band in raster.bands) else 0)
    data = _convert(raster.data ^ negative, raster.profile, intent)
    return raster if data is None else replace(raster, data=data ^ negative, profile=None)


def colors_to_srgb(
    bands: Sequence[Band], profile: bytes, intent: bool | str | None = None
) -> tuple[Band, ...]:
    """Return the bands with their colour tables in sRGB, as `to_srgb` does; alpha stays."""
    return tuple(_recolor(band, profile, intent) for band in bands)


def _recolor(band: Band, profile: bytes, intent: bool | str | None) -> Band:
    if band.interpretation != 'palette' or not band.colors:
        return band
    colors = np.array([band.colors], np.uint8)
    changed = _convert(colors[:, :, :3], profile, intent)
    if changed is None:
        return band
    colors[:, :, :3] = changed
    return replace(band, colors=tuple(map(tuple, colors[0].tolist())))


def _convert(data: Array, profile: bytes, intent: bool | str | None) -> Array | None:
    """Return 8-bit colours (height, width, 1 or 3) in sRGB; None where that cannot be done."""
    mode = _MODES.get(data.shape[2])
    transform = mode and _transform(profile, mode, str(intent).upper())
    if not transform:
        return None
    image = Image.fromarray(np.ascontiguousarray(data if mode == 'RGB' else data[:, :, 0]))
    # What was grey is so in all three.
    return np.asarray(ImageCms.applyTransform(image, transform))[:, :, : data.shape[2]]


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str, intent: str) -> Any:
    intents = ImageCms.Intent
    try:
        return ImageCms.buildTransformFromOpenProfiles(
            ImageCms.getOpenProfile(BytesIO(profile)),
            ImageCms.createProfile('sRGB'),
            mode,
            'RGB',
            renderingIntent=intents.__members__.get(intent, intents.PERCEPTUAL),
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A broken profile is no reason to show nothing.
        return None
