"""Rows of several stretches of an index are those of the ORM, on each kind of database."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, stretches
from django_large_image.catalog.models import Dataset
from django_large_image.storage.statements import Slot

COLUMNS = ['key_1', 'key_0']
STRETCHES = [('B1', 'B2'), ('B4', 'B4'), ('B7', 'B8'), ('B9', 'B0')]


@pytest.fixture
def part(database):
    """The datasets of a stretch of bands, of scenes that are not the third."""
    api.create('scenes', ['scene', 'band'])
    scenes = [f"it's {number}%" for number in range(7)]
    api.bulk_insert(
        'scenes', [api.Row([scene, f'B{band}'], '/a.tif') for scene in scenes for band in range(10)]
    )
    found = Dataset.objects.exclude(key_0=scenes[3])
    return found.filter(key_1__gte=Slot(0), key_1__lte=Slot(1))


@pytest.mark.parametrize('count', [1, 2, 4])
def test_pages_are_those_of_the_orm(part, count):
    within = Q(pk__in=())
    for low, high in STRETCHES[:count]:
        within |= Q(key_1__gte=low, key_1__lte=high)
    wanted = Dataset.objects.exclude(key_0="it's 3%").filter(within)
    for order, page in product(
        (['key_1', 'key_0'], ['-key_0', '-key_1']), (slice(0, 5), slice(5, 11), slice(8, 100))
    ):
        found = stretches.page(part, STRETCHES[:count], COLUMNS, order, page)
        assert found.rows() == list(wanted.order_by(*order).values('pk', *COLUMNS)[page])
        assert found.rows()


def test_several_pages_are_found_by_one_query(part):
    pages = [
        stretches.page(part, STRETCHES[:count], COLUMNS, order, place)
        for (count, order), place in product(
            [(1, ['-key_0', '-key_1']), (4, ['key_1', 'key_0']), (3, ['-key_1', '-key_0'])],
            (slice(0, 5), slice(5, 11), slice(10_000, 10_100)),
        )
    ]
    with CaptureQueriesContext(connection) as asked:
        found = stretches.datasets(pages)
        shown = [
            [{'pk': one.pk, 'key_1': one.key_1, 'key_0': one.key_0} for one in datasets]
            for datasets in found
        ]
    assert len(asked) == 1
    assert shown == [one.rows() for one in pages]
    assert [len(datasets) for datasets in found] == [5, 6, 0] * 3


def test_beyond_the_last_page_there_is_nothing(part):
    for stretch in (STRETCHES, STRETCHES[:1]):
        assert stretches.page(part, stretch, COLUMNS, ['key_1'], slice(10_000, 10_100)).rows() == []
