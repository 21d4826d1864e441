"""The object of a request: DRF's `get_object()`, by a statement that the ORM makes only once.

To make the same query again takes the ORM longer than a database takes to answer it, and longer
than many a tile. A viewset that has its own way to an object keeps it.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import ModelIterable
from rest_framework.generics import GenericAPIView

from django_large_image.storage.statements import Slot, Statement, keep

# The steps of DRF on the way to an object; beside them stand filters.
_STEPS = ('get_object', 'get_queryset', 'filter_queryset')
# The kinds of keys whose values are prepared here.
_KINDS = (models.IntegerField, models.CharField, models.UUIDField)


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
    made = keep(connection, (queryset, name), partial(_compile, queryset, name, connection))
    if made is None:
        return None
    field, statement = made
    value = _prepare(field, said, connection)
    found = [] if value is None else statement.find(connection, [value], 2)
    return found[0] if len(found) == 1 else None


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
) -> tuple[models.Field[Any, Any], Statement] | None:
    """Return a field, and the statement that finds an object by it; None where the ORM does
    more.
    """
    options = queryset.model._meta
    field = options.pk if name == 'pk' else {each.name: each for each in options.fields}.get(name)
    # Subclasses may prepare their values in any way.
    if not isinstance(field, _KINDS) or not type(field).__module__.startswith('django.db.models.'):
        return None
    made_otherwise = queryset._iterable_class is not ModelIterable
    if made_otherwise or vars(queryset)['_prefetch_related_lookups']:
        return None
    query = queryset.query
    if query.is_sliced or query.combinator or query.select_for_update or query.select_related:
        return None
    query = queryset.order_by().filter(**{name: Slot(0)}).query
    query.set_limits(high=2)
    try:
        statement = Statement.of(query, connection)
    except EmptyResultSet:
        return None
    return None if statement is None else (field, statement)
