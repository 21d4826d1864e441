"""Pictures turned: mirrored, rotated, shown the right way up, and in fewer colours."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import BudgetError

from .picture import IndexedPicture, Picture, unweighted, weighted
from .raster import Size

Box = tuple[int, int, int, int]

# Of the sides of a picture that OpenCV warps.
_MAX_SIDE = 32766
# The lightest grey that is black.
_DARK = 127


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pixels are shown: rows and columns exchanged, then mirrored across, and down."""

    transposed: bool = False
    across: bool = False
    down: bool = False

    def size(self, size: Size) -> Size:
        """Return the size (width, height) that is shown of a stored one, or stored of a shown."""
        return (size[1], size[0]) if self.transposed else size

    def stored(self, box: Box, shown: Size) -> Box:
        """Return the stored place of a box (left, top, right, bottom) of what is shown in `shown`
        pixels.
        """
        left, top, right, bottom = box
        if self.across:
            left, right = shown[0] - right, shown[0] - left
        if self.down:
            top, bottom = shown[1] - bottom, shown[1] - top
        return (top, left, bottom, right) if self.transposed else (left, top, right, bottom)

    def show(self, picture: Picture) -> Picture:
        """Return a picture of stored pixels as it is shown."""
        return _arranged(picture, self._show) if self != UPRIGHT else picture

    def _show(self, data: NDArray[Any]) -> NDArray[Any]:
        data = data.swapaxes(0, 1) if self.transposed else data
        return data[:: -1 if self.down else 1, :: -1 if self.across else 1]


UPRIGHT = Orientation()
# By the value of the tag Orientation of TIFF 6.0, which EXIF has taken over.
ORIENTATIONS = {
    1: UPRIGHT,
    2: Orientation(across=True),
    3: Orientation(across=True, down=True),
    4: Orientation(down=True),
    5: Orientation(transposed=True),
    6: Orientation(transposed=True, across=True),
    7: Orientation(transposed=True, across=True, down=True),
    8: Orientation(transposed=True, down=True),
}


def mirror(picture: Picture) -> Picture:
    """Return the picture with left and right exchanged."""
    return ORIENTATIONS[2].show(picture)


def turned_size(size: Size, degrees: float) -> Size:
    """Return the size (width, height) of the smallest picture that holds a rotated one."""
    width, height = size
    if degrees % 90 == 0:
        return (height, width) if degrees % 180 else size
    radians = math.radians(degrees)
    cos, sin = abs(math.cos(radians)), abs(math.sin(radians))
    # Without the noise of the last digits a whole number stays one.
    across, down = width * cos + height * sin, width * sin + height * cos
    return math.ceil(across - 1e-6), math.ceil(down - 1e-6)


def rotate(picture: Picture, degrees: float) -> Picture:
    """Return the picture rotated clockwise: exactly by right angles; by others all of it is kept,
    in a larger picture whose corners are transparent.

    Raises `BudgetError` for a picture too long to be rotated by another angle.
    """
    degrees %= 360
    if degrees % 90 == 0:
        quarters = int(degrees // 90)
        return _arranged(picture, lambda data: np.rot90(data, -quarters)) if quarters else picture
    picture = picture.displayable
    if picture.data.dtype not in (np.uint8, np.uint16):
        picture = picture.to_uint8()
    old, new = (
        (picture.width, picture.height),
        turned_size((picture.width, picture.height), degrees),
    )
    if max(*old, *new) > _MAX_SIDE:
        raise BudgetError(
            f'Pictures of more than {_MAX_SIDE} pixels along a side are rotated by multiples of '
            '90 degrees only.'
        )
    turn = _clockwise(old, new, degrees)
    if picture.has_alpha:
        warped = _warp(weighted(picture.data, picture.full), turn, new, cv2.BORDER_CONSTANT)
        return Picture(unweighted(warped, picture.full, picture.data.dtype), picture.mode)
    # Beyond the edges lies more of the same: only alpha ends there.
    colors = _warp(picture.data, turn, new, cv2.BORDER_REPLICATE)
    opaque = np.full((picture.height, picture.width), picture.full, picture.data.dtype)
    alpha = _warp(opaque, turn, new, cv2.BORDER_CONSTANT)
    return Picture(np.dstack((colors, alpha)), f'{picture.mode}A')


def gray(picture: Picture) -> Picture:
    """Return the picture in shades of grey, alpha kept."""
    picture = picture.displayable
    if picture.mode in ('L', 'LA'):
        return picture
    data = np.ascontiguousarray(picture.data)
    if data.dtype not in (np.uint8, np.uint16):
        data = data.astype(np.float32)
    shades = cv2.cvtColor(np.ascontiguousarray(data[:, :, :3]), cv2.COLOR_RGB2GRAY)
    planes = [shades, data[:, :, 3]] if picture.has_alpha else [shades]
    return Picture.from_array(np.dstack(planes).astype(picture.data.dtype, copy=False))


def bitonal(picture: Picture) -> Picture:
    """Return the picture in black and white, every pixel shown in full or not at all."""
    shades = gray(picture.to_uint8())
    return Picture(np.where(shades.data > _DARK, np.uint8(255), np.uint8(0)), shades.mode)


def _arranged(picture: Picture, arrange: Callable[[NDArray[Any]], NDArray[Any]]) -> Picture:
    """Return the picture with its pixels elsewhere."""
    if isinstance(picture, IndexedPicture):
        return IndexedPicture(
            np.ascontiguousarray(arrange(picture.pixels)), picture.colors, picture.mode
        )
    return Picture(np.ascontiguousarray(arrange(picture.data)), picture.mode)


def _clockwise(old: Size, new: Size, degrees: float) -> NDArray[np.float64]:
    """Return the matrix (2, 3) from pixels of a picture to those of the rotated one, round the
    centres of both.
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    (x, y), (to_x, to_y) = ((np.array(size) - 1) / 2 for size in (old, new))
    return np.array([[cos, -sin, to_x - cos * x + sin * y], [sin, cos, to_y - sin * x - cos * y]])


def _warp(data: NDArray[Any], matrix: NDArray[np.float64], size: Size, border: int) -> NDArray[Any]:
    warped = cv2.warpAffine(np.ascontiguousarray(data), matrix, size, borderMode=border)
    return np.asarray(warped).reshape(size[1], size[0], -1)
