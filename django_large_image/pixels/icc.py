"""Colours of a device turned into sRGB, as its ICC profile says."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from .raster import Raster

_MODES = {1: 'L', 3: 'RGB'}


def to_srgb(raster: Raster, intent: bool | str | None = None) -> Raster:
    """Return the raster in sRGB; unchanged unless it is 8-bit grey or RGB with a usable profile.

    `intent` is a rendering intent's name; anything else is the perceptual one.
    """
    mode = _MODES.get(raster.data.shape[2])
    if raster.profile is None or raster.dtype != np.uint8 or mode is None:
        return raster
    transform = _transform(raster.profile, mode, str(intent).upper())
    if transform is None:
        return raster
    data = raster.data if mode == 'RGB' else raster.data[:, :, 0]
    image = Image.fromarray(np.ascontiguousarray(data))
    changed = np.asarray(ImageCms.applyTransform(image, transform))
    return replace(raster, data=changed.reshape(raster.data.shape), profile=None)


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str, intent: str) -> Any:
    intents = ImageCms.Intent
    try:
        return ImageCms.buildTransformFromOpenProfiles(
            ImageCms.getOpenProfile(BytesIO(profile)),
            ImageCms.createProfile('sRGB'),
            mode,
            mode,
            renderingIntent=intents.__members__.get(intent, intents.PERCEPTUAL),
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A broken profile is no reason to show nothing.
        return None
