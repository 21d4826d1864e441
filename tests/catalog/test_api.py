"""Catalogues from Python."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, footprints
from django_large_image.catalog.models import Catalog, Dataset, Key
from django_large_image.exceptions import MissingError, ParameterError
from tests import factories
from tests.catalog.committed import Committed, together

KEYS = ['sensor', {'name': 'date', 'kind': 'date', 'description': 'When'}, 'band:number']


@pytest.fixture
def raster(roots: Path) -> Path:
    """A raster of the values 0 to 99 over ten degrees."""
    data = np.arange(100, dtype='uint8').reshape(10, 10)
    return factories.raster(roots / 'a.tif', data, epsg=4326, bounds=(10, 40, 20, 50))


def test_a_catalogue_with_keys(database: str) -> None:
    catalog = api.create('scenes', KEYS, title='Scenes')
    assert str(catalog) == 'Scenes'
    keys = Key.objects.filter(catalog=catalog).values_list(
        'position', 'name', 'kind', 'description'
    )
    assert list(keys) == [
        (0, 'sensor', 'text', ''),
        (1, 'date', 'date', 'When'),
        (2, 'band', 'number', ''),
    ]


@pytest.mark.parametrize(
    'keys',
    [
        [],
        ['a', 'a:number'],
        ['a:colour'],
        ['a b'],
        [{'name': 'a', 'colour': 'red'}],
        [f'k{number}' for number in range(9)],
    ],
)
def test_catalogues_that_cannot_be(database: str, keys: Any) -> None:
    with pytest.raises(ParameterError):
        api.create('scenes', keys)
    assert not Catalog.objects.exists()


def test_no_two_catalogues_have_one_name(database: str) -> None:
    api.create('scenes', KEYS)
    with pytest.raises(ParameterError, match='already'):
        api.create('scenes', ['other'])
    assert Key.objects.count() == 3


def test_a_dataset_is_inserted_and_measured(database: str, raster: Path) -> None:
    api.create('scenes', KEYS)
    values = {'band': 4, 'date': '20240531', 'sensor': 'S2'}
    dataset = api.insert('scenes', values, raster, name='First', extra={'cloud': 3}, exact=True)
    assert dataset.pk
    (found,) = api.find('scenes', ['S2', '2024-05-31', '4.0'])
    assert (found.minimum, found.maximum, found.mean) == (0, 99, 49.5)
    assert found.bounds == pytest.approx((10, 40, 20, 50))
    assert found.cell == footprints.cell(*found.bounds)  # type: ignore[misc]
    assert (found.name, found.extra, found.band) == ('First', {'cloud': 3}, 1)
    assert found.reference().path == str(raster)
    assert api.search('scenes', bbox=(15, 45, 16, 46)).datasets() == [found]


def test_another_raster_replaces_the_first(database: str, raster: Path, roots: Path) -> None:
    api.create('scenes', ['name'])
    first = api.insert('scenes', ['a'], raster)
    other = factories.raster(roots / 'b.tif', np.full((5, 5), 7, 'uint8'))
    second = api.insert('scenes', ['a'], other, measured=False)
    assert Dataset.objects.count() == 1
    assert second.pk == first.pk
    assert (second.location, second.maximum, second.cell) == (str(other), None, None)
    assert api.compute_metadata('scenes', ['a']).maximum == 7


def test_a_raster_elsewhere_is_measured_here(database: str, raster: Path) -> None:
    api.create('scenes', ['name'])
    url = 'https://rasters.example.org/a.tif'
    dataset = api.insert('scenes', ['a'], url, measured_at=raster)
    assert (dataset.location, dataset.maximum) == (url, 99)


def test_what_cannot_be_inserted_leaves_nothing(database: str, raster: Path, roots: Path) -> None:
    api.create('scenes', ['name'])
    with pytest.raises(MissingError):
        api.insert('scenes', ['a'], roots / 'gone.tif')
    with pytest.raises(MissingError):
        api.insert('scenes', ['a'], '/etc/hostname')
    with pytest.raises(ParameterError):
        api.insert('scenes', ['a', 'b'], raster)
    with pytest.raises(ParameterError):
        api.insert('scenes', {'name': 'a', 'colour': 'red'}, raster)
    with pytest.raises(ParameterError):
        api.bulk_insert('scenes', [api.Row(['a'], raster), api.Row([''], raster)])
    with pytest.raises(MissingError):
        api.insert('nowhere', ['a'], raster)
    assert not Dataset.objects.exists()


def test_values_may_not_be_too_long_together(database: str) -> None:
    api.create('long', [f'k{number}' for number in range(8)])
    assert api.bulk_insert('long', [api.Row(['x' * 128] * 8, '/a.tif')]) == 1
    with pytest.raises(ParameterError, match='too long'):
        api.bulk_insert('long', [api.Row(['é' * 128] * 8, '/a.tif')])


def test_many_are_inserted_in_few_queries(database: str) -> None:
    api.create('scenes', ['name:number'])
    rows = [api.Row([number % 1100], f'/{number}.tif') for number in range(1200)]
    with CaptureQueriesContext(connection) as asked:
        assert api.bulk_insert('scenes', rows) == 1200
    assert len(asked) < 60
    assert Dataset.objects.count() == 1100
    # The last one counts.
    assert api.find('scenes', [5])[0].location == '/1105.tif'
    assert api.search('scenes').total() == 1100


@pytest.mark.parametrize('value', [float('nan'), float('inf'), {1, 2}, b'x', {'a': [float('nan')]}])
def test_what_is_no_json_is_refused(database: str, raster: Path, value: Any) -> None:
    api.create('scenes', ['name'])
    with pytest.raises(ParameterError, match='`extra`'):
        api.insert('scenes', ['a'], raster, extra={'cloud': value})
    rows = [
        api.Row(['a'], raster),
        api.Row(['b'], raster, fields={'categories': [{'value': value}]}),
    ]
    with pytest.raises(ParameterError, match='`categories`'):
        api.bulk_insert('scenes', rows)
    assert not Dataset.objects.exists()


def test_a_catalogue_that_is_gone_takes_nothing(database: str, raster: Path) -> None:
    catalog = api.create('scenes', ['name'])
    schema = api.schema_of('scenes')
    catalog.delete()
    with pytest.raises(MissingError, match='any more'):
        api.store([api.dataset_of(schema, api.Row(['a'], raster))])


def test_the_same_datasets_in_different_orders_at_once(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, '_BATCH', 1)
    api.create('scenes', ['name'])
    begun = threading.Event()

    def forth() -> Iterator[api.Row]:
        yield api.Row(['a'], '/forth.tif')
        # It is written, now the other one begins.
        begun.set()
        if committed.vendor == 'postgresql':
            _until_somebody_waits(committed)
        yield api.Row(['b'], '/forth.tif')

    def back() -> int:
        assert begun.wait(60)
        return api.bulk_insert('scenes', [api.Row([name], '/back.tif') for name in 'ba'])

    assert together(lambda: api.bulk_insert('scenes', forth()), back) == [2, 2]
    # One after the other.
    assert [one.location for one in Dataset.objects.all()] == ['/back.tif', '/back.tif']


def _until_somebody_waits(committed: Committed) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    end = time.monotonic() + 60
    with committed.connect() as other:
        other.autocommit = True
        while not other.execute(waiting).fetchone()[0]:
            assert time.monotonic() < end


def test_deleting(database: str, raster: Path) -> None:
    api.create('scenes', ['name'])
    api.create('others', ['name'])
    for slug in ('scenes', 'others'):
        api.bulk_insert(slug, [api.Row([name], raster) for name in 'ab'])
    api.delete('scenes', ['a'])
    with pytest.raises(MissingError):
        api.delete('scenes', ['a'])
    assert [row['key_0'] for row in api.search('scenes').rows()] == ['b']
    api.drop('scenes')
    with pytest.raises(MissingError):
        api.drop('scenes')
    assert list(Catalog.objects.values_list('slug', flat=True)) == ['others']
    assert (Dataset.objects.count(), Key.objects.count()) == (2, 1)
    assert raster.exists()
