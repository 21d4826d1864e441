"""What all views of catalogues do: no transaction, and an answer while others write."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connections
from django.test import Client
from django.urls import get_resolver

from django_large_image.catalog import api, contention, measuring, schema
from django_large_image.catalog.models import Dataset
from tests import factories
from tests.catalog.committed import Committed, together
from tests.servers.databases import ALIAS

pytestmark = pytest.mark.urls('tests.catalog.scenes')

ROOT = '/catalog/scenes'
# None of them is measured.
NAMES = ('a', 'b', 'c')


@pytest.fixture
def scenes(in_file: Committed, roots: Path) -> Committed:
    """A catalogue of rasters that nobody has measured."""
    api.create('scenes', ['name'])
    for number, name in enumerate(NAMES):
        data = np.full((20, 20), 10 + number, 'uint8')
        data[0] = 5
        factories.raster(roots / f'{name}.tif', data, epsg=4326, bounds=(10, 40, 20, 50))
        api.insert('scenes', [name], f'{name}.tif', measured=False)
    return in_file


def maxima() -> list[float | None]:
    return list(Dataset.objects.order_by('key_0').values_list('maximum', flat=True))


def ask(name: str) -> Any:
    return Client().get(f'{ROOT}/metadata/{name}', {'columns': '["range"]'})


@pytest.mark.parametrize(
    'path', ['keys', 'datasets', 'metadata/a', 'singleband/a/preview.png', 'point/a?lon=15&lat=45']
)
def test_where_nobody_can_read_it_is_said_when_to_come_again(scenes: Committed, path: str) -> None:
    with scenes.written('EXCLUSIVE'):
        schema.forget()
        answer = Client().get(f'{ROOT}/{path}')
    assert answer.status_code == 503, answer.content
    assert answer.json() == {'message': 'The database is busy: ask again.'}
    assert answer['Retry-After'] == '5'
    assert Client().get(f'{ROOT}/{path}').status_code == 200


def test_what_cannot_be_stored_is_answered(scenes: Committed) -> None:
    with scenes.written():
        assert ask('a').json() == {'keys': {'name': 'a'}, 'range': [5, 10]}
        picture = Client().get(f'{ROOT}/singleband/b/preview.png')
        several = Client().post(
            f'{ROOT}/metadata?columns=["range"]',
            {'keys': [['b'], ['c']]},
            content_type='application/json',
        )
    assert picture['Content-Type'] == 'image/png'
    assert [one['range'] for one in several.json()] == [[5, 11], [5, 12]]
    assert maxima() == [None, None, None]
    # A later one stores it, and the picture is the same.
    contention.forget()
    assert Client().get(f'{ROOT}/singleband/b/preview.png').content == picture.content
    assert maxima() == [None, 11, None]


def test_errors_that_waiting_does_not_mend_are_not_hidden(scenes: Committed) -> None:
    with scenes.connection.cursor() as cursor:
        cursor.execute('DROP TABLE large_image_catalog_dataset')
    with pytest.raises(OperationalError, match='no such table'):
        ask('a')


@pytest.fixture
def atomic(scenes: Committed, monkeypatch: pytest.MonkeyPatch) -> Committed:
    """The same, where all requests are transactions."""
    monkeypatch.setitem(connections.settings[ALIAS], 'ATOMIC_REQUESTS', True)
    return scenes


def test_others_write_while_a_raster_is_measured(
    atomic: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    real = measuring.survey

    def survey(*args: Any, **kwargs: Any) -> Any:
        with atomic.connect(patience=0) as other:
            other.execute('UPDATE large_image_catalog_dataset SET name = key_0')
            others = other.execute('SELECT measuring_since FROM large_image_catalog_dataset')
            seen.extend(since for (since,) in others.fetchall() if since)
        other.close()
        return real(*args, **kwargs)

    monkeypatch.setattr(measuring, 'survey', survey)
    assert ask('a').json()['range'] == [5, 10]
    # They see who is at it, too.
    assert len(seen) == 1
    assert list(Dataset.objects.values_list('name', flat=True)) == list(NAMES)


def test_several_are_measured_at_once(atomic: Committed) -> None:
    answers = together(*(partial(ask, name) for name in NAMES))
    assert [answer.json()['range'][1] for answer in answers] == [10, 11, 12]
    assert maxima() == [10, 11, 12]


def test_no_view_is_a_transaction() -> None:
    views = [pattern.callback for pattern in get_resolver().url_patterns[0].url_patterns]
    assert len(views) > 20
    assert all(ALIAS in view._non_atomic_requests for view in views)
