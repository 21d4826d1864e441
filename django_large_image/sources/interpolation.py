"""Samples between the pixels of a window: as GDAL's warper would interpolate them, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from django_large_image.pixels.raster import Array, Band, Mask, Size
from django_large_image.pixels.softening import Blur, soften

RESAMPLINGS = {'nearest': cv2.INTER_NEAREST, 'bilinear': cv2.INTER_LINEAR}
# What OpenCV samples; it cannot address a window of more pixels along a side.
DTYPES = frozenset({'uint8', 'uint16', 'int16', 'float32', 'float64'})
# Of others it knows places between pixels to a 32nd only.
_PRECISE = frozenset({'uint8', 'uint16', 'float32'})
MAX_SIDE = 32000

# x and y (height, width, 2), in pixels.
Places = NDArray[np.float32]

# A place on the border of two pixels is in the later one, whatever the last digit.
_LATER = np.float32(1e-3)
# OpenCV takes x and y as two arrays, or as one.
_NO_MORE: Any = None
# A smaller sum of weights is none.
_LEAST = np.float32(1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A window of one level of an image.

    `data` has the shape (height, width, bands). `alpha` (height, width) is the image's own, 255 is
    seen in full, or its mask; `soft` tells alpha, which is interpolated, from a mask, which is not.
    `valid` has the shape of `data` and is false for nodata and NaN. None: all is seen, all is
    valid. `blur` is how many pixels of the window, across and down, become one of the output.
    """

    data: Array
    alpha: Mask | None
    soft: bool
    valid: Array | None
    blur: Blur

    @property
    def empty(self) -> bool:
        """Whether nothing is seen."""
        return any(known is not None and not known.any() for known in (self.alpha, self.valid))


def sample(
    patch: Patch, places: Places, resampling: str, bands: Sequence[Band]
) -> tuple[Array, Mask | None]:
    """Return the samples (height, width, bands) at places of a patch, and the mask if any.

    `places` (height, width, 2) are x and y in pixels of the patch, whole at their centres. What is
    not valid has no part in its neighbours' samples; a place is masked where the pixel nearest to
    it is.
    """
    if resampling == 'nearest':
        return _nearest(patch.data, places), _nearest_mask(patch, places)
    dtype = patch.data.dtype
    weights = _weights(patch)
    if weights is None:
        return _cast(_interpolate(patch.data, patch.blur, places), dtype), None
    known = patch.data if dtype.kind in 'iu' else np.where(weights > 0, patch.data, 0)
    weighted = known.astype(np.float32)
    weighted *= weights
    empty = nothing(bands, dtype)
    samples = _cast(_divided(patch.blur, weighted, weights, places, empty), dtype)
    mask = _nearest_mask(patch, places)
    if patch.soft and mask is not None and patch.alpha is not None:
        alpha = np.asarray(patch.alpha[:, :, np.newaxis], np.float32)
        smooth = _divided(patch.blur, alpha, np.sign(alpha), places, np.zeros(1))
        mask = np.where(mask > 0, _cast(smooth, mask.dtype)[:, :, 0], mask)
    return samples, mask


def clipped(places: Places, size: Size) -> Places:
    """Return places moved to the nearest centre of a pixel of a window of `size`: OpenCV samples
    those beyond, and those on the last ones, one by one.
    """
    # A value for each channel, of which there may be four; OpenCV's types know of arrays only.
    last: Any = (*(float(side - 1) for side in size), 0.0, 0.0)
    first: Any = (0.0,) * 4
    return np.asarray(cv2.max(cv2.min(places, last), first), np.float32)


def nothing(bands: Sequence[Band], dtype: np.dtype[Any]) -> Array:
    """Return the samples (bands) of a place where there is no image: nodata, or 0."""
    return np.array([band.nodata or 0 for band in bands]).astype(dtype)


def _weights(patch: Patch) -> NDArray[np.float32] | None:
    """Return how much each sample counts, 0 to 1 (height, width, bands); None: all alike."""
    weights: NDArray[np.float32] | None = None
    if patch.alpha is not None:
        alpha = patch.alpha[:, :, np.newaxis].astype(np.float32) / np.float32(255)
        weights = np.broadcast_to(alpha, patch.data.shape).astype(np.float32)
    if patch.valid is not None:
        valid = patch.valid.astype(np.float32)
        weights = valid if weights is None else np.multiply(weights, valid)
    return weights


def _divided(blur: Blur, weighted: Array, weights: Array, places: Places, empty: Array) -> Array:
    """Return the weighted means of samples at places, `empty` (bands) where no sample counts."""
    above, below = _interpolate(weighted, blur, places), _interpolate(weights, blur, places)
    means = np.divide(above, np.maximum(below, _LEAST), out=above)
    return np.where(below > _LEAST, means, empty)


def _interpolate(data: Array, blur: Blur, places: Places) -> Array:
    """Return samples at places between pixels, each the mean of `blur` pixels across and down."""
    if data.dtype.name not in _PRECISE:
        data = data.astype(np.float32)
    data = soften(data, blur)
    if data.shape[2] != 3:
        return _remap(data, places, cv2.INTER_LINEAR)
    # OpenCV samples four bands in half the time of three.
    four = np.asarray(cv2.cvtColor(data, cv2.COLOR_RGB2RGBA))
    return np.asarray(cv2.cvtColor(_remap(four, places, cv2.INTER_LINEAR), cv2.COLOR_RGBA2RGB))


def _nearest_mask(patch: Patch, places: Places) -> Mask | None:
    """Return where the pixel nearest to a place is seen."""
    if patch.alpha is None and patch.valid is None:
        return None
    seen = np.full(patch.data.shape[:2], 255, np.uint8) if patch.alpha is None else patch.alpha
    if patch.valid is not None:
        seen = seen * patch.valid.any(axis=2)
    return np.asarray(_nearest(seen[:, :, np.newaxis], places)[:, :, 0])


def _nearest(data: Array, places: Places) -> Array:
    return _remap(data, places + _LATER, cv2.INTER_NEAREST)


def _remap(data: Array, places: Places, how: int) -> Array:
    """Return samples (height, width, bands) at places.

    OpenCV takes four bands at a time, and of two it knows places to a 32nd of a pixel only.
    """
    count = data.shape[2]
    step = 1 if count % 4 == 2 else 4
    parts = [
        cv2.remap(
            np.ascontiguousarray(data[:, :, first : first + step]),
            places,
            _NO_MORE,
            how,
            borderMode=cv2.BORDER_REPLICATE,
        ).reshape(*places.shape[:2], -1)
        for first in range(0, count, step)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def _cast(data: Array, dtype: np.dtype[Any]) -> Array:
    if data.dtype == dtype:
        return data
    return (np.rint(data) if dtype.kind in 'iu' else data).astype(dtype)
