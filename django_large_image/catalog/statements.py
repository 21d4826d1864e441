"""The statement that finds datasets by the values of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_large_image.catalog.models import Dataset
from django_large_image.storage.statements import Slot, Statement, keep


def find(catalog: int, columns: Sequence[str], texts: Sequence[Sequence[str]]) -> list[Dataset]:
    """Return the datasets of a catalogue that have one of the texts in each of the columns."""
    connection = connections[Dataset.objects.db]
    key = tuple(columns), tuple(map(len, texts))
    statement = keep(connection, ('datasets', *key), partial(_compile, connection, *key))
    values = [catalog, *(text for several in texts for text in several)]
    return cast('list[Dataset]', statement.find(connection, values))


def _compile(
    connection: BaseDatabaseWrapper, columns: tuple[str, ...], counts: tuple[int, ...]
) -> Statement:
    conditions: dict[str, Any] = {'catalog_id': Slot(0)}
    taken = 1
    for column, count in zip(columns, counts, strict=True):
        slots = [Slot(taken + index) for index in range(count)]
        conditions[column if count == 1 else f'{column}__in'] = slots if count > 1 else slots[0]
        taken += count
    statement = Statement.of(Dataset.objects.filter(**conditions).order_by().query, connection)
    return cast(Statement, statement)
