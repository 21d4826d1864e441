"""Estimates by a sample, against the counts of all, on each kind of database."""

from __future__ import annotations

import pytest
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, estimates
from django_large_image.catalog.schema import schema_of

COUNT = 3000


@pytest.fixture
def catalog(database: str) -> int:
    """Datasets of ten bands, the last one of which is at a place; and another catalogue."""
    api.create('scenes', ['scene:number', 'band'])
    api.create('others', ['scene:number', 'band'])
    bounds = {'west': 1.0, 'south': 2.0, 'east': 3.0, 'north': 4.0}
    for slug, count in (('others', 200), ('scenes', COUNT)):
        rows = [
            api.Row([n // 10, f'B{n % 10}'], '/a.tif', fields=bounds if n % 10 == 9 else {})
            for n in range(count)
        ]
        api.bulk_insert(slug, rows)
    return schema_of('scenes').catalog


def test_all_of_few_are_counted(catalog, monkeypatch):
    monkeypatch.setattr(estimates, 'SIZE', 2 * COUNT)
    sample = estimates.sample()
    assert sample.weight == 1
    assert sample.between(catalog, 'key_1', 'B3', 'B5') == 900
    assert sample.between(catalog, 'key_1', 'B8') == 600
    assert sample.between(catalog, 'key_1', None, 'B0') == 300
    assert sample.between(catalog, 'key_1', 'B5', 'B3') == 0
    assert sample.between(catalog, 'cell') == 300
    assert sample.between(catalog, 'key_2') == 0
    assert sample.between(catalog) == COUNT
    assert sample.between(schema_of('others').catalog, 'key_1', 'B3', 'B3') == 20


def test_many_are_judged_by_some(catalog):
    sample = estimates.sample()
    assert sum(map(len, sample.values.values())) < 4 * estimates.SIZE
    assert sample.between(catalog, 'key_1') == pytest.approx(COUNT, rel=0.1)
    for band in range(10):
        text = f'B{band}'
        assert sample.between(catalog, 'key_1', text, text) == pytest.approx(300, rel=0.5)


def test_a_sample_is_kept_for_a_while(catalog, monkeypatch):
    from django.db import connection

    first = estimates.sample()
    with CaptureQueriesContext(connection) as asked:
        assert estimates.sample() is first
    assert len(asked) == 0
    monkeypatch.setattr(estimates, '_MAX_AGE', 0.0)
    assert estimates.sample() is not first


def test_a_sample_stays_as_datasets_are_added(catalog):
    before = estimates._chosen(1, 9000)
    after = estimates._chosen(1, 12_000)
    assert set(before) <= set(after)
    assert len(before) == pytest.approx(estimates.SIZE * 9000 / 16_384, rel=0.1)


def test_without_datasets_there_are_none(database):
    assert estimates.sample().between(1, 'key_0') == 0
