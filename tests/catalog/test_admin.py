"""Catalogues in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from django_large_image.catalog import api
from django_large_image.catalog.models import COLUMNS, Catalog, Dataset

CATALOGS, DATASETS = (f'/admin/large_image_catalog/{name}/' for name in ('catalog', 'dataset'))


@pytest.fixture
def scenes(db: None) -> Catalog:
    """A catalogue without datasets."""
    return api.create('scenes', ['sensor', 'date:date', 'cloud:number'])


def form(**values: Any) -> dict[str, Any]:
    """The fields of a dataset as a browser sends them."""
    empty = {
        **dict.fromkeys(COLUMNS, ''),
        'name': '',
        'extra': '{}',
        'categories': '[]',
        'band': '1',
    }
    return {**empty, 'location': '/a.tif', **values}


def test_a_dataset_is_added_and_changed(scenes: Catalog, admin_client: Client) -> None:
    sent = form(catalog=scenes.pk, key_0='S2', key_1='20240531', key_2='2.50')
    assert admin_client.post(f'{DATASETS}add/', sent).status_code == 302
    (dataset,) = api.find('scenes', ['S2', '2024-05-31', 2.5])
    page = admin_client.get(f'{DATASETS}{dataset.pk}/change/').content.decode()
    assert 'value="2024-05-31"' in page
    assert 'value="2.5"' in page
    sent = form(catalog=scenes.pk, key_0='S2', key_1='2024-05-31', key_2='-1')
    assert admin_client.post(f'{DATASETS}{dataset.pk}/change/', sent).status_code == 302
    assert api.find('scenes', ['S2', '2024-05-31', -1])[0].pk == dataset.pk
    assert 'S2/2024-05-31/-1' in admin_client.get(DATASETS).content.decode()


@pytest.mark.parametrize(
    ('values', 'says'),
    [
        ({'key_1': 'yesterday', 'key_2': '1'}, 'is no date'),
        ({'key_1': '2024-05-31', 'key_2': '1', 'key_3': 'x'}, 'fewer keys'),
        ({'key_1': '2024-05-31', 'key_2': '1', 'location': ''}, 'either a file or a location'),
        ({'key_1': '2024-01-01', 'key_2': '1'}, 'already exists'),
    ],
)
def test_datasets_that_cannot_be(
    scenes: Catalog, admin_client: Client, values: Any, says: str
) -> None:
    api.bulk_insert('scenes', [api.Row(['S2', '2024-01-01', 1], '/a.tif')])
    page = admin_client.post(f'{DATASETS}add/', form(catalog=scenes.pk, key_0='S2', **values))
    assert says in page.content.decode()
    assert Dataset.objects.count() == 1


def test_keys_stay_while_there_are_datasets(scenes: Catalog, admin_client: Client) -> None:
    page = f'{CATALOGS}{scenes.pk}/change/'
    assert 'name="keys-0-name"' in admin_client.get(page).content.decode()
    api.bulk_insert('scenes', [api.Row(['S2', '2024-01-01', 1], '/a.tif')])
    content = admin_client.get(page).content.decode()
    assert 'name="keys-0-name"' not in content
    assert 'name="keys-0-description"' in content
