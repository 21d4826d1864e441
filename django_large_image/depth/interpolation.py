"""How rows of one width become rows of another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import ParameterError

# What OpenCV means by them: `nearest` is the column at floor(x * measured / width), `bicubic` has
# -0.75 as its parameter, `lanczos` four lobes.
MODES = {
    'nearest': cv2.INTER_NEAREST,
    'bilinear': cv2.INTER_LINEAR,
    'bicubic': cv2.INTER_CUBIC,
    'area': cv2.INTER_AREA,
    'lanczos': cv2.INTER_LANCZOS4,
}
# OpenCV may compute so many rows at the edges by other instructions, with other last digits.
_EDGE = 4


def mode(name: str) -> int:
    """Return OpenCV's number of a mode; raises `ParameterError` for an unknown one."""
    try:
        return MODES[name]
    except KeyError:
        raise ParameterError(
            f'Unknown interpolation {name!r}. Known: {", ".join(MODES)}.'
        ) from None


def resize(values: NDArray[np.float32], width: int, name: str) -> NDArray[np.float32]:
    """Return rows (n, measured) as rows (n, width), each on its own; all in float32.

    What is interpolated of NaN is NaN, and a row's NaN never reaches another row. Raises
    `ParameterError` for an unknown mode.
    """
    how = mode(name)
    if values.shape[1] == width:
        return values
    missing = np.isnan(values)
    if not missing.any():
        return _resized(values, width, how)
    resized = _resized(np.where(missing, np.float32(0), values), width, how)
    # Alone: OpenCV adds neighbouring rows with a weight of 0, which NaN survives.
    for row in np.flatnonzero(missing.any(axis=1)):
        resized[row] = _resized(values[row : row + 1], width, how)
    return resized


def _resized(values: NDArray[np.float32], width: int, how: int) -> NDArray[np.float32]:
    """Return rows of another width: the same ones whatever rows they are among."""
    padded = np.pad(values, ((_EDGE, _EDGE), (0, 0)), 'edge')
    resized = cv2.resize(padded, (width, len(padded)), interpolation=how)
    return np.asarray(resized.reshape(-1, width)[_EDGE:-_EDGE], np.float32)
