"""What a dataset knows of its raster: measured of one version of the file, by one process alone."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from django_large_image.catalog.models import BOUNDS, Dataset
from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, MissingError
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.survey import survey

# The version of a file of which nobody knows any, and that of one that was measured elsewhere.
UNKNOWN, ELSEWHERE = '?', '*'
# After so long whoever began to measure has died.
_LEASE = timedelta(minutes=10)
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
    for name, value in values.items():
        setattr(dataset, name, value)
    if dataset._state.adding:
        dataset.save()
        return
    dataset.locate()
    # Nothing else of the row, which may have changed since it was read.
    if not _row(dataset).update(cell=dataset.cell, **values):
        raise MissingError(_GONE)


def ensure(dataset: Dataset) -> None:
    """Measure a dataset if that was never done, or the file has changed since; no query otherwise.

    Of all threads and processes one measures, the others wait for it: as long as for a store
    (`REMOTE_TIMEOUT`), then `BusyError` is raised. Raises what `measure` does.
    """
    give_up, pause = time.monotonic() + settings.REMOTE_TIMEOUT, _PAUSE
    while (version := version_of(dataset.reference())) != dataset.measured_version:
        if dataset.measured_version == ELSEWHERE:
            dataset.measured_version = version
            _row(dataset).update(measured_version=version)
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

    The claim stands in its row, where every process sees it and no transaction is held.
    """
    now = timezone.now()
    free = Q(measuring_since__isnull=True) | Q(measuring_since__lt=now - _LEASE)
    if not _row(dataset).filter(free).update(measuring_since=now):
        return False
    try:
        _reload(dataset)
        if dataset.measured_version != version:
            measure(dataset)
    finally:
        _row(dataset).filter(measuring_since=now).update(measuring_since=None)
    return True


def _row(dataset: Dataset) -> QuerySet[Dataset]:
    return Dataset.objects.using(dataset._state.db).filter(pk=dataset.pk)


def _reload(dataset: Dataset) -> None:
    try:
        dataset.refresh_from_db(fields=_FIELDS)
    except Dataset.DoesNotExist:
        raise MissingError(_GONE) from None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
