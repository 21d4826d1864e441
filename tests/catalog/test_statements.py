"""Datasets by a statement that is made once are those of the ORM."""

from __future__ import annotations

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, statements
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.schema import schema_of

COLUMNS = ['key_0', 'key_1']


@pytest.fixture
def catalog(database: str) -> int:
    """Six datasets with all that may stand in a field, and one of another catalogue."""
    api.create('scenes', ['band', 'number:number'])
    rows = [
        api.Row(
            [band, number],
            f'{band}.tif',
            fields={
                'percentiles': [0.5, number],
                'extra': {'of': band},
                'categories': [{'value': 1, 'color': 'red'}],
                'minimum': number / 3,
                'approximate': number == 1,
            },
        )
        for band in ('a', "b'; --", 'ü')
        for number in (1, 2)
    ]
    api.bulk_insert('scenes', rows)
    api.create('others', ['band', 'number:number'])
    api.bulk_insert('others', [api.Row(['a', 1], 'other.tif')])
    return schema_of('scenes').catalog


def texts(*values: object) -> list[str]:
    """Return the texts of values of both keys."""
    return list(schema_of('scenes').encode(values).values())  # type: ignore[arg-type]


@pytest.mark.parametrize('bands', [['a'], ["b'; --"], ['a', 'ü'], ['ü', "b'; --", 'a'], ['nosuch']])
def test_datasets_are_those_of_the_orm(catalog, bands):
    wanted = [sorted(texts(band, 1)[0] for band in bands), [texts('a', 2)[1]]]
    found = statements.find(catalog, COLUMNS, wanted)
    expected = Dataset.objects.filter(catalog=catalog, key_0__in=wanted[0], key_1=wanted[1][0])
    fields = [field.attname for field in Dataset._meta.concrete_fields]
    assert sorted(([getattr(each, name) for name in fields] for each in found), key=str) == sorted(
        ([getattr(each, name) for name in fields] for each in expected), key=str
    )
    assert len(found) == len(set(bands) - {'nosuch'})
    assert not any(each._state.adding for each in found)


def test_what_was_found_can_be_stored_again(catalog):
    (found,) = statements.find(catalog, COLUMNS, [[text] for text in texts('a', 1)])
    found.extra = {'changed': True}
    found.save()
    assert Dataset.objects.get(pk=found.pk).extra == {'changed': True}


def test_it_is_one_query_each_time(catalog):
    with CaptureQueriesContext(connections[Dataset.objects.db]) as queries:
        for band in ('a', 'ü', 'nosuch'):
            statements.find(catalog, COLUMNS, [[text] for text in texts(band, 1)])
    assert len(queries) == 3
