"""From samples to colours: lookup tables in the samples' own type."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .palettes import lookup
from .quantization import Quantized, quantize

# How finely the range of a sample type that is too large to be listed is divided.
_STEPS = 1 << 16
_SMALL = ('u1', 'i1', 'u2', 'i2')


@dataclass(frozen=True, slots=True)
class Ramp:
    """A range of sample values and the colours that it runs through.

    `palette` is packed RGBA. Values beyond the range take the end's colour when `clamp` is set and
    are left out otherwise; `nodata` and NaN are always left out.
    """

    low: float
    high: float
    palette: bytes
    discrete: bool = False
    clamp: bool = True
    nodata: float | None = None

    def scale(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return positions in the range: 0 at `low`, 1 at `high`."""
        span = (self.high - self.low) or 1.0
        span = math.copysign(min(abs(span), sys.float_info.max), span)
        # Single precision is enough for single samples, unless the range is beyond it.
        single = values.dtype.kind == 'f' and values.dtype.itemsize <= 4
        single = single and 1e-30 < abs(span) < 1e30 and abs(self.low) < 1e30
        values = values.astype(np.float32 if single else np.float64, copy=False)
        # Nodata is often the largest number there is.
        with np.errstate(over='ignore', invalid='ignore'):
            scaled: NDArray[Any] = (values - self.low) / span
        return scaled

    def valid(self, values: NDArray[Any], positions: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Return which samples are shown, or `None` when all are."""
        valid: NDArray[np.bool_] | None = None
        if values.dtype.kind == 'f':
            valid = values == values
        if self.nodata is not None and self.nodata == self.nodata:
            there = values != _within(self.nodata, values.dtype)
            valid = there if valid is None else valid & there
        if not self.clamp:
            inside = (positions >= 0) & (positions <= 1)
            valid = inside if valid is None else valid & inside
        return valid

    def colors(self, positions: NDArray[Any]) -> NDArray[Any]:
        """Return float RGBA (..., 4), 0-255, for positions."""
        palette = np.frombuffer(self.palette, np.uint8).reshape(-1, 4)
        return lookup(palette, positions, discrete=self.discrete)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The colours of every index: RGBA in 32 bits.

    If all is grey, `grey` is that in 8 bits, or in 16 together with alpha where not all is opaque.
    Otherwise `quantized` is the same in few colours, if there are such.
    """

    packed: NDArray[np.uint32]
    opaque: bool
    grey: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    quantized: Quantized | None = None


def _within(nodata: float, dtype: np.dtype[Any]) -> float:
    """Return the number as floating samples hold it: written out, the lowest may lie below it."""
    if dtype.kind != 'f':
        return nodata
    end = float(np.finfo(dtype).max)
    return min(max(nodata, -end), end)


def index(ramp: Ramp, samples: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Return where in a table each sample finds its colour, and the name of that kind of table."""
    if samples.dtype.kind == 'c':
        samples = np.abs(samples)
    kind = samples.dtype.str[1:]
    if kind in _SMALL:
        unsigned = np.uint8 if samples.dtype.itemsize == 1 else np.uint16
        return samples.view(unsigned), kind
    positions = ramp.scale(samples)
    valid = ramp.valid(samples, positions)
    last = (len(ramp.palette) // 4 if ramp.discrete else _STEPS) - 1
    with np.errstate(over='ignore', invalid='ignore'):
        positions = positions * (last + 1) if ramp.discrete else positions * last + 0.5
        np.clip(positions, 0, last, out=positions)
    if valid is not None:
        positions = np.where(valid, positions, last + 1)
    return positions.astype(np.int32), 'discrete' if ramp.discrete else 'linear'


@lru_cache(maxsize=16)
def float_table(ramp: Ramp, kind: str, fill: int) -> NDArray[np.float32]:
    """Return float RGBA (entries, 4), 0-255, `fill` in all four where nothing is to be shown."""
    if kind in _SMALL:
        values = np.arange(1 << (8 * int(kind[1]))).astype(f'u{kind[1]}').view(kind)
        positions = ramp.scale(values)
        valid = ramp.valid(values, positions)
        colors = ramp.colors(positions)
        if valid is not None:
            colors[~valid] = fill
        return colors.astype(np.float32)
    if kind == 'discrete':
        colors = np.frombuffer(ramp.palette, np.uint8).reshape(-1, 4).astype(np.float32)
    else:
        colors = ramp.colors(np.linspace(0, 1, _STEPS)).astype(np.float32)
    return np.concatenate([colors, np.full((1, 4), fill, np.float32)])


@lru_cache(maxsize=32)
def color_table(ramp: Ramp, kind: str) -> Table:
    """Return the 8-bit colours of a ramp; large-image cuts fractions off, and so does this."""
    colors = float_table.__wrapped__(ramp, kind, 0).astype(np.uint8)
    packed = np.ascontiguousarray(colors).view(np.uint32).reshape(-1)
    opaque = bool((colors[:, 3] == 255).all())
    if (colors[:, :1] == colors[:, 1:3]).all():
        if opaque:
            return Table(packed, opaque, np.ascontiguousarray(colors[:, 0]))
        return Table(packed, opaque, np.ascontiguousarray(colors[:, 2:]).view(np.uint16)[:, 0])
    quantized = (
        Quantized(None, colors) if kind in ('u1', 'i1') else quantize(*_bounds(ramp, kind, colors))
    )
    return Table(packed, opaque, quantized=quantized)


def _bounds(
    ramp: Ramp, kind: str, colors: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the lowest and highest colours that the entries of a table stand for."""
    if kind != 'linear':
        return colors, colors
    # Samples find the entry that is nearest, up to half a step away.
    positions = np.linspace(-0.5, _STEPS - 0.5, _STEPS + 1) / (_STEPS - 1)
    shades = ramp.colors(positions).astype(np.uint8)
    nothing = np.zeros((1, 4), np.uint8)
    return (
        np.concatenate([np.minimum(shades[:-1], shades[1:]), nothing]),
        np.concatenate([np.maximum(shades[:-1], shades[1:]), nothing]),
    )
