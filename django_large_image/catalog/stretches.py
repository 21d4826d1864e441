"""What a search reads: stretches of one index, in a single statement.

The ORM makes the part of one stretch; the others are the same but for their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from django_large_image.catalog.models import Dataset
from django_large_image.storage.statements import Slot


def rows(
    part: QuerySet[Dataset],
    stretches: Sequence[Sequence[Any]],
    columns: Sequence[str],
    order: Sequence[str],
    page: slice,
) -> list[dict[str, Any]]:
    """Return the values of columns of the datasets of a page that lie in any of the stretches.

    `part` has a slot for each value of a stretch. `order` names columns, those with `-` from the
    greatest.
    """
    connection = connections[part.db]
    found = part.order_by(*order).values(*columns)
    if len(stretches) == 1:
        found = found[page]
    elif connection.features.supports_slicing_ordering_in_compound:
        # Not all of each is read then, and sorted, before they are merged.
        found = found[: page.stop]
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
        places = [
            f'{columns.index(name.lstrip("-")) + 1}{" DESC" if name[0] == "-" else ""}'
            for name in order
        ]
        sql = f'{" UNION ALL ".join([braced] * len(stretches))} ORDER BY {", ".join(places)} '
        sql += 'LIMIT %s OFFSET %s'
        values += [page.stop - page.start, page.start]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
