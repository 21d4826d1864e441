"""The object of a request: DRF's `get_object()`, by a statement that the ORM makes only once.

To make the same query again takes the ORM longer than a database takes to answer it, and longer
than many a tile. A viewset that has its own way to an object keeps it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import ModelIterable
from rest_framework.generics import GenericAPIView

# The steps of DRF on the way to an object; beside them stand filters.
_STEPS = ('get_object', 'get_queryset', 'filter_queryset')
# Two values per kind of key, to find their place among the parameters of a statement.
_PROBES: dict[type[models.Field[Any, Any]], tuple[object, object]] = {
    models.IntegerField: (1, 2),
    models.CharField: ('a', 'b'),
    models.UUIDField: (uuid.UUID(int=1), uuid.UUID(int=2)),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What the ORM makes of a queryset and a lookup, but for the value that is looked for.

    `place` is that value's among the `parameters`, `names` are the columns' attributes and
    `converters` what the ORM does to their values, by column.
    """

    field: models.Field[Any, Any]
    sql: str
    parameters: tuple[Any, ...]
    place: int
    names: tuple[str, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]

    def find(
        self, connection: BaseDatabaseWrapper, model: type[models.Model], value: Any
    ) -> models.Model | None:
        """Return the one object with a value; None where there is not exactly one."""
        parameters = list(self.parameters)
        parameters[self.place] = value
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            rows = cursor.fetchmany(2)
        if len(rows) != 1:
            return None
        row = list(rows[0])
        for column, (converters, expression) in self.converters.items():
            for convert in converters:
                row[column] = convert(row[column], expression, connection)
        return model.from_db(connection.alias, self.names, row)


# Where a connection keeps its statements: their converters are bound to it.
_KEPT = '_large_image_statements'


def find_object(view: Any) -> models.Model:
    """Return `view.get_object()`: 404 without one, and its permissions are checked."""
    found = _find(view) if _is_plain(view) else None
    if found is None:
        instance: models.Model = view.get_object()
        return instance
    view.check_object_permissions(view.request, found)
    return found


def _is_plain(view: Any) -> bool:
    """Whether a view takes DRF's own way from the queryset of its class to an object."""
    cls = type(view)
    for step in _STEPS:
        if getattr(cls, step, None) is not getattr(GenericAPIView, step):
            return False
    return not view.filter_backends and not {'queryset', *_STEPS} & view.__dict__.keys()


def _find(view: Any) -> models.Model | None:
    queryset: models.QuerySet[Any] | None = view.queryset
    name: str = view.lookup_field
    said = view.kwargs.get(view.lookup_url_kwarg or name)
    if type(queryset) is not models.QuerySet or not isinstance(said, str):
        return None
    connection = connections[queryset.db]
    known: dict[Any, Statement | None] = vars(connection).setdefault(_KEPT, {})
    try:
        statement = known[queryset, name]
    except KeyError:
        statement = known[queryset, name] = _compile(queryset, name, connection)
    if statement is None:
        return None
    value = _prepare(statement.field, said, connection)
    return None if value is None else statement.find(connection, queryset.model, value)


def _prepare(field: models.Field[Any, Any], said: str, connection: BaseDatabaseWrapper) -> Any:
    """Return the value of a key as its database takes it; None for one that DRF has to judge."""
    if isinstance(field, models.IntegerField):
        if not (said.isascii() and said.isdigit() and len(said) < 19):
            return None
        _, highest = connection.ops.integer_field_range(field.get_internal_type())
        value = int(said)
        return value if highest is None or value <= highest else None
    if isinstance(field, models.UUIDField):
        try:
            return field.get_db_prep_value(uuid.UUID(said), connection)
        except ValueError:
            return None
    return said if said and '\0' not in said else None


def _compile(
    queryset: models.QuerySet[Any], name: str, connection: BaseDatabaseWrapper
) -> Statement | None:
    """Return the statement that finds an object by a field; None where the ORM does more."""
    options = queryset.model._meta
    field = options.pk if name == 'pk' else {each.name: each for each in options.fields}.get(name)
    # Subclasses may prepare their values in any way.
    kinds = [kind for kind in _PROBES if isinstance(field, kind)]
    if field is None or not kinds or not type(field).__module__.startswith('django.db.models.'):
        return None
    made_otherwise = queryset._iterable_class is not ModelIterable
    if made_otherwise or vars(queryset)['_prefetch_related_lookups']:
        return None
    query = queryset.query
    if query.is_sliced or query.combinator or query.select_for_update or query.select_related:
        return None
    made = []
    for probe in _PROBES[kinds[0]]:
        probed = queryset.order_by().filter(**{name: probe}).query
        probed.set_limits(high=2)
        compiler = probed.get_compiler(connection=connection)
        try:
            made.append(compiler.as_sql())
        except EmptyResultSet:
            return None
    (sql, first), (_, second) = made
    places = [index for index, pair in enumerate(zip(first, second)) if pair[0] != pair[1]]  # noqa: B905
    columns = [expression for expression, _, _ in compiler.select]
    if len(places) != 1 or compiler.annotation_col_map or compiler.has_extra_select:
        return None
    return Statement(
        field,
        sql,
        tuple(first),
        places[0],
        tuple(column.target.attname for column in columns),
        compiler.get_converters(columns),
    )
