"""Colour transforms, as a client writes them: `gamma rgb 1.8, sigmoidal b 10 0.4, saturation 1.2`.

The language is that of rio-color. Values run from 0 to 1. Sigmoidal contrast is that of
ImageMagick (https://imagemagick.org/Usage/color_mods/#sigmoidal); saturation scales the chroma in
CIE L*a*b*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import ParameterError

Values = NDArray[Any]
Curve = Callable[..., Values]

MAX_LENGTH = 500
MAX_OPERATIONS = 16
_CHANNELS = {'r': 0, 'g': 1, 'b': 2, '1': 0, '2': 1, '3': 2}
# More contrast is a step; the exponential of more is beyond floating point.
_MAX_CONTRAST = 100.0
_LEAST = 1e-9


def _gamma(values: Values, gamma: float) -> Values:
    return np.asarray(values ** (1 / gamma))


def _sigmoidal(values: Values, contrast: float, middle: float) -> Values:
    """Return values with more contrast round `middle`, with less where `contrast` is negative."""
    if contrast == 0:
        return values
    slope = abs(contrast)
    start, end = _logistic(slope * -middle), _logistic(slope * (1 - middle))
    if contrast > 0:
        return np.asarray((_logistic(slope * (values - middle)) - start) / (end - start))
    between = np.clip(start + values * (end - start), _LEAST, 1 - _LEAST)
    return np.asarray(np.clip(middle + np.log(between / (1 - between)) / slope, 0, 1))


def _logistic(values: Any) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-values)))


# Name: the curve and what is allowed of each of its parameters (at least, at most).
_CURVES: dict[str, tuple[Curve, tuple[tuple[float, float], ...]]] = {
    'gamma': (_gamma, ((0.01, 100.0),)),
    'sigmoidal': (_sigmoidal, ((-_MAX_CONTRAST, _MAX_CONTRAST), (0.0, 1.0))),
}
_SATURATION = 'saturation'
_MAX_SATURATION = 100.0


@dataclass(frozen=True, slots=True)
class Operation:
    """One curve on some channels (from 0), or the saturation of all three of them."""

    name: str
    channels: tuple[int, ...]
    parameters: tuple[float, ...]

    @property
    def mixes(self) -> bool:
        """Whether a channel of the result depends on others."""
        return self.name == _SATURATION

    def apply(self, values: Values) -> Values:
        """Return values (..., channels) from 0 to 1."""
        if self.mixes:
            return _saturated(values, *self.parameters)
        curve, _ = _CURVES[self.name]
        changed = values.copy()
        for channel in self.channels:
            changed[..., channel] = curve(values[..., channel], *self.parameters)
        return changed


@dataclass(frozen=True, slots=True)
class ColorTransform:
    """Operations in order."""

    operations: tuple[Operation, ...] = ()

    @classmethod
    def parse(cls, text: str, channels: int) -> ColorTransform:
        """Read the operations on so many channels, 1 or 3; raises `ParameterError`."""
        return _parse(text, channels)

    @property
    def mixes(self) -> bool:
        """Whether a channel of the result depends on others."""
        return any(operation.mixes for operation in self.operations)

    def curve(self, channel: int) -> ColorTransform:
        """Return what is done to one channel alone, as a transform of a single one."""
        return ColorTransform(
            tuple(
                Operation(each.name, (0,), each.parameters)
                for each in self.operations
                if channel in each.channels
            )
        )

    def apply(self, values: Values) -> Values:
        """Return values (..., channels) from 0 to 1 after all operations."""
        for operation in self.operations:
            values = operation.apply(values)
        return values


UNCHANGED = ColorTransform()


@lru_cache(maxsize=256)
def _parse(text: str, channels: int) -> ColorTransform:
    words = text.replace(',', ' ').lower().split()
    if len(text) > MAX_LENGTH:
        raise ParameterError(f'A color transform has at most {MAX_LENGTH} characters.')
    operations = tuple(_operation(group, channels) for group in _groups(words))
    if not operations or len(operations) > MAX_OPERATIONS:
        raise ParameterError(f'A color transform has 1 to {MAX_OPERATIONS} operations.')
    return ColorTransform(operations)


def _groups(words: list[str]) -> Iterator[list[str]]:
    """Yield the words of each operation, its name first."""
    starts = [index for index, word in enumerate(words) if word in {*_CURVES, _SATURATION}]
    if not starts or starts[0]:
        raise ParameterError(
            f'{" ".join(words)[:20]!r} is no color operation: use gamma, sigmoidal or saturation.'
        )
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield words[start:end]


def _operation(words: list[str], channels: int) -> Operation:
    name, rest = words[0], words[1:]
    if name == _SATURATION:
        if channels != 3:
            raise ParameterError('saturation needs three bands.')
        return Operation(name, (0, 1, 2), _numbers(name, rest, ((0.0, _MAX_SATURATION),)))
    _, limits = _CURVES[name]
    chosen = rest[0] if rest else ''
    found = tuple(sorted({_CHANNELS.get(letter, channels) for letter in chosen}))
    if not found or found[-1] >= channels:
        bands = '1' if channels == 1 else 'letters of rgb'
        raise ParameterError(f'The bands of {name} are {bands}, not {chosen[:20]!r}.')
    return Operation(name, found, _numbers(name, rest[1:], limits))


def _numbers(
    name: str, words: list[str], limits: tuple[tuple[float, float], ...]
) -> tuple[float, ...]:
    if len(words) != len(limits):
        raise ParameterError(f'{name} takes {len(limits)} number{"s" * (len(limits) > 1)}.')
    numbers = []
    for word, (least, most) in zip(words, limits, strict=True):
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise ParameterError(f'A number of {name} is {least:g} to {most:g}, not {word[:20]!r}.')
        numbers.append(number)
    return tuple(numbers)


def _saturated(values: Values, factor: float) -> Values:
    """Return colours (height, width, 3) whose chroma is `factor` times as large."""
    lab = cv2.cvtColor(np.ascontiguousarray(values, np.float32), cv2.COLOR_RGB2Lab)
    lab = np.multiply(lab, np.array([1, factor, factor], np.float32))
    colors = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB))
    return np.clip(colors, 0, 1).astype(values.dtype)
