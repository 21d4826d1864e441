"""Files into depth images: read in blocks, resized, sorted by depth, stored all or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from django_large_image.conf import settings
from django_large_image.depth import interpolation as interpolations
from django_large_image.depth import processors, storing
from django_large_image.depth.models import DepthImage
from django_large_image.depth.records import Records, fault
from django_large_image.depth.spool import Spool, spool
from django_large_image.exceptions import ParameterError
from django_large_image.pixels.distribution import Moments

MAX_WIDTH = 16384
_NAME = 200
# Interpolation may double a number, and adds up some of them.
_LARGEST = float(np.finfo(np.float32).max) / 8

# Told what is done ("read" or "store"), how much of it, and how much there is: bytes, or rows.
Progress = Callable[[str, int, int], None]


def load(
    source: str | os.PathLike[str] | Any,
    name: str = '',
    *,
    width: int | None = None,
    interpolation: str | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> DepthImage:
    """Store the log of a file and return its image.

    `source` is a path, or a file that is open in binary mode, can seek and has a `name`, such as an
    upload. The suffix of its name says how to read it (see `processors`). The image is `name`d like
    the file if nothing is said; `width` and `interpolation` are those of the settings. Memory does
    not grow with the file but by some 40 bytes a record; the resized rows take a temporary file.

    Records are sorted by depth. One without a depth is left out and counted; a missing value is
    NaN. Raises `ParameterError` with the line and column of what is no number, infinite, missing or
    too much, or a depth that is there twice: then, and after any other exception, nothing is
    stored.
    """
    width = settings.DEPTH_WIDTH if width is None else width
    interpolation = interpolation or settings.DEPTH_INTERPOLATION
    interpolations.mode(interpolation)
    if not 1 <= width <= MAX_WIDTH:
        raise ParameterError(f'The width has to be 1 to {MAX_WIDTH} pixels, not {width}.')
    with _opened(source) as (file, filename), spool(width) as rows:
        processor = processors.find(filename)
        total = file.seek(0, os.SEEK_END)
        log = _Log(rows, interpolation)
        for records in processor.records(file):
            log.add(records)
            progress('read', min(file.tell(), total), total)
        depths, order = log.sorted()
        image = DepthImage(
            name=_name(name, filename),
            width=width,
            source_width=log.columns,
            interpolation=interpolation,
            rows=len(depths),
            depth_min=depths[0],
            depth_max=depths[-1],
            step=_step(depths),
            dropped=log.dropped,
            **log.statistics(),
        )
        storing.store(image, rows, order, lambda done: progress('store', done, len(depths)))
    return image


@dataclass(eq=False)
class _Log:
    """What is known of the records so far; their rows are in a spool."""

    rows: Spool
    interpolation: str
    columns: int = 0
    dropped: int = 0
    unit: str = 'line'
    moments: Moments = field(default_factory=Moments)
    _places: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, records: Records) -> None:
        """Resize and keep the records that have a depth."""
        self.columns, self.unit = records.values.shape[1], records.unit
        _check_finite(records)
        deep = ~np.isnan(records.depths)
        kept = int(deep.sum())
        self.dropped += len(deep) - kept
        if kept:
            values = records.values if kept == len(deep) else records.values[deep]
            resized = interpolations.resize(values, self.rows.width, self.interpolation)
            self.moments.add(resized[~np.isnan(resized)])
            self.rows.add(records.depths[deep], resized)
            self._places.append(records.places[deep])

    def statistics(self) -> dict[str, float | None]:
        """Return those of all values, NaN left out: None where there are none."""
        names = ('minimum', 'maximum', 'mean', 'stdev')
        known = self.moments
        return {name: getattr(known, name) if known.count else None for name in names}

    def sorted(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the depths sorted, and the numbers of their rows.

        Raises `ParameterError` where there are none, or one is there twice.
        """
        depths = self.rows.depths()
        if not len(depths):
            left = f'; records without one: {self.dropped}' if self.dropped else ''
            raise fault(1, 1, f'no record of the file has a depth{left}.', self.unit)
        order = np.argsort(depths, kind='stable')
        depths = depths[order]
        twice = np.flatnonzero(depths[1:] == depths[:-1])
        if len(twice):
            places = np.concatenate(self._places)
            # Of all repetitions the first one in the file.
            row = twice[np.argmin(places[order[twice + 1]])]
            earlier, later = places[order[row]], places[order[row + 1]]
            what = f'the depth {depths[row]} is that of {self.unit} {earlier} too.'
            raise fault(int(later), 1, what, self.unit)
        return depths, order


def _check_finite(records: Records) -> None:
    """Raise `ParameterError` for the first number that is infinite, or may become so."""
    wrong = np.abs(np.column_stack([records.depths, records.values])) > _LARGEST
    if wrong.any():
        record, column = np.argwhere(wrong)[0]
        raise records.fault(int(record), int(column) + 1, 'the number is infinite, or too large.')


def _step(depths: NDArray[np.float64]) -> float:
    """Return the median distance of neighbours, without the last digits that a difference has."""
    return float(f'{np.median(np.diff(depths)):.9g}') if len(depths) > 1 else 0.0


@contextmanager
def _opened(source: Any) -> Iterator[tuple[BinaryIO, str]]:
    """Yield an open file and its name; what came open stays open."""
    if isinstance(source, str | os.PathLike):
        with Path(source).open('rb') as opened:
            yield opened, os.fspath(source)
    else:
        # What Django wraps for uploads and storages.
        yield getattr(source, 'file', source), str(source.name)


def _name(given: str, filename: str) -> str:
    """Return a name that databases take."""
    name = (given or PurePath(filename).stem).replace('\0', '')
    return name.encode('utf-8', 'replace').decode()[:_NAME]
