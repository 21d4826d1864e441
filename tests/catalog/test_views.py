"""`keys`, `datasets` and `metadata` as Terracotta's client asks for them, and more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api
from django_large_image.catalog.models import Dataset
from tests import factories

pytestmark = pytest.mark.urls('tests.catalog.urls')
ROOT = '/catalogs/scenes'


@pytest.fixture
def scenes(db: None, roots: Path) -> None:
    """Two sensors on two days in three bands; one raster for all."""
    data = np.arange(1, 101, dtype='uint16').reshape(10, 10)
    path = factories.raster(roots / 'a.tif', data, epsg=4326, bounds=(10, 40, 20, 50))
    api.create(
        'scenes', [{'name': 'sensor', 'description': 'Which'}, 'date:date', 'cloud:number', 'band']
    )
    for sensor, date, cloud in (('S1', '2024-01-01', 0.5), ('S2', '2024-02-01', 10)):
        for band in ('B02', 'B03', 'B04'):
            values = [sensor, date, cloud, band]
            api.insert('scenes', values, path, exact=True, extra={'scene': [1, None]})


def get(client: Client, path: str, status: int = 200, **parameters: Any) -> Any:
    """The JSON of an answer."""
    response = client.get(f'{ROOT}/{path}', parameters)
    assert response.status_code == status, response.content
    assert response['Content-Type'] == 'application/json'
    return response.json()


def values(answer: Any) -> list[str]:
    """The values of the datasets of a page."""
    return ['/'.join(dataset.values()) for dataset in answer['datasets']]


def test_what_the_client_of_terracotta_asks_for(scenes: None, client: Client) -> None:
    keys = get(client, 'keys')
    assert keys == {
        'keys': [
            {'key': 'sensor', 'description': 'Which'},
            {'key': 'date', 'description': ''},
            {'key': 'cloud', 'description': ''},
            {'key': 'band', 'description': ''},
        ]
    }
    page = client.get(f'{ROOT}/datasets?limit=15&page=0&band=B03').json()
    assert (page['page'], page['limit']) == (0, 15)
    assert page['datasets'] == [
        {'sensor': 'S1', 'date': '2024-01-01', 'cloud': '0.5', 'band': 'B03'},
        {'sensor': 'S2', 'date': '2024-02-01', 'cloud': '10', 'band': 'B03'},
    ]
    for dataset in page['datasets']:
        # In the order of the keys, as it builds its paths.
        path = ''.join(f'/{dataset[key["key"]]}' for key in keys['keys'])
        metadata = client.get(f'{ROOT}/metadata{path}').json()
        assert metadata['keys'] == dataset
    assert set(metadata) == set(
        'keys bounds convex_hull valid_percentage range mean stdev percentiles metadata'.split()
    )
    assert metadata['bounds'] == pytest.approx([10, 40, 20, 50])
    assert metadata['convex_hull']['type'] == 'Polygon'
    assert metadata['valid_percentage'] == 100
    assert metadata['range'] == [1, 100]
    assert metadata['mean'] == 50.5
    assert metadata['stdev'] == pytest.approx(np.arange(1, 101).std())
    assert metadata['percentiles'] == pytest.approx(
        np.percentile(np.arange(1, 101), range(1, 100)), abs=1
    )
    assert metadata['metadata'] == {'scene': [1, None]}
    # The bands of one scene, with the trailing ampersand that it leaves.
    bands = client.get(f'{ROOT}/datasets?sensor=S1&date=2024-01-01&cloud=0.5&').json()
    assert [dataset['band'] for dataset in bands['datasets']] == ['B02', 'B03', 'B04']


def test_what_clients_in_python_ask_for(scenes: None, client: Client) -> None:
    assert len(values(get(client, 'datasets', band='[B02,B04]'))) == 4
    assert len(values(get(client, 'datasets', sensor='S1', band='[B02,B04]'))) == 2
    assert get(client, 'datasets')['limit'] == 100
    assert values(get(client, 'datasets', limit=4, page=1)) == [
        'S2/2024-02-01/10/B03',
        'S2/2024-02-01/10/B04',
    ]
    assert values(get(client, 'datasets', limit=0)) == []
    assert values(get(client, 'datasets', limit=10**9)) == values(get(client, 'datasets'))
    assert values(get(client, 'datasets', page=10**9)) == []
    wanted = [['S2', '20240201', 10, 'B04'], ['S1', '2024-01-01', '0.50', 'B02']]
    response = client.post(
        f'{ROOT}/metadata?columns=["range","mean"]', {'keys': wanted}, 'application/json'
    )
    assert response.json() == [
        {
            'keys': {'sensor': 'S2', 'date': '2024-02-01', 'cloud': '10', 'band': 'B04'},
            'range': [1, 100],
            'mean': 50.5,
        },
        {
            'keys': {'sensor': 'S1', 'date': '2024-01-01', 'cloud': '0.5', 'band': 'B02'},
            'range': [1, 100],
            'mean': 50.5,
        },
    ]


@pytest.mark.parametrize(
    ('query', 'count'),
    [
        ('cloud__gte=0.5', 6),
        ('cloud__gt=0.5', 3),
        ('cloud__lt=10&cloud__gte=0', 3),
        ('cloud__lte=10', 6),
        ('date__gte=2024-01-02', 3),
        ('time=2024-01-01', 3),
        ('time=2024-01-01/..', 6),
        ('time=../2024-01-31', 3),
        ('time=2024-01-15/2024-01-31', 0),
        ('bbox=0,0,15,45', 6),
        ('bbox=0,0,5,5', 0),
        ('bbox=170,0,10,45', 6),
        ('bbox=0,0,15,45&sensor=S1&band=[B02,B03]&cloud__lt=5&time=2024-01-01', 2),
        ('band=B02&band=B03', 4),
        ('band=B99', 0),
    ],
)
def test_filters(scenes: None, client: Client, query: str, count: int) -> None:
    answer = client.get(f'{ROOT}/datasets?total=true&{query}').json()
    assert (len(answer['datasets']), answer['total']) == (count, count)


def test_order(scenes: None, client: Client) -> None:
    by_band = values(get(client, 'datasets', order_by='[band,date]', ascending='false', limit=2))
    assert by_band == ['S2/2024-02-01/10/B04', 'S1/2024-01-01/0.5/B04']
    backwards = values(get(client, 'datasets', ascending='false'))
    assert backwards == values(get(client, 'datasets'))[::-1]


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('a', ['a']),
        ('[a,b]', ['a', 'b']),
        ('["a,b"]', ['a,b']),
        (' ["a,b"]', []),
        ('["[q]", "a"]', ['[q]', 'a']),
        ('[[q]]', ['[q]']),
        ('["\\"x\\""]', ['"x"']),
        # As they are written.
        ('[1.0,2]', ['1.0']),
        ('["a",2]', []),
        ('["x"]', []),
    ],
)
def test_lists_of_any_characters(
    db: None, client: Client, roots: Path, text: str, found: list[str]
) -> None:
    api.create('scenes', ['name'])
    names = ['"x"', '1', '1.0', '[q]', 'a', 'a,b', 'b']
    api.bulk_insert('scenes', (api.Row([name], 'a.tif') for name in names))
    assert values(get(client, 'datasets', name=text)) == found


def test_many_are_found_by_one_query(scenes: None, client: Client) -> None:
    wanted = [['S2', '2024-02-01', 10, 'B04'], ['S1', '2024-01-01', 0.5, 'B02']]

    def ask(keys: list[list[Any]]) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            response = client.post(f'{ROOT}/metadata', {'keys': keys}, 'application/json')
        assert len(response.json()) == len(keys)
        return [query['sql'] for query in queries]

    ask(wanted)
    assert len(ask(wanted)) == 1
    assert len(ask([['S1', '2024-01-01', 0.5, band] for band in ('B02', 'B03', 'B04')])) == 1


@pytest.mark.parametrize(
    ('path', 'status'),
    [
        ('datasets?colour=red', 400),
        ('datasets?colour__gte=red', 400),
        ('datasets?cloud__near=1', 400),
        ('datasets?cloud=ten', 400),
        ('datasets?cloud__gt=ten', 400),
        ('datasets?cloud__gt=1&cloud=1', 400),
        ('datasets?cloud__gt=1&cloud__gt=2', 400),
        ('datasets?sensor=%00', 400),
        ('datasets?sensor=%ff', 200),
        ('datasets?sensor=', 400),
        ('datasets?sensor=[]', 400),
        ('datasets?sensor=*', 400),
        ('datasets?sensor=' + '[' * 5000 + ']', 400),
        ('datasets?sensor=' + 'x' * 1000, 400),
        ('datasets?sensor=[' + ','.join(map(str, range(101))) + ']', 400),
        ('datasets?limit=-1', 400),
        ('datasets?limit=ten', 400),
        ('datasets?page=-1', 400),
        ('datasets?page=' + '9' * 40, 400),
        ('datasets?bbox=1,2,3', 400),
        ('datasets?bbox=1,2,3,x', 400),
        ('datasets?bbox=nan,2,3,4', 400),
        ('datasets?time=/', 400),
        ('datasets?time=../..', 400),
        ('datasets?time=now', 400),
        ('datasets?order_by=colour', 400),
        ('metadata/S1/2024-01-01/0.5', 400),
        ('metadata/S1/2024-01-01/0.5/B02/x', 400),
        ('metadata/S1/2024-01-01/0.5/B99', 404),
        ('metadata/S1/never/0.5/B02', 400),
        ('metadata/S1/2024-01-01/0.5/B02?columns=["colour"]', 400),
        ('metadata/S1/2024-01-01/0.5/B02?columns=range', 400),
        ('metadata/S1/2024-01-01/0.5/B02?columns=7', 400),
        ('metadata/S1/2024-01-01/0.5/B02?columns=[[]]', 400),
        ('metadata/S1/2024-01-01/0.5/B02?columns=' + '[' * 900, 400),
        ('metadata', 405),
    ],
)
def test_requests_that_make_no_sense(scenes: None, client: Client, path: str, status: int) -> None:
    response = client.get(f'{ROOT}/{path}')
    assert response.status_code == status
    if status != 200:
        assert set(response.json()) == {'message'}
        assert response.json()['message']


@pytest.mark.parametrize(
    'body',
    [
        '',
        '{',
        '[]',
        '7',
        '{"keys": 7}',
        '{"keys": [7]}',
        '{"keys": [[[]]]}',
        '{"keys": [["S1"]]}',
        '{"keys": [[null, null, null, null]]}',
        '{"values": []}',
        '[' * 100_000,
        json.dumps({'keys': [['S1', '2024-01-01', '0.5', 'B02']] * 101}),
    ],
)
def test_bodies_that_make_no_sense(scenes: None, client: Client, body: str) -> None:
    response = client.post(f'{ROOT}/metadata', body, 'application/json')
    assert response.status_code == 400
    assert response.json()['message']


def test_unknown_catalogues_are_not_found(scenes: None, client: Client) -> None:
    for path in ('keys', 'datasets', 'datasets?colour=red', 'metadata/x'):
        response = client.get(f'/catalogs/nowhere/{path}')
        assert response.status_code == 404
        assert response.json() == {'message': 'There is no such catalogue.'}


def test_a_raster_that_has_vanished(scenes: None, client: Client, roots: Path) -> None:
    (roots / 'a.tif').unlink()
    answer = get(client, 'metadata/S1/2024-01-01/0.5/B02', 404)
    assert str(roots) not in answer['message']
    assert get(client, 'metadata/S1/2024-01-01/0.5/B02', columns='["metadata"]')['metadata']


def test_one_raster_that_has_vanished_among_several(
    scenes: None, client: Client, roots: Path
) -> None:
    lost = api.insert(
        'scenes',
        ['S9', '2024-03-01', 1, 'B02'],
        factories.raster(roots / 'b.tif', np.eye(8), epsg=4326, bounds=(0, 0, 1, 1)),
        name='lost',
    )
    (roots / 'b.tif').unlink()
    body = {'keys': [['S1', '2024-01-01', 0.5, 'B02'], ['S9', '2024-03-01', 1, 'B02']]}

    def ask(*columns: str) -> Any:
        url = f'{ROOT}/metadata?columns={json.dumps(columns)}'
        return client.post(url, body, 'application/json')

    # What is stored needs no raster.
    answer = ask('bounds', 'name', 'metadata', 'categories').json()
    assert [found['name'] for found in answer] == ['', 'lost']
    assert answer[1]['bounds'] == list(lost.bounds or ())
    for columns in (('range',), ('bounds', 'mean'), ('convex_hull',)):
        refused = ask(*columns)
        assert refused.status_code == 404
        assert refused.json()['message'].startswith('S9/2024-03-01/1/B02: ')
        assert str(roots) not in refused.json()['message']
    # Nobody knows where one lies that was never measured.
    Dataset.objects.update(west=None, measured_version='')
    assert ask('bounds').status_code == 404
    assert ask('name').status_code == 200


def test_what_was_not_measured_is_at_the_first_request(scenes: None, client: Client) -> None:
    Dataset.objects.update(minimum=None, maximum=None, measured_version='')
    path = 'metadata/S1/2024-01-01/0.5/B02'
    assert get(client, path, columns='["range", "approximate"]')['range'] == [1, 100]
    assert Dataset.objects.exclude(measured_version='').count() == 1


def test_all_catalogues(scenes: None, client: Client) -> None:
    api.create('another', ['name'], title='Another', description='One more')
    assert client.get('/catalogs/').json() == {
        'catalogs': [
            {'slug': 'another', 'title': 'Another', 'description': 'One more'},
            {'slug': 'scenes', 'title': '', 'description': ''},
        ]
    }


def test_a_project_may_ask_for_a_login(
    scenes: None, client: Client, django_user_model: Any
) -> None:
    refused = client.get('/own/scenes/keys')
    assert refused.status_code in (401, 403)
    assert set(refused.json()) == {'message'}
    body = {'keys': [['S1', '2024-01-01', 0.5, 'B02']]}
    assert client.post('/own/scenes/metadata', body, 'application/json').status_code in (401, 403)
    # Who may read may ask for many at once.
    assert client.post('/read/scenes/metadata', body, 'application/json').status_code == 200
    client.force_login(django_user_model.objects.create(username='me'))
    assert client.get('/own/scenes/keys').status_code == 200
    assert client.post('/own/scenes/metadata', body, 'application/json').status_code == 200


def test_openapi(client: Client, db: None) -> None:
    paths = client.get('/swagger.json').json()['paths']
    found = {path: item for path, item in paths.items() if 'catalogs' in path or 'keys' in path}
    datasets = next(item for path, item in found.items() if path.endswith('/datasets'))
    names = [parameter['name'] for parameter in datasets['get']['parameters']]
    assert {'limit', 'page', 'bbox', 'time', 'order_by', 'ascending', 'total', '{key}'} <= set(
        names
    )
    assert {'200', '400', '404'} <= set(datasets['get']['responses'])
    many = next(item for path, item in found.items() if path.endswith('/metadata'))
    assert 'post' in many
