"""Statements that select objects by values, which the ORM makes only once.

To make the same query again takes the ORM longer than a database takes to answer it, and longer
than many a tile.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql import Query

S = TypeVar('S')

# Where a connection keeps its statements: their converters are bound to it.
KEPT = '_large_image_statements'
_MAX_KEPT = 256


class Slot(Expression):
    """The place of a value in a query, by its number; it stands for it in filters."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return a parameter that is the slot itself."""
        return '%s', (self,)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the ORM makes of a query, but for the values that it has slots for.

    `parameters` are those of `sql`, slots among them. `names` are the columns' attributes and
    `converters` what the ORM does to their values, by column.
    """

    model: type[models.Model]
    sql: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]

    @classmethod
    def of(cls, query: Query, connection: BaseDatabaseWrapper) -> Statement | None:
        """Return the statement of a query of whole objects; None where it selects anything else.

        Raises Django's `EmptyResultSet` where it can find nothing.
        """
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        if compiler.annotation_col_map or compiler.has_extra_select:
            return None
        columns = [expression for expression, _, _ in compiler.select]
        return cls(
            query.model,  # type: ignore[arg-type]
            sql,
            tuple(parameters),
            tuple(column.target.attname for column in columns),
            compiler.get_converters(columns),
        )

    def find(
        self, connection: BaseDatabaseWrapper, values: Sequence[Any], most: int | None = None
    ) -> list[models.Model]:
        """Return the objects, `most` of them at most; values are as the database takes them, in the
        order of the slots' numbers.
        """
        parameters = [
            values[parameter.number] if isinstance(parameter, Slot) else parameter
            for parameter in self.parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found = cursor.fetchall() if most is None else cursor.fetchmany(most)
        rows = [list(row) for row in found]
        for row in rows:
            for column, (converters, expression) in self.converters.items():
                for convert in converters:
                    row[column] = convert(row[column], expression, connection)
        return [self.model.from_db(connection.alias, self.names, row) for row in rows]


def keep(connection: BaseDatabaseWrapper, key: Hashable, make: Callable[[], S]) -> S:
    """Return what was made under a key for this connection; made now if it was not."""
    known: dict[Hashable, S] = vars(connection).setdefault(KEPT, {})
    try:
        return known[key]
    except KeyError:
        if len(known) >= _MAX_KEPT:
            known.clear()
        made = known[key] = make()
        return made
