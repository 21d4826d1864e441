"""Windows softened so that interpolating in them averages, as GDAL's warper does."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .raster import Array

# How many pixels, across and down, become one.
Blur = tuple[float, float]

# Workers and threads share the cores already.
cv2.setNumThreads(1)


def soften(data: Array, blur: Blur) -> Array:
    """Return a window (height, width, bands) so softened that interpolating linearly in it averages
    over `blur` pixels. Samples of 16 bits become floats.
    """
    if max(blur) <= 1:
        return data
    if data.dtype == np.uint8 and blur == (2.0, 2.0):
        # The weights are halves and quarters then, which OpenCV does in integers.
        soft = cv2.GaussianBlur(data, (3, 3), 0, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(soft).reshape(data.shape)
    if data.dtype == np.uint16:
        # OpenCV filters them much slower than it turns them into floats and filters those.
        data = data.astype(np.float32)
    across, down = _kernel(blur[0]), _kernel(blur[1])
    soft = cv2.sepFilter2D(data, -1, across, down, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft).reshape(data.shape)


@lru_cache(maxsize=1024)
def _kernel(blur: float) -> NDArray[np.float64]:
    """Return the filter that, with linear interpolation after it, is a triangle of half-width
    `blur`: of the same variance, `blur**2 / 6`, on the average of all places between pixels.
    """
    if blur <= 2:
        side = max(0.0, blur**2 - 1) / 12
        return np.array([side, 1 - 2 * side, side])
    reach = math.ceil(blur) - 1
    weights = np.maximum(0, 1 - np.abs(np.arange(-reach, reach + 1)) / blur)
    return np.asarray(weights / weights.sum())
