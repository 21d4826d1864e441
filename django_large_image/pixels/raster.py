"""Samples as they were read: an array in the file's own type, its mask, and its bands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import StyleError

Array = NDArray[Any]
Mask = NDArray[np.uint8]
# Width and height.
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Band:
    """What is known of one band without reading it.

    `number` counts from 1. `colors` is the colour table (RGBA, 0-255) of a palette band. `bits` are
    those of a sample where they are fewer than its type has; `inverted` says that 0 is white.
    """

    number: int
    interpretation: str = 'undefined'
    dtype: str = 'uint8'
    nodata: float | None = None
    colors: tuple[tuple[int, int, int, int], ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    name: str = ''
    bits: int | None = None
    inverted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A window of samples.

    `data` has the shape (height, width, bands) in the file's type, one entry of `bands` per last
    index. `mask` has the shape (height, width): 255 is valid, 0 is nothing there, and whatever
    alpha or nodata the file declares is already in it; `None` means that all samples are valid.
    An alpha band that went into the mask is not in `data`. `profile` is the ICC profile, if any.
    """

    data: Array
    mask: Mask | None
    bands: tuple[Band, ...]
    profile: bytes | None = None

    @classmethod
    def blank(cls, height: int, width: int, bands: Sequence[Band]) -> Raster:
        """Return a raster in which nothing is valid."""
        dtype = np.dtype(bands[0].dtype) if bands else np.dtype(np.uint8)
        return cls(
            data=np.zeros((height, width, len(bands)), dtype),
            mask=np.zeros((height, width), np.uint8),
            bands=tuple(bands),
        )

    @property
    def height(self) -> int:
        return int(self.data.shape[0])

    @property
    def width(self) -> int:
        return int(self.data.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def numbers(self) -> tuple[int, ...]:
        """The 1-based band numbers, in the order of the last axis."""
        return tuple(band.number for band in self.bands)

    @property
    def empty(self) -> bool:
        """Whether there is no valid pixel at all."""
        return self.mask is not None and not self.mask.any()

    @property
    def opaque(self) -> bool:
        """Whether every pixel is fully valid."""
        return self.mask is None or bool((self.mask == 255).all())

    def band(self, number: int) -> Array:
        """Return one band as a (height, width) view; StyleError if it is not here."""
        for index, band in enumerate(self.bands):
            if band.number == number:
                view: Array = self.data[:, :, index]
                return view
        raise StyleError(f'Band {number} was not read; the raster holds {list(self.numbers)}.')

    def select(self, numbers: Iterable[int]) -> Raster:
        """Return the raster of these bands in this order, without a copy where numpy allows it."""
        wanted = tuple(numbers)
        if wanted == self.numbers:
            return self
        positions = {number: index for index, number in enumerate(self.numbers)}
        missing = [number for number in wanted if number not in positions]
        if missing:
            raise StyleError(f'Band {missing[0]} was not read; the raster holds {list(positions)}.')
        indexes = [positions[number] for number in wanted]
        first = indexes[0] if indexes else 0
        contiguous = indexes == list(range(first, first + len(indexes)))
        return replace(
            self,
            data=self.data[:, :, first : first + len(indexes)]
            if contiguous
            else self.data[:, :, indexes],
            bands=tuple(self.bands[index] for index in indexes),
        )
