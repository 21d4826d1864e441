"""Many files into a catalogue.

A dataset is written once all of it is known, a few of them in one transaction: an ingestion that is
broken off leaves complete datasets, and `skip_existing` goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from django.db.models import Q

from django_large_image.catalog import api, keys, rasters
from django_large_image.catalog.contention import patiently
from django_large_image.catalog.models import COLUMNS, Dataset
from django_large_image.catalog.patterns import Pattern
from django_large_image.catalog.processes import Task, measured
from django_large_image.catalog.schema import Schema
from django_large_image.exceptions import LargeImageError, ParameterError

# Datasets that are written together, and the seconds that one waits for others.
_BATCH = 100
_WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file whose name matches, and the values in it."""

    path: Path
    values: dict[str, str]


@dataclass(frozen=True)
class Ingested:
    """What became of a file: it is stored, or it was before, or there is a problem."""

    path: Path
    problem: str = ''
    existed: bool = False
    dataset: Dataset | None = field(default=None, repr=False)


def candidates(pattern: Pattern) -> tuple[list[Candidate], list[str]]:
    """Return the files of a pattern, and the names of others with what is wrong with them.

    Of two files with the same values the first counts.
    """
    found: dict[tuple[str, ...], Candidate] = {}
    others: list[str] = []
    for path in pattern.files():
        try:
            values = pattern.match(path)
        except ParameterError as error:
            others.append(f'{path}: {error.detail}')
            continue
        if values is None:
            others.append(f'{path}: its name does not match.')
            continue
        texts = tuple(keys.encode(pattern.kinds[name], value) for name, value in values.items())
        known = found.setdefault(texts, Candidate(path, values))
        if known.path != path:
            others.append(f'{path}: has the same values as {known.path}.')
    return list(found.values()), others


def ingest(
    schema: Schema,
    files: Iterable[Candidate],
    *,
    skip_existing: bool = False,
    skip_metadata: bool = False,
    exact: bool = False,
    workers: int = 1,
) -> Iterator[Ingested]:
    """Store a dataset for each file, and yield what became of it once that is so.

    A file that cannot be read is one with a problem; the others go on. Raises `BusyError` where the
    database takes nothing for minutes.
    """
    made = _made(schema, files, skip_existing)
    waiting: list[Ingested] = []
    written = time.monotonic()
    for result in made if skip_metadata else _complete(made, workers, exact):
        waiting.append(result)
        if len(waiting) >= _BATCH or time.monotonic() - written > _WAIT:
            yield from _stored(waiting)
            waiting, written = [], time.monotonic()
    yield from _stored(waiting)


def _made(schema: Schema, files: Iterable[Candidate], skip_existing: bool) -> Iterator[Ingested]:
    """Yield files with datasets that are not measured, or with the reason why there are none."""
    rest = iter(files)
    while batch := list(islice(rest, _BATCH)):
        made = [_dataset(schema, candidate) for candidate in batch]
        known = _known(schema, made) if skip_existing else set()
        for one in made:
            existed = one.dataset is not None and tuple(one.dataset.texts) in known
            yield Ingested(one.path, existed=True) if existed else one


def _dataset(schema: Schema, candidate: Candidate) -> Ingested:
    path = candidate.path
    try:
        row = api.Row(candidate.values, str(path), fields={'name': path.name})
        return Ingested(path, dataset=api.dataset_of(schema, row))
    except LargeImageError as error:
        return Ingested(path, error.detail)


def _known(schema: Schema, made: Iterable[Ingested]) -> set[tuple[str, ...]]:
    """Return the texts of all keys of those datasets that are stored already."""
    wanted = Q(pk__in=())
    for one in made:
        if one.dataset is not None:
            wanted |= Q(**{column: getattr(one.dataset, column) for column in schema.columns})
    stored = Dataset.objects.filter(wanted, catalog_id=schema.catalog)
    return patiently(lambda: set(stored.values_list(*COLUMNS)))


def _complete(made: Iterable[Ingested], workers: int, exact: bool) -> Iterator[Ingested]:
    """Yield files whose datasets are measured."""
    aside: list[Ingested] = []
    for task, outcome in measured(_tasks(made, aside), workers, exact=exact):
        yield from aside
        aside.clear()
        one: Ingested = task.subject
        if isinstance(outcome, str):
            yield Ingested(one.path, outcome)
            continue
        for name, value in outcome.items():
            setattr(one.dataset, name, value)
        yield one
    yield from aside


def _tasks(made: Iterable[Ingested], aside: list[Ingested]) -> Iterator[Task]:
    """Yield what is to be measured; files of which nothing is are put aside."""
    for one in made:
        if one.dataset is None:
            aside.append(one)
            continue
        try:
            reference = rasters.located(one.dataset.location)
        except LargeImageError as error:
            aside.append(replace(one, problem=error.detail, dataset=None))
        else:
            yield Task(reference, one.dataset.band, one)


def _stored(results: Sequence[Ingested]) -> Sequence[Ingested]:
    datasets = [one.dataset for one in results if one.dataset is not None]
    for dataset in datasets:
        dataset.locate()
    patiently(partial(api.store, datasets))
    return results
