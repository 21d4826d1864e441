"""Extremes, mean and deviation of more values than memory holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Moments:
    """Statistics of the values so far, NaN left out.

    `squares` is the sum of squared distances from the mean: two sets add up without a loss of
    digits (Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance).
    """

    count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: NDArray[np.floating[Any]]) -> None:
        """Take values of any shape into account."""
        valid = values[~np.isnan(values)]
        if not valid.size:
            return
        mean = float(valid.mean(dtype=np.float64))
        count = self.count + valid.size
        apart = mean - self.mean
        self.squares += float(np.square(np.subtract(valid, mean, dtype=np.float64)).sum())
        self.squares += apart**2 * self.count * valid.size / count
        self.mean += apart * valid.size / count
        self.minimum = min(self.minimum, float(valid.min()))
        self.maximum = max(self.maximum, float(valid.max()))
        self.count = count

    def summary(self) -> dict[str, float | None]:
        """Return minimum, maximum, mean and stdev (of all, not a sample); None without values."""
        if not self.count:
            return dict.fromkeys(('minimum', 'maximum', 'mean', 'stdev'))
        stdev = math.sqrt(self.squares / self.count)
        return {
            'minimum': self.minimum,
            'maximum': self.maximum,
            'mean': self.mean,
            'stdev': stdev,
        }
