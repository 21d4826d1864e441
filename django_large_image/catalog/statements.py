"""The statement that finds datasets by the values of their keys, which the ORM makes only once.

To make it again takes the ORM longer than a database takes to answer it, and longer than many a
tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_large_image.catalog.models import Dataset

# Where a connection keeps its statements: their converters are bound to it.
_KEPT = '_large_image_catalog_statements'
_PROBE = 987_654_321


@dataclass(frozen=True, slots=True)
class Statement:
    """What the ORM makes of a lookup, but for the values that are looked for.

    `places` says of each parameter which of the values it is. `names` are the columns' attributes
    and `converters` what the ORM does to their values, by column.
    """

    sql: str
    places: tuple[int, ...]
    names: tuple[str, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]

    def find(self, connection: BaseDatabaseWrapper, values: Sequence[Any]) -> list[Dataset]:
        """Return the datasets of values."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [values[place] for place in self.places])
            rows = [list(row) for row in cursor.fetchall()]
        for row in rows:
            for column, (converters, expression) in self.converters.items():
                for convert in converters:
                    row[column] = convert(row[column], expression, connection)
        return [Dataset.from_db(connection.alias, self.names, row) for row in rows]


def find(catalog: int, columns: Sequence[str], texts: Sequence[Sequence[str]]) -> list[Dataset]:
    """Return the datasets of a catalogue that have one of the texts in each of the columns."""
    connection = connections[Dataset.objects.db]
    known: dict[Any, Statement] = vars(connection).setdefault(_KEPT, {})
    key = tuple(columns), tuple(map(len, texts))
    statement = known.get(key)
    if statement is None:
        statement = known[key] = _compile(connection, *key)
    return statement.find(connection, [catalog, *(text for several in texts for text in several)])


def _compile(
    connection: BaseDatabaseWrapper, columns: tuple[str, ...], counts: tuple[int, ...]
) -> Statement:
    probes: list[object] = [_PROBE]
    conditions: dict[str, Any] = {}
    for column, count in zip(columns, counts, strict=True):
        several = [f'probe-{len(probes) + index}' for index in range(count)]
        conditions[column if count == 1 else f'{column}__in'] = several if count > 1 else several[0]
        probes += several
    query = Dataset.objects.filter(catalog_id=_PROBE, **conditions).order_by().query
    compiler = query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    selected = [expression for expression, _, _ in compiler.select]
    return Statement(
        sql,
        tuple(probes.index(parameter) for parameter in parameters),
        tuple(column.target.attname for column in selected),
        compiler.get_converters(selected),
    )
