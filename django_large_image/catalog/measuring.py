"""What a dataset knows of its raster: measured of one version of the file, by one process alone."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any

from django.db.models import QuerySet

from django_large_image.catalog.contention import attempt
from django_large_image.catalog.leases import Lease
from django_large_image.catalog.models import BOUNDS, Dataset
from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, MissingError
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.survey import survey

# The version of a file of which nobody knows any, and that of one that was measured elsewhere.
UNKNOWN, ELSEWHERE = '?', '*'
_NUMBERS = ('minimum', 'maximum', 'mean', 'stdev')
# What is measured, and where.
_FIELDS = [
    *('file', 'location', 'band', *BOUNDS, 'cell', *_NUMBERS, 'percentiles'),
    *('valid_percentage', 'hull', 'approximate', 'measured_version'),
]
_GONE = 'There is no such dataset any more.'
# Seconds between looks at what another process is measuring.
_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


def version_of(reference: ImageReference) -> str:
    """Return what `measured_version` is when the bytes of a reference were measured."""
    return reference.checksum or reference.version or UNKNOWN


def measurements(
    reference: ImageReference, band: int = 1, *, exact: bool = False
) -> dict[str, Any]:
    """Return the values of the fields of a `Dataset` that are measured in a band (1-based).

    Raises `UnreadableError` for a damaged file, `StyleError` for a band that there is not.
    """
    found = survey(reader_of(open_source(reference)), band, exact=exact)
    return {
        **dict(zip(BOUNDS, found.bounds or (None,) * 4, strict=True)),
        # A double cannot hold the deviation of the largest doubles.
        **{name: _finite(getattr(found, name)) for name in _NUMBERS},
        'percentiles': list(found.percentiles) or None,
        'valid_percentage': 100 * found.valid_share,
        'hull': found.hull,
        'approximate': found.approximate,
        'measured_version': version_of(reference),
    }


def measure(
    dataset: Dataset, *, exact: bool = False, reference: ImageReference | None = None
) -> None:
    """Fill and store what is measured of a dataset, whatever it was.

    `reference` stands in for a raster that is stored elsewhere, or will be: the same bytes, here.
    They are trusted until the raster changes after it was seen for the first time. Raises what
    `measurements` and `Dataset.reference` do, `MissingError` where the dataset was deleted.
    """
    values = measurements(reference or dataset.reference(), dataset.band, exact=exact)
    if reference is not None:
        values['measured_version'] = ELSEWHERE
    _fill(dataset, values)
    if dataset._state.adding:
        dataset.save()
    else:
        _store(dataset, values)


def ensure(dataset: Dataset) -> None:
    """Measure a dataset if that was never done, or the file has changed since; no query otherwise.

    Of all threads and processes one measures, the others wait for it: as long as for a store
    (`REMOTE_TIMEOUT`), then `BusyError` is raised. Where the database is busy, what is measured is
    not stored. Raises what `measure` does.
    """
    give_up, pause = time.monotonic() + settings.REMOTE_TIMEOUT, _PAUSE
    while (version := version_of(dataset.reference())) != dataset.measured_version:
        if dataset.measured_version == ELSEWHERE:
            dataset.measured_version = version
            row = _row(dataset)
            attempt(row.db, partial(row.update, measured_version=version))
        elif _measured_alone(dataset, version):
            return
        elif time.monotonic() > give_up:
            raise BusyError('This raster is being measured: ask again.')
        else:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            _reload(dataset)


def _measured_alone(dataset: Dataset, version: str) -> bool:
    """Measure a dataset unless somebody did or does; whether nobody is at it.

    No transaction is held meanwhile.
    """
    row = _row(dataset)
    lease = Lease(row)
    taken = lease.take()
    if taken is None:
        # Better twice than not at all.
        _fill(dataset, measurements(dataset.reference(), dataset.band))
        return True
    if not taken:
        return False
    try:
        _reload(dataset)
        if dataset.measured_version != version:
            values = measurements(dataset.reference(), dataset.band)
            _fill(dataset, values)
            attempt(row.db, partial(_store, dataset, values), insist=True)
    finally:
        lease.end()
    return True


def _fill(dataset: Dataset, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(dataset, name, value)
    dataset.locate()


def _store(dataset: Dataset, values: dict[str, Any]) -> None:
    # Nothing else of the row, which may have changed since it was read.
    if not _row(dataset).update(cell=dataset.cell, **values):
        raise MissingError(_GONE)


def _row(dataset: Dataset) -> QuerySet[Dataset]:
    return Dataset.objects.using(dataset._state.db).filter(pk=dataset.pk)


def _reload(dataset: Dataset) -> None:
    try:
        dataset.refresh_from_db(fields=_FIELDS)
    except Dataset.DoesNotExist:
        raise MissingError(_GONE) from None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
