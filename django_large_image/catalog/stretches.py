"""What searches read: stretches of an index for each, all in a single statement.

The ORM makes the part that reads one stretch; for the others only its ends are different.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, groupby
from operator import attrgetter
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from django_large_image.catalog.models import Dataset
from django_large_image.catalog.terms import Term
from django_large_image.storage.statements import Slot

Part = Mapping[str, Any]


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


class _End(Slot):
    """An end of a stretch; where all ends are a table, its column there."""

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return f'stretch.end_{self.number}', ()


def page(
    found: QuerySet[Dataset],
    term: Term | None,
    columns: Sequence[str],
    order: Sequence[str],
    place: slice,
) -> Page:
    """Return the page at a place of the found datasets that meet a term, too, whose index is
    read.
    """
    joined = connections[found.db].vendor == 'postgresql'
    # SQLite looks up the values of a list by itself, one after another.
    parts = () if term is None else term.stretches if joined else term.parts
    several = len(parts) > 1
    if term is not None:
        ends = [_ends(parts[0])] if several else None
        found = found.filter(term.lookup(ends))
    found = found.order_by(*order).values('id', *columns)
    if not several:
        sql, values = _compiled(found[place])
    else:
        places = _ordered(order, {name: str(2 + index) for index, name in enumerate(columns)})
        if joined:
            # One stretch after another, until there are enough, where they follow each other.
            along = term is not None and order[0].removeprefix('-') == term.column
            number = f'number{" DESC" if order[0][0] == "-" else ""}'
            sql, values = _joined(found[: place.stop], parts, number)
            places = f'stretch.{number}, {places}' if along else places
        else:
            sql, values = _united(found, parts)
        sql += f' ORDER BY {places} LIMIT %s OFFSET %s'
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


def _united(found: QuerySet[Dataset], parts: Sequence[Part]) -> tuple[str, list[Any]]:
    """Return a statement of one part for each stretch: SQLite merges them along their index."""
    sql, parameters = _compiled(found.order_by())
    values = [
        ends[one.number] if isinstance(one, _End) else one
        for ends in map(_flat, parts)
        for one in parameters
    ]
    return ' UNION ALL '.join([sql] * len(parts)), values


def _joined(found: QuerySet[Dataset], parts: Sequence[Part], order: str) -> tuple[str, list[Any]]:
    """Return a statement of one part, joined to the table of all ends in an order: PostgreSQL plans
    it only once, however many these are.
    """
    sql, parameters = _compiled(found)
    rows = [(number, *_flat(part)) for number, part in enumerate(parts)]
    ends = ', '.join(f'end_{index}' for index in range(len(rows[0]) - 1))
    row = f'({", ".join(["%s"] * len(rows[0]))})'
    stretch = (
        f'SELECT * FROM (VALUES {", ".join([row] * len(rows))}) AS ends (number, {ends}) '  # noqa: S608
        f'ORDER BY {order}'
    )
    return (
        f'SELECT part.* FROM ({stretch}) AS stretch CROSS JOIN LATERAL ({sql}) AS part',  # noqa: S608
        [*chain.from_iterable(rows), *parameters],
    )


def _compiled(found: QuerySet[Any]) -> tuple[str, list[Any]]:
    sql, parameters = found.query.get_compiler(connection=connections[found.db]).as_sql()
    return sql, list(parameters)


def _ends(part: Part) -> dict[str, Any]:
    """Return a part of a term with places for its values, in the order of `_flat`."""
    numbers = count()
    return {
        how: [_End(next(numbers)) for _ in value] if how == 'range' else _End(next(numbers))
        for how, value in part.items()
    }


def _flat(part: Part) -> list[Any]:
    """Return the values of a part of a term."""
    return [each for how, value in part.items() for each in (value if how == 'range' else (value,))]
