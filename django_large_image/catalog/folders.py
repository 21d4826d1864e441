"""A folder of rasters as a catalogue: a dataset for each band of each file that can be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django_large_image.catalog import api, keys, naming, rasters
from django_large_image.catalog.ingestion import candidates
from django_large_image.catalog.naming import Naming
from django_large_image.catalog.patterns import Pattern
from django_large_image.catalog.processes import Task, measured
from django_large_image.catalog.schema import schema_of
from django_large_image.exceptions import LargeImageError, ParameterError
from django_large_image.sources.opening import open_source, reader_of

# Called with a path and what is wrong with it.
Complain = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a folder, and the values of its keys."""

    location: str
    values: tuple[str, ...]


def fill(
    slug: str, folder: Path, complain: Complain, *, pattern: str = '', workers: int = 1
) -> int:
    """Make a catalogue of a folder, which is one of `CATALOG_ROOTS`; return how many datasets.

    Keys come from a pattern of the paths below the folder, or from what changes between these; one
    more, `band`, where a file has several. Raises `ParameterError` for a malformed pattern.
    """
    named = _named(folder, pattern, complain) if pattern else naming.name(_rasters(folder))
    tasks = list(_tasks(named, complain))
    several = any(task.band > 1 for task in tasks)
    names = [*named.keys, *(['band:number'] if several else [])]
    api.create(slug, names, title=folder.name)
    schema = schema_of(slug)

    def rows() -> Iterator[api.Row]:
        for task, outcome in measured(tasks, workers):
            found: Found = task.subject
            if isinstance(outcome, str):
                complain(found.location, outcome)
                continue
            values: list[keys.Value] = [*found.values, *([task.band] if several else [])]
            try:
                schema.encode(values)
            except ParameterError as error:
                complain(found.location, error.detail)
                continue
            yield api.Row(values, found.location, task.band, outcome)

    return api.bulk_insert(slug, rows())


def _rasters(folder: Path) -> list[str]:
    """Return the paths below a folder, relative to it, whose suffixes are those of rasters."""
    return [
        os.path.relpath(os.path.join(here, file), folder)
        for here, _, files in sorted(os.walk(folder))
        for file in sorted(files)
        if os.path.splitext(file)[1].lower() in naming.SUFFIXES
    ]


def _named(folder: Path, pattern: str, complain: Complain) -> Naming:
    start = str(folder).replace('{', '{{').replace('}', '}}')
    parsed = Pattern.parse(os.path.join(start, pattern))
    files, others = candidates(parsed)
    for other in others:
        path, _, why = other.rpartition(': ')
        complain(os.path.relpath(path, folder), why)
    values = {
        os.path.relpath(file.path, folder): tuple(file.values[name] for name in parsed.kinds)
        for file in files
    }
    return Naming(tuple(f'{name}:{kind}' for name, kind in parsed.kinds.items()), values)


def _tasks(named: Naming, complain: Complain) -> Iterator[Task]:
    """Yield each band of the files that can be opened."""
    for location, values in named.values.items():
        try:
            reference = rasters.located(location)
            bands: Sequence[object] = reader_of(open_source(reference)).bands
        except LargeImageError as error:
            complain(location, error.detail)
            continue
        for band in range(1, len(bands) + 1):
            yield Task(reference, band, Found(location, values))
