"""Samples to the 255 steps between two values, or to the numbers of classes; 0 is nothing.

Whatever says which step a value is on, does so once for all values of 8 and 16 bits: a tile looks
them up.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from .adjustment import UNCHANGED, ColorTransform
from .picture import BlankPicture, IndexedPicture, Picture
from .samples import Samples

Steps = NDArray[np.uint8]

STEPS = 255
_SMALL = {'u1': np.uint8, 'i1': np.uint8, 'u2': np.uint16, 'i2': np.uint16}


class Scale(Hashable, Protocol):
    """What says of values (any shape and type) which step (1 to 255, 0: none) each is on.

    Equal scales say the same.
    """

    def steps(self, values: NDArray[Any]) -> Steps:
        """Return the steps, in the shape of the values."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The steps between two finite values, `low` on step 1 and `high` on step 255.

    What lies beyond is on the end's step; where both are the same, all above it is on the last.
    `transform` bends what is between, on a single channel.
    """

    low: float
    high: float
    transform: ColorTransform = UNCHANGED

    def steps(self, values: NDArray[Any]) -> Steps:
        """Return the nearest steps; 0 for what is no finite number."""
        if not self.transform.operations:
            # One division at the end: steps that lie half-way between two do so exactly.
            return _rounded(self._scaled(values, STEPS - 1))
        bent = self.transform.apply(self.positions(values)[..., np.newaxis])[..., 0]
        return _rounded(bent * (STEPS - 1))

    def positions(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return where values lie between the ends, from 0 to 1; NaN for no finite number."""
        return np.clip(self._scaled(values, 1), 0, 1)

    def _scaled(self, values: NDArray[Any], full: int) -> NDArray[np.float64]:
        with np.errstate(all='ignore'):
            real = np.abs(values) if values.dtype.kind == 'c' else values
            scaled: NDArray[np.float64] = np.subtract(real, self.low, dtype=np.float64)
            if self.high > self.low:
                scaled *= full
                scaled /= self.high - self.low
            else:
                scaled = np.where(scaled > 0, float(full), 0.0)
        if values.dtype.kind in 'fc':
            np.copyto(scaled, np.nan, where=~np.isfinite(values))
        return scaled


def gray(scale: Scale, samples: Samples, colors: NDArray[np.uint8]) -> Picture:
    """Return one band as an indexed picture: `colors` (256, 4) are those of the steps."""
    steps = look_up(scale, samples)
    return IndexedPicture(steps, colors) if steps.any() else BlankPicture(*steps.shape)


def rgb(
    stretches: Sequence[Stretch], bands: Sequence[Samples], transform: ColorTransform
) -> Picture:
    """Return three bands as red, green and blue from 1 to 255; transparent where one is missing.

    `transform` is on the three channels together.
    """
    if transform.mixes:
        positions = [
            stretch.positions(band.floats()) for stretch, band in zip(stretches, bands, strict=True)
        ]
        colors = np.stack(positions, axis=-1)
        missing = np.isnan(colors).any(axis=-1)
        colors[missing] = 0
        mixed = _rounded(transform.apply(colors) * (STEPS - 1))
        channels = [mixed[..., channel] for channel in range(3)]
        seen = ~missing
    else:
        channels = [
            look_up(Stretch(stretch.low, stretch.high, transform.curve(index)), band)
            for index, (stretch, band) in enumerate(zip(stretches, bands, strict=True))
        ]
        seen = np.minimum(np.minimum(channels[0], channels[1]), channels[2]) > 0
    if not seen.any():
        return BlankPicture(*seen.shape)
    if seen.all():
        return Picture(np.asarray(cv2.merge(channels)), 'RGB')
    alpha = seen.view(np.uint8) * np.uint8(255)
    # Nothing has no colour.
    shown: list[Any] = [*(channel & alpha for channel in channels), alpha]
    return Picture(np.asarray(cv2.merge(shown)), 'RGBA')


def look_up(scale: Scale, samples: Samples) -> Steps:
    """Return the steps (height, width) of samples, 0 where there is none."""
    kind = samples.values.dtype.str[1:]
    if kind in _SMALL:
        steps = np.take(_table(scale, kind), samples.values.view(_SMALL[kind]))
    else:
        steps = scale.steps(samples.values)
    return steps if samples.valid is None else steps * samples.valid


@lru_cache(maxsize=128)
def _table(scale: Scale, kind: str) -> Steps:
    """Return the steps of all values of a small type, in the order of their bits."""
    return scale.steps(np.arange(1 << (8 * int(kind[1]))).astype(_SMALL[kind]).view(kind))


def _rounded(scaled: NDArray[np.float64]) -> Steps:
    """Return steps from what runs from 0 to 254, and beyond; NaN is 0. Changes what it is given."""
    np.clip(scaled, 0, STEPS - 1, out=scaled)
    scaled += 1
    np.rint(scaled, out=scaled)
    # It takes the number where the other is none.
    return np.asarray(np.fmax(scaled, 0, out=scaled).astype(np.uint8))
