"""The samples of one band with what is known of them, and several of them laid together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .raster import Raster, Size

Rule = Literal['first', 'min', 'max', 'mean']
# What a pixel is of which there is an older value and a newer one; None: the older.
_COMBINED: dict[Rule, Callable[[Any, Any], Any] | None] = {
    'first': None,
    'min': np.minimum,
    'max': np.maximum,
    'mean': np.add,
}


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The samples of one band (height, width) in their own type.

    `valid` has the same shape; `None` means that all are.
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_] | None

    @classmethod
    def of(cls, raster: Raster) -> Samples:
        """Return the first band of a raster; what its mask hides is not valid, nor what is not a
        finite number.
        """
        values = raster.data[:, :, 0]
        valid = None if raster.opaque or raster.mask is None else raster.mask > 0
        if values.dtype.kind in 'fc':
            numbers = np.isfinite(values)
            valid = numbers if valid is None else valid & numbers
        return cls(values, valid)

    @classmethod
    def nothing(cls, size: Size) -> Samples:
        """Return samples, none of which is valid; the size is width and height."""
        width, height = size
        return cls(np.zeros((height, width), np.uint8), np.zeros((height, width), bool))

    @property
    def complete(self) -> bool:
        """Whether all samples are valid."""
        return self.valid is None or bool(self.valid.all())

    def floats(self) -> NDArray[np.float64]:
        """Return the samples in double precision, NaN where they are not valid."""
        values = np.abs(self.values) if self.values.dtype.kind == 'c' else self.values
        floats = values.astype(np.float64)
        if self.valid is not None:
            np.copyto(floats, np.nan, where=~self.valid)
        return floats


class Mosaic:
    """Samples of the same place from several rasters, laid together one after another.

    The rule says what a pixel is that is valid in more than one: the `first` that was added, or the
    `min`, `max` or `mean` of them.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._result: Samples | None = None
        self._counts: NDArray[np.intp] | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing that is added changes anything any more."""
        return self._rule == 'first' and self._result is not None and self._result.complete

    def add(self, samples: Samples) -> None:
        """Lay samples to those that are there, of the same shape."""
        values = samples.floats() if self._rule == 'mean' else samples.values
        there = np.ones(values.shape, bool) if samples.valid is None else samples.valid
        if self._result is None or self._result.valid is None or self._counts is None:
            self._result, self._counts = Samples(values, there), there.astype(np.intp)
            return
        known = self._result.valid
        mixed = np.where(there & ~known, values, self._result.values)
        combine = _COMBINED[self._rule]
        if combine is not None:
            both = there & known
            mixed[both] = combine(mixed[both], values[both])
        self._result = Samples(mixed, there | known)
        self._counts += there

    def result(self) -> Samples | None:
        """Return what all of them make; None where none was added."""
        if self._result is None or self._counts is None or self._rule != 'mean':
            return self._result
        return Samples(self._result.values / np.maximum(self._counts, 1), self._result.valid)
