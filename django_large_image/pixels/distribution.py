"""How samples are distributed that come in parts, of which no more than one is held at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Different numbers that `Digest` tells apart, and samples that it sorts at once.
_DISTINCT, _SORTED = 1 << 18, 1 << 19
_PERCENTS = np.arange(1, 100) / 100


@dataclass(frozen=True, slots=True)
class Distribution:
    """Of `count` samples: extremes, moments (of all of them, not of a sample) and the percentiles
    from the 1st to the 99th, as numpy interpolates between samples.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    stdev: float
    percentiles: tuple[float, ...]


class Moments:
    """Count, extremes, mean and deviation; parts are merged as Chan, Golub and LeVeque do it (1979,
    'Updating formulae and a pairwise algorithm for computing sample variances').
    """

    def __init__(self) -> None:
        self.count, self.mean, self._squares = 0, 0.0, 0.0
        self.minimum, self.maximum = np.inf, -np.inf

    @property
    def stdev(self) -> float:
        """The standard deviation of all samples."""
        return float((self._squares / self.count) ** 0.5) if self.count else 0.0

    def add(self, samples: Array) -> None:
        """Take finite samples (n,) of any type."""
        if not samples.size:
            return
        self.minimum = min(self.minimum, float(samples.min()))
        self.maximum = max(self.maximum, float(samples.max()))
        with np.errstate(over='ignore', invalid='ignore'):
            mean = float(samples.mean(dtype=np.float64))
            off = samples.astype(np.float64)
            off -= mean
            np.square(off, out=off)
            squares, count = float(off.sum()), self.count + samples.size
            apart = mean - self.mean
            self._squares += squares + apart * apart * (self.count * samples.size / count)
            self.mean += apart * (samples.size / count)
        self.count = count


class Counts:
    """Whole numbers of 8 or 16 bits, of which each value is counted: nothing is approximate."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        limits = np.iinfo(dtype)
        self._lowest = int(limits.min)
        self._counts = np.zeros(int(limits.max) - self._lowest + 1, np.int64)

    def add(self, samples: Array) -> None:
        """Take samples (n,)."""
        places = samples.astype(np.intp)
        if self._lowest:
            places -= self._lowest
        self._counts += np.bincount(places, minlength=len(self._counts))

    def distribution(self) -> Distribution | None:
        """Return what is known of the samples so far; None without any."""
        places = np.flatnonzero(self._counts)
        if not places.size:
            return None
        values, counts = places + self._lowest, self._counts[places]
        count = int(counts.sum())
        mean = int((values * counts).sum()) / count
        return Distribution(
            count=count,
            minimum=float(values[0]),
            maximum=float(values[-1]),
            mean=mean,
            stdev=float((np.square(values - mean) * counts).sum() / count) ** 0.5,
            percentiles=_percentiles(values.astype(np.float64), counts),
        )


class Digest:
    """Samples of any type, of which each value is counted as long as there are at most 2^18
    different ones.

    Of more the last bit of each mantissa is dropped, and the next, until there are not. A
    percentile is off by less than that share of itself (`tolerance`): about a hundred-thousandth
    for usual measurements, wherever in the range of their type they lie. Extremes and moments are
    of all bits.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        single = dtype.kind == 'f' and dtype.itemsize <= 4
        self._float: type[np.floating[Any]] = np.float32 if single else np.float64
        self._whole: type[np.signedinteger[Any]] = np.int32 if single else np.int64
        self._moments = Moments()
        self._dropped = 0
        self._keys, self._counts = np.empty(0, self._whole), np.empty(0, np.int64)
        self._waiting: list[Array] = []

    @property
    def tolerance(self) -> float:
        """The share of itself by which a percentile may be off; 0 for exact ones."""
        return 2.0 ** (self._dropped - np.finfo(self._float).nmant) if self._dropped else 0.0

    def add(self, samples: Array) -> None:
        """Take finite samples (n,)."""
        self._moments.add(samples)
        bits = samples.astype(self._float).view(self._whole)
        # Numbers in the same order: the bits of the magnitude, negated where the sign is set.
        self._waiting.append(_signed(bits & np.iinfo(self._whole).max, bits))
        if sum(map(len, self._waiting)) >= _SORTED:
            self._merge()

    def distribution(self) -> Distribution | None:
        """Return what is known of the samples so far; None without any."""
        known = self._moments
        if not known.count:
            return None
        self._merge()
        values = np.abs(self._keys).view(self._float).astype(np.float64)
        return Distribution(
            count=known.count,
            minimum=known.minimum,
            maximum=known.maximum,
            mean=known.mean,
            stdev=known.stdev,
            percentiles=_percentiles(np.copysign(values, self._keys), self._counts),
        )

    def _merge(self) -> None:
        """Count what waits for it, and drop bits until there are not too many numbers."""
        new = self._truncated(np.concatenate([*self._waiting, np.empty(0, self._whole)]))
        self._waiting = []
        new.sort()
        new, counts = _counted(new)
        keys, counts = np.concatenate((self._keys, new)), np.concatenate((self._counts, counts))
        order = np.argsort(keys, kind='stable')
        keys, counts = _counted(keys[order], counts[order])
        while len(keys) > _DISTINCT:
            self._dropped += 1
            keys, counts = _counted(self._truncated(keys), counts)
        self._keys, self._counts = keys, counts

    def _truncated(self, keys: Array) -> Array:
        if not self._dropped:
            return keys
        return _signed(np.abs(keys) & -(1 << self._dropped), keys)


def tally(dtype: np.dtype[Any]) -> Counts | Digest:
    """Return what adds up samples of a type with the least error."""
    return Counts(dtype) if dtype.kind in 'iu' and dtype.itemsize <= 2 else Digest(dtype)


def _signed(magnitudes: Array, signs: Array) -> Array:
    """Return whole numbers negated where others of the same type are negative."""
    negative: Array = signs >> (8 * signs.itemsize - 1)
    numbers: Array = (magnitudes ^ negative) - negative
    return numbers


def _counted(keys: Array, counts: Array | None = None) -> tuple[Array, Array]:
    """Return each of sorted keys once, with the sum of its counts, or how often it is there."""
    # Where the last of each is, and so the sum of all up to it.
    last = np.flatnonzero(np.concatenate((keys[1:] != keys[:-1], keys[:1] == keys[:1])))
    return keys[last], np.diff(last + 1 if counts is None else np.cumsum(counts)[last], prepend=0)


def _percentiles(values: Array, counts: Array) -> tuple[float, ...]:
    """Return the 99 percentiles of ascending values that occur so often."""
    ranks = np.cumsum(counts)
    place = (int(ranks[-1]) - 1) * _PERCENTS
    below = np.floor(place)
    low = values[np.searchsorted(ranks, below, side='right')]
    high = values[np.searchsorted(ranks, np.minimum(below + 1, ranks[-1] - 1), side='right')]
    found: list[float] = (low + (high - low) * (place - below)).tolist()
    return tuple(found)
