"""The tables of catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from django_large_image.catalog import footprints
from django_large_image.catalog.models import Catalog, Dataset, Key
from django_large_image.exceptions import MissingError, UnreadableError
from tests import factories


def test_migrations_are_complete(db: None) -> None:
    call_command('makemigrations', 'large_image_catalog', check=True, dry_run=True, verbosity=0)


def test_a_dataset_is_there_once(database: str) -> None:
    catalog = Catalog.objects.create(slug='a')
    Dataset.objects.create(catalog=catalog, key_0='x')
    with pytest.raises(IntegrityError), transaction.atomic():
        Dataset.objects.create(catalog=catalog, key_0='x')
    Dataset.objects.create(catalog=Catalog.objects.create(slug='b'), key_0='x')


def test_indexes_of_keys_hold_those_that_are_used(database: str) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Dataset._meta.db_table)
    columns = found['li_dataset_key_2']['columns']
    assert columns[:4] == ['catalog_id', 'key_2', 'key_0', 'key_1']
    assert columns[-2:] == ['cell', 'id']
    bounds = ['west', 'south', 'east', 'north']
    assert found['li_dataset_cell']['columns'][-5:] == [*bounds, 'id']


def test_the_cell_follows_the_bounds(database: str) -> None:
    dataset = Dataset(catalog=Catalog.objects.create(slug='a'), key_0='x')
    dataset.save()
    assert (dataset.bounds, dataset.cell) == (None, None)
    dataset.west, dataset.south, dataset.east, dataset.north = 10, 40, 12, 41
    dataset.save(update_fields=['west', 'south', 'east', 'north'])
    dataset.refresh_from_db()
    assert dataset.bounds == (10, 40, 12, 41)
    assert dataset.cell == footprints.cell(10, 40, 12, 41)


def test_a_dataset_lies_in_one_place() -> None:
    for place in ({}, {'file': 'a.tif', 'location': '/a.tif'}):
        with pytest.raises(ValidationError):
            Dataset(**place).clean()
    Dataset(location='/a.tif').clean()


@pytest.mark.parametrize(
    'fields',
    [
        {'name': 'a b', 'position': 0},
        {'name': 'limit', 'position': 0},
        {'name': 'a', 'position': 8},
    ],
)
def test_keys_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Key(**fields).clean()


def test_where_rasters_lie(roots: Path, settings: Any) -> None:
    (roots / 'in').mkdir()
    path = factories.raster(roots / 'in' / 'a.tif')
    (roots / 'in' / 'out.tif').symlink_to(__file__)
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': ['/nowhere', str(roots / 'in')]}
    for location in (str(path), 'a.tif'):
        assert Dataset(location=location).reference().path == str(path)
    for location in ('/etc/hostname', '../a.tif', 'out.tif', 'gone.tif', 'a\0b', str(roots)):
        with pytest.raises(MissingError):
            Dataset(location=location).reference()
    for location in ('/vsizip/a.zip', 'file:///etc/hostname', 'https://example.org/a.tif', ''):
        with pytest.raises(UnreadableError):
            Dataset(location=location).reference()
    settings.LARGE_IMAGE = {}
    with pytest.raises(MissingError):
        Dataset(location=str(path)).reference()
