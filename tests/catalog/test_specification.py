"""What a catalogue says of its own paths."""

from __future__ import annotations

import pytest

from django_large_image.catalog import api
from tests.catalog.scenes import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]


@pytest.fixture(autouse=True)
def _catalogs():
    api.create('scenes', ['sensor', 'band'], title='Scenes of Italy')
    api.create('others', ['name'])


def test_paths_are_relative_to_the_catalogue(client):
    told = client.get(f'{ROOT}/swagger.json').json()
    assert (told['swagger'], told['basePath']) == ('2.0', ROOT)
    assert told['info']['title'] == 'Scenes of Italy'
    datasets = {entry['name'] for entry in told['paths']['/datasets']['get']['parameters']}
    assert {'limit', 'page', 'bbox'} <= datasets
    tile = told['paths']['/singleband/{keys}/{z}/{x}/{y}.{fmt}']['get']
    assert 'stretch_range' in {entry['name'] for entry in tile['parameters']}
    assert 'post' in told['paths']['/metadata']
    assert not [path for path in told['paths'] if 'catalog' in path or 'swagger' in path]
    # Of parameters that answer, not those of keys that the path has.
    for path in ('/keys', '/datasets', '/legend?stretch_range=[0,1]'):
        assert path.partition('?')[0] in told['paths']
        assert client.get(told['basePath'] + path).status_code == 200


def test_each_catalogue_has_its_own(client):
    client.get(f'{ROOT}/swagger.json')
    told = client.get('/catalog/others/swagger.json', SCRIPT_NAME='/maps').json()
    assert told['basePath'] == '/maps/catalog/others'
    assert told['info']['title'] == 'others'


def test_there_is_none_of_no_catalogue(client):
    response = client.get('/catalog/nowhere/swagger.json')
    assert response.status_code == 404
    assert response.json() == {'message': 'There is no such catalogue.'}
