"""What is known of the keys of a catalogue."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, schema
from django_large_image.catalog.models import Catalog, Key
from django_large_image.catalog.schema import schema_of, tried
from django_large_image.exceptions import MissingError, ParameterError


@pytest.fixture
def scenes(database: str) -> None:
    """A catalogue of three keys."""
    api.create('scenes', ['sensor', 'date:date', 'band:number'])


def test_it_is_asked_for_once(scenes: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert schema_of('scenes') is schema_of('scenes')
    assert len(asked) == 1
    assert [key.kind for key in schema_of('scenes').keys] == ['text', 'date', 'number']


def test_what_is_tried_need_not_be_new(scenes: None, monkeypatch: Any) -> None:
    schema_of('scenes')
    # As if these two seconds were over.
    monkeypatch.setattr(schema, '_MAX_AGE', -1)
    with CaptureQueriesContext(connection) as asked:
        assert tried('scenes', lambda known: known.columns) == ('key_0', 'key_1', 'key_2')
    assert len(asked) == 0


def test_what_fails_is_tried_with_the_keys_that_there_are(scenes: None) -> None:
    schema_of('scenes')
    # Without a signal, as if another process did it.
    Key.objects.filter(name='band').update(name='channel')
    assert tried('scenes', lambda known: known.key('channel').column) == 'key_2'
    Key.objects.filter(name='channel').update(name='band')
    assert tried('scenes', lambda known: [key for key in known.keys if key.name == 'band'])
    Catalog.objects.filter(slug='scenes').update(slug='moved')
    with pytest.raises(MissingError):
        tried('scenes', lambda known: [])


def test_what_this_process_changes_is_seen_at_once(scenes: None) -> None:
    schema_of('scenes')
    Key.objects.get(name='band').delete()
    assert [key.name for key in schema_of('scenes').keys] == ['sensor', 'date']
    Catalog.objects.get().delete()
    with pytest.raises(MissingError):
        schema_of('scenes')


def test_keys_stand_in_their_columns(scenes: None) -> None:
    Key.objects.get(name='date').delete()
    assert schema_of('scenes').columns == ('key_0', 'key_2')
    assert schema_of('scenes').encode(['S2', 1])['key_0'] == 'S2'


@pytest.mark.parametrize(
    'values', [['S2', '20240531', '04'], {'band': 4, 'date': '2024-05-31', 'sensor': 'S2'}]
)
def test_values_become_texts_and_back(scenes: None, values: Any) -> None:
    texts = schema_of('scenes').encode(values)
    assert (texts['key_0'], texts['key_1']) == ('S2', '2024-05-31')
    shown = schema_of('scenes').shown(texts)
    assert shown == {'sensor': 'S2', 'date': '2024-05-31', 'band': '4'}


@pytest.mark.parametrize(
    'values', [[], ['S2'], ['S2', '2024-05-31', 4, 5], {'sensor': 'S2'}, {'colour': 'red'}]
)
def test_values_that_do_not_fit(scenes: None, values: Any) -> None:
    with pytest.raises(ParameterError):
        schema_of('scenes').encode(values)
