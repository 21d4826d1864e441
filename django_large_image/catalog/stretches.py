"""What searches read: stretches of an index for each, all in a single statement.

The ORM makes the part of one stretch; the others are the same but for their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from django_large_image.catalog.models import Dataset
from django_large_image.storage.statements import Slot


@dataclass(frozen=True, slots=True)
class Page:
    """The statement that finds a page of datasets: their primary key, and `columns`, among them
    those of `order`, which have `-` where the greatest comes first.
    """

    sql: str
    values: tuple[Any, ...]
    columns: tuple[str, ...]
    order: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return `pk` and the values of the columns of each dataset."""
        names = ('pk', *self.columns)
        with connections[Dataset.objects.db].cursor() as cursor:
            cursor.execute(self.sql, self.values)
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def page(
    part: QuerySet[Dataset],
    stretches: Sequence[Sequence[Any]],
    columns: Sequence[str],
    order: Sequence[str],
    place: slice,
) -> Page:
    """Return the page at a place of the datasets that lie in any of the stretches.

    `part` has a slot for each value of a stretch.
    """
    connection = connections[part.db]
    found = part.order_by(*order).values('id', *columns)
    if len(stretches) == 1:
        found = found[place]
    elif connection.features.supports_slicing_ordering_in_compound:
        # Not all of each is read then, and sorted, before they are merged.
        found = found[: place.stop]
    else:
        # SQLite merges them along their index.
        found = found.order_by()
    sql, parameters = found.query.get_compiler(connection=connection).as_sql()
    values = [
        stretch[one.number] if isinstance(one, Slot) else one
        for stretch in stretches
        for one in parameters
    ]
    if len(stretches) > 1:
        braced = f'({sql})' if found.query.is_sliced else sql
        places = _ordered(order, {name: str(2 + index) for index, name in enumerate(columns)})
        sql = f'{" UNION ALL ".join([braced] * len(stretches))} ORDER BY {places} '
        sql += 'LIMIT %s OFFSET %s'
        values += [place.stop - place.start, place.start]
    return Page(sql, tuple(values), tuple(columns), tuple(order))


def datasets(pages: Sequence[Page]) -> list[list[Dataset]]:
    """Return the datasets of several pages, found by one statement."""
    quoted = connections[Dataset.objects.db].ops.quote_name
    table, key = quoted(Dataset._meta.db_table), quoted('id')
    # Names of columns and tables, of ours only; all else are parameters.
    parts = [
        f'SELECT {number} AS part, {key} AS found, ROW_NUMBER() OVER (ORDER BY '  # noqa: S608
        f'{_ordered(one.order, {name: quoted(name) for name in one.columns})}) AS place '
        f'FROM ({one.sql}) AS page'
        for number, one in enumerate(pages)
    ]
    found = Dataset.objects.raw(
        f'SELECT {table}.*, part FROM ({" UNION ALL ".join(parts)}) AS pages '  # noqa: S608
        f'JOIN {table} ON {table}.{key} = found ORDER BY part, place',
        [value for one in pages for value in one.values],
    )
    known = {part: list(some) for part, some in groupby(found, attrgetter('part'))}
    return [known.get(number, []) for number in range(len(pages))]


def _ordered(order: Sequence[str], names: dict[str, str]) -> str:
    """Return an order in SQL by the names that columns have there."""
    return ', '.join(
        f'{names[column.removeprefix("-")]}{" DESC" if column[0] == "-" else ""}'
        for column in order
    )
