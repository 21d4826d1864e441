"""Catalogues from Python: made, filled, searched and emptied.

>>> from django_large_image.catalog import api
>>> api.create('scenes', ['sensor', 'date:date', 'band'])
>>> api.insert('scenes', {'sensor': 'S2', 'date': '2024-05-31', 'band': 'B04'}, '/data/b04.tif')
>>> api.search('scenes', {'date': api.Between('2024-01-01')}, bbox=(5, 45, 15, 55)).datasets()
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, JSONField

from django_large_image.catalog import keys, measuring, queries, rasters
from django_large_image.catalog.keys import Value
from django_large_image.catalog.models import COLUMNS, Catalog, Dataset, Key
from django_large_image.catalog.queries import Search, find, search
from django_large_image.catalog.schema import Schema, forget, schema_of
from django_large_image.catalog.terms import Between
from django_large_image.exceptions import MissingError, ParameterError
from django_large_image.storage.paths import local_reference

__all__ = [
    'Between',
    'Row',
    'Search',
    'bulk_insert',
    'compute_metadata',
    'create',
    'delete',
    'drop',
    'find',
    'insert',
    'search',
]

Values = Sequence[Value] | Mapping[str, Value]
_BATCH = 500
# All that another dataset with the same values replaces.
_REPLACED = [
    column.name
    for column in Dataset._meta.concrete_fields
    if column.name not in ('id', 'catalog', *COLUMNS)
]
_JSON = {column.name for column in Dataset._meta.concrete_fields if isinstance(column, JSONField)}


@dataclass(frozen=True)
class Row:
    """A dataset to be inserted: one value for each key, and where its raster lies.

    `fields` are other fields of the model: `name`, `extra`, `categories`, what was measured.
    """

    values: Values
    location: str | os.PathLike[str]
    band: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict)


def create(
    slug: str,
    keys_: Sequence[str | Mapping[str, str]],
    *,
    title: str = '',
    description: str = '',
) -> Catalog:
    """Make a catalogue; its keys are names, `name:kind`, or `name`, `kind` and `description`.

    Raises `ParameterError` for names that cannot be, and where there is a catalogue of this name.
    """
    described = [_key(key) for key in keys_]
    names = {key['name'] for key in described}
    if not 0 < len(described) <= keys.MAX_KEYS or len(names) < len(described):
        raise ParameterError(f'A catalogue has 1 to {keys.MAX_KEYS} keys of different names.')
    try:
        with transaction.atomic():
            catalog = Catalog.objects.create(slug=slug, title=title, description=description)
            for position, key in enumerate(described):
                Key.objects.create(catalog=catalog, position=position, **key)
    except IntegrityError:
        raise ParameterError(f'There is a catalogue {slug!r} already.') from None
    return catalog


def drop(slug: str) -> None:
    """Delete a catalogue with all datasets, not their rasters; raises `MissingError` for none."""
    schema = schema_of(slug)
    with _alone({schema.catalog}):
        # Not one by one.
        Dataset.objects.filter(catalog_id=schema.catalog)._raw_delete(Dataset.objects.db)
        Catalog.objects.filter(pk=schema.catalog).delete()
    forget()


def insert(
    slug: str,
    values: Values,
    location: str | os.PathLike[str],
    *,
    band: int = 1,
    measured: bool = True,
    exact: bool = False,
    measured_at: str | os.PathLike[str] | None = None,
    **fields: Any,
) -> Dataset:
    """Insert a dataset, or replace that with the same values, and measure its raster.

    `measured_at` is a file with the same pixels, where that at `location` is far away or not there
    yet. Raises `ParameterError` for values that do not fit, and what reading the raster raises.
    """
    schema = schema_of(slug)
    found: dict[str, Any] = {}
    if measured_at is not None:
        reference = local_reference(measured_at)
        found = measuring.measurements(reference, band, exact=exact)
        found['measured_version'] = measuring.ELSEWHERE
    elif measured:
        reference = rasters.located(os.fspath(location))
        found = measuring.measurements(reference, band, exact=exact)
    dataset = dataset_of(schema, Row(values, location, band, {**found, **fields}))
    store([dataset])
    (stored,) = find(slug, list(schema.shown(dataset).values()))
    return stored


def bulk_insert(slug: str, rows: Iterable[Row]) -> int:
    """Insert many datasets without reading their rasters, and return how many.

    All are inserted, or none; those with the same values are replaced. What of them is measured is
    found out when it is asked for. Nobody else writes to the catalogue until all are there, with
    SQLite to nothing in the database. Raises `ParameterError` for values that do not fit.
    """
    schema, count = schema_of(slug), 0
    waiting = iter(rows)
    with _alone({schema.catalog}):
        while batch := [dataset_of(schema, row) for row in islice(waiting, _BATCH)]:
            store(batch)
            count += len(batch)
    return count


def delete(slug: str, values: Values) -> None:
    """Delete a dataset, not its raster; raises `MissingError` where there is none."""
    schema = schema_of(slug)
    texts = schema.encode(values)
    if not Dataset.objects.filter(catalog_id=schema.catalog, **texts).delete()[0]:
        raise MissingError(queries.NONE_FOUND)


def compute_metadata(
    slug: str,
    values: Sequence[Value],
    *,
    exact: bool = False,
    measured_at: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Measure the raster of a dataset again and return it; raises what `find` and reading raise."""
    (dataset,) = find(slug, values)
    reference = None if measured_at is None else local_reference(measured_at)
    measuring.measure(dataset, exact=exact, reference=reference)
    return dataset


def dataset_of(schema: Schema, row: Row) -> Dataset:
    """Return a dataset that is not stored yet; raises `ParameterError` for values that do not
    fit.
    """
    _check_json(row.fields)
    dataset = Dataset(
        catalog_id=schema.catalog,
        location=os.fspath(row.location),
        band=row.band,
        **schema.encode(row.values),
        **row.fields,
    )
    dataset.locate()
    return dataset


def store(datasets: Sequence[Dataset]) -> None:
    """Store datasets in the place of those with the same values: all of them, or none.

    Raises `MissingError` where the catalogue of one was deleted.
    """
    latest = {(dataset.catalog_id, *dataset.texts): dataset for dataset in datasets}
    with _alone({dataset.catalog_id for dataset in datasets}):
        Dataset.objects.bulk_create(
            latest.values(),
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=['catalog', *COLUMNS],
            update_fields=_REPLACED,
        )


@contextmanager
def _alone(catalogs: set[int]) -> Iterator[None]:
    """Make a transaction of the block, which alone writes datasets of these catalogues.

    Two that write the same rows in different orders would wait for each other for ever.
    """
    with transaction.atomic():
        for catalog in sorted(catalogs):
            # Writing locks its row. A transaction of SQLite that begins by reading fails at once
            # where another one writes.
            if not Catalog.objects.filter(pk=catalog).update(title=F('title')):
                raise MissingError('There is no such catalogue any more.')
        yield


def _check_json(fields: Mapping[str, Any]) -> None:
    for name in _JSON & fields.keys():
        try:
            json.dumps(fields[name], allow_nan=False)
        except (RecursionError, TypeError, ValueError):
            raise ParameterError(f'`{name}` cannot be written as JSON.') from None


def _key(key: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(key, str):
        name, _, kind = key.partition(':')
        key = {'name': name, 'kind': kind or 'text'}
    found = {'kind': 'text', 'description': '', **key}
    if set(found) != {'name', 'kind', 'description'} or found['kind'] not in keys.KINDS:
        raise ParameterError(f'A key has a name and a kind: {", ".join(keys.KINDS)}.')
    keys.validate_name(found['name'])
    return found
