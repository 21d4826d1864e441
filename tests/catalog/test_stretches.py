"""Rows of several stretches of an index are those of the ORM, on each kind of database."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, stretches
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.terms import Term

COLUMNS = ['key_1', 'key_0']
STRETCHES = [('B1', 'B2'), ('B4', 'B4'), ('B7', 'B8'), ('B9', 'B0')]
ORDERS = ['key_1', 'key_0'], ['-key_1', '-key_0'], ['key_0', 'key_1'], ['-key_0', '-key_1']


def term(count: int) -> Term:
    """Some of the stretches of bands."""
    return Term('key_1', tuple({'range': ends} for ends in STRETCHES[:count]))


@pytest.fixture
def scenes(database):
    """Datasets of scenes that are not the third."""
    api.create('scenes', ['scene', 'band'])
    scenes = [f"it's {number}%" for number in range(7)]
    api.bulk_insert(
        'scenes', [api.Row([scene, f'B{band}'], '/a.tif') for scene in scenes for band in range(10)]
    )
    return Dataset.objects.exclude(key_0=scenes[3])


@pytest.mark.parametrize(
    'chosen',
    [
        term(1),
        term(2),
        term(4),
        Term('key_1', ({'in': ['B0', 'B3', 'B8', 'B9']},)),
        Term('key_1', ({'exact': 'B4'},), equal=True),
        Term('key_1', ({'gte': 'B2', 'lt': 'B7'},), exact=Q(key_0__endswith='4%')),
        Term('key_1', (*term(2).parts,), exact=Q(key_0__endswith='4%')),
        None,
    ],
)
def test_pages_are_those_of_the_orm(scenes, chosen):
    wanted = scenes.filter(chosen.where('key_1'), chosen.exact) if chosen else scenes
    for order, place in product(ORDERS, (slice(0, 5), slice(5, 11), slice(8, 100))):
        found = stretches.page(scenes, chosen, COLUMNS, order, place)
        assert found.rows() == list(wanted.order_by(*order).values('pk', *COLUMNS)[place])
    assert wanted.exists()


def test_a_list_is_planned_once_however_long(scenes):
    values = [f'B{number}' for number in range(10)] + ['C' * number for number in range(1, 91)]
    chosen = Term('key_1', ({'in': values},))
    found = stretches.page(scenes, chosen, COLUMNS, ORDERS[1], slice(0, 7))
    assert found.sql.count(Dataset._meta.db_table + '" WHERE') == 1
    assert [row['key_1'] for row in found.rows()] == ['B9'] * 6 + ['B8']
    # PostgreSQL takes them one after another, in the order of the page.
    assert found.sql.count('number DESC') == 2 * (connection.vendor == 'postgresql')


def test_several_pages_are_found_by_one_query(scenes):
    pages = [
        stretches.page(scenes, term(count), COLUMNS, order, place)
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


def test_beyond_the_last_page_there_is_nothing(scenes):
    for count in (1, 4):
        place = slice(10_000, 10_100)
        assert stretches.page(scenes, term(count), COLUMNS, ['key_1'], place).rows() == []
