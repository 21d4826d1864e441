"""What one band's samples look like as a whole: extremes, moments and a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class BandStatistics:
    """Statistics of one band of one frame.

    `counts` are the histogram's bins of equal width between the two `edges`. They run from the
    minimum to the maximum, plus one for whole numbers, as large-image has it. `approximate` says
    that an overview was read instead of every sample. `samples` counts the valid samples.
    """

    minimum: float
    maximum: float
    mean: float
    stdev: float
    counts: tuple[int, ...] = ()
    edges: tuple[float, float] = (0.0, 0.0)
    approximate: bool = False

    @classmethod
    def from_samples(
        cls,
        values: NDArray[Any],
        bins: int = 256,
        *,
        limits: tuple[float, float] | None = None,
        approximate: bool = False,
    ) -> BandStatistics | None:
        """Measure an array of any shape; NaN and infinities do not count.

        `limits` are the edges of the histogram. Returns `None` when no finite sample is left.
        """
        samples = values.reshape(-1)
        whole = samples.dtype.kind in 'iub'
        if not whole:
            samples = samples[np.isfinite(samples)]
        if not samples.size:
            return None
        low, high = samples.min().item(), samples.max().item()
        edges = limits or (float(low), float(high) + (1.0 if whole or high == low else 0.0))
        edges = widen(edges, bins)
        counts = count_bins(samples, bins, edges)
        with np.errstate(over='ignore', invalid='ignore'):
            mean, stdev = samples.mean(dtype=np.float64), samples.std(dtype=np.float64)
        return cls(
            minimum=float(low),
            maximum=float(high),
            mean=float(mean),
            stdev=float(stdev),
            counts=tuple(counts.tolist()),
            edges=edges,
            approximate=approximate,
        )

    @property
    def samples(self) -> int:
        """How many samples the histogram holds."""
        return sum(self.counts)

    @property
    def bin_edges(self) -> NDArray[np.float64]:
        """The borders of the bins: one more than there are `counts`."""
        low, high = self.edges
        # By quarters: the range itself may be more than a double holds.
        return np.linspace(low / 4, high / 4, len(self.counts) + 1) * 4

    def percentile(self, fraction: float, *, from_maximum: bool = False) -> float:
        """Return the bin edge beyond which at most this fraction (0-1) of the samples lies.

        Beyond means below it, or above it with `from_maximum`. Without a histogram the extreme
        itself is returned.
        """
        extreme = self.maximum if from_maximum else self.minimum
        if not self.counts:
            return extreme
        counts = self.counts[::-1] if from_maximum else self.counts
        beyond = np.flatnonzero(np.cumsum(counts) > fraction * self.samples)
        edges = self.bin_edges[::-1] if from_maximum else self.bin_edges
        if not beyond.size:
            return float(edges[-1])
        return float(edges[beyond[0]]) if beyond[0] else extreme


def widen(edges: tuple[float, float], bins: int) -> tuple[float, float]:
    """Return edges far enough apart that doubles can tell that many bins between them apart."""
    low, high = edges
    least = bins * max(float(np.spacing(max(abs(low), abs(high)))), float(np.finfo(float).tiny))
    return (low, high) if high - low >= least else (low, low + least)


def count_bins(samples: NDArray[Any], bins: int, edges: tuple[float, float]) -> NDArray[np.int64]:
    """Return how many samples lie in each of `bins` bins of equal width between two edges.

    Works for ranges that the type of the samples cannot hold, nor a double.
    """
    if samples.dtype.kind == 'f':
        samples = samples.astype(np.float64, copy=False)
    if not np.isfinite(edges[1] - edges[0]):
        samples, edges = samples / 4, (edges[0] / 4, edges[1] / 4)
    counts: NDArray[np.int64] = np.histogram(samples, bins, edges)[0]
    return counts
