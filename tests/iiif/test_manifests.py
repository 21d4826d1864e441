"""Manifests and collections of a viewset's images."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.cache import cache as django_cache
from django.test import Client
from PIL import Image

from tests import factories
from tests.iiif import services
from tests.testapp.models import SlugImageFile

pytestmark = [
    pytest.mark.urls('tests.iiif.services'),
    pytest.mark.django_db,
    pytest.mark.usefixtures('empty_cache'),
]
MEDIA_TYPE = 'application/ld+json;profile="http://iiif.io/api/presentation/3/context.json"'


def painted(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the one annotation of a manifest."""
    [canvas] = manifest['items']
    [page] = canvas['items']
    [annotation] = page['items']
    assert annotation['target'] == canvas['id']
    return dict(annotation['body'])


def test_a_manifest(client: Client, image_file: Callable[..., Any]) -> None:
    instance = image_file(factories.gradient(100, 200), fields={'name': 'A map'})
    path = f'/iiif/3/{instance.pk}/manifest'
    response = client.get(path)
    manifest = response.json()
    assert response['Content-Type'] == MEDIA_TYPE
    assert manifest['id'] == f'http://testserver{path}'
    assert manifest['label'] == {'none': ['A map']}
    canvas, body = manifest['items'][0], painted(manifest)
    assert (canvas['width'], canvas['height']) == (200, 100)
    assert [service.get('id') or service['@id'] for service in body['service']] == [
        f'http://testserver/iiif/{version}/{instance.pk}' for version in '32'
    ]
    # All that it names is there.
    for uri in (body['id'], manifest['thumbnail'][0]['id'], canvas['thumbnail'][0]['id']):
        assert client.get(uri).status_code == 200
    for service in body['service']:
        assert client.get(f'{service.get("id") or service["@id"]}/info.json').status_code == 200
    assert client.get(path, HTTP_IF_NONE_MATCH=response['ETag']).status_code == 304


def test_of_one_version_behind_a_slug(client: Client, image_file: Callable[..., Any]) -> None:
    image_file(model=SlugImageFile, fields={'slug': 'a', 'name': 'A'})
    manifest = client.get('/slugs/3/a/manifest').json()
    [service] = painted(manifest)['service']
    assert service['@id'] == 'http://testserver/slugs/2/a'
    assert client.get(painted(manifest)['id']).status_code == 200


def test_of_a_file_without_a_model(client: Client, media_root: Any) -> None:
    (media_root / 'scans' / 'a').mkdir(parents=True)
    factories.raster(media_root / 'scans' / 'a' / '1.tif')
    manifest = client.get('/folder/3/a%2F1.tif/manifest').json()
    assert manifest['label'] == {'none': ['1.tif']}
    assert client.get(painted(manifest)['id']).status_code == 200
    refused = client.get('/folder/collection')
    assert refused.status_code == 404
    assert 'no queryset' in refused.json()['detail']


@pytest.mark.parametrize('encoded', ['%C3%A4%20%26%20b%23%3F.png', 'maps%2Fbig.png'])
def test_ids_are_encoded_as_those_of_the_service(
    client: Client, media_root: Any, encoded: str
) -> None:
    path = media_root / 'scans' / unquote(encoded)
    path.parent.mkdir(parents=True)
    factories.raster(path, driver='PNG')
    service = f'/folder/3/{encoded}'
    manifest = client.get(f'{service}/manifest').json()
    assert manifest['id'] == f'{client.get(f"{service}/info.json").json()["id"]}/manifest'
    assert manifest['id'] == f'http://testserver{service}/manifest'
    canvas = manifest['items'][0]
    page = canvas['items'][0]
    for part in (canvas, page, page['items'][0]):
        assert part['id'].startswith(f'{manifest["id"]}/canvas/1')


def test_pictures_within_the_limits(client: Client, image_file: Callable[..., Any]) -> None:
    instance = image_file(factories.gradient(100, 200), fields={'name': 'small'})
    manifest = client.get(f'/described/3/{instance.pk}/manifest').json()
    assert manifest['rights'] == 'https://example.org/small'
    body = painted(manifest)
    assert (body['width'], body['height']) == (50, 25)
    for uri in (body['id'], manifest['thumbnail'][0]['id']):
        assert client.get(uri).status_code == 200


def test_the_level_is_that_of_what_is_switched_on(
    client: Client, image_file: Callable[..., Any], settings: Any
) -> None:
    settings.LARGE_IMAGE = {'IIIF_SWITCHED_OFF': ['sizeByWh', 'jpg']}
    start = f'/iiif/3/{image_file(factories.gradient(300, 400)).pk}'
    manifest = client.get(f'{start}/manifest').json()
    body = painted(manifest)
    level = client.get(f'{start}/info.json').json()['profile']
    assert level == 'level0'
    assert [service['profile'] for service in body['service']] == [
        level,
        f'http://iiif.io/api/image/2/{level}.json',
    ]
    for picture in (body, manifest['thumbnail'][0]):
        assert picture['format'] == 'image/png'
        shown = Image.open(io.BytesIO(client.get(picture['id']).content))
        assert (shown.format, shown.size) == ('PNG', (picture['width'], picture['height']))


class TestLargeImages:
    """Of which not all may be read."""

    @pytest.fixture(autouse=True)
    def budget(self, settings: Any) -> None:
        settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 3 * 300 * 400}

    def test_with_an_overview(self, client: Client, image_file: Callable[..., Any]) -> None:
        options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128}
        data = factories.gradient(1200, 1600)
        start = f'/iiif/3/{image_file(data, options=options, overviews=(4, 8)).pk}'
        assert client.get(f'{start}/full/max/0/default.jpg').status_code == 400
        manifest = client.get(f'{start}/manifest').json()
        body, [thumbnail] = painted(manifest), manifest['thumbnail']
        assert (body['width'], body['height']) == (400, 300)
        assert (thumbnail['width'], thumbnail['height']) == (256, 192)
        for picture in (body, thumbnail):
            shown = Image.open(io.BytesIO(client.get(picture['id']).content))
            assert shown.size == (picture['width'], picture['height'])

    def test_without_one(self, client: Client, image_file: Callable[..., Any]) -> None:
        start = f'/iiif/3/{image_file(factories.gradient(1200, 1600)).pk}'
        manifest = client.get(f'{start}/manifest').json()
        assert client.get(f'{start}/full/256,192/0/default.jpg').status_code == 400
        assert 'thumbnail' not in manifest
        assert 'thumbnail' not in manifest['items'][0]
        # Its tiles are what viewers show.
        assert len(painted(manifest)['service']) == 2


def test_the_object_is_asked_for_once(
    client: Client, image_file: Callable[..., Any], django_assert_num_queries: Any
) -> None:
    path = f'/iiif/3/{image_file().pk}/manifest'
    with django_assert_num_queries(1):
        assert client.get(path).status_code == 200


class TestCollection:
    def test_of_all(self, client: Client, image_file: Callable[..., Any]) -> None:
        names = ['one', 'two']
        keys = [image_file(fields={'name': name}).pk for name in names]
        response = client.get('/iiif/collection')
        found = response.json()
        assert response['Content-Type'] == MEDIA_TYPE
        assert found['id'] == 'http://testserver/iiif/collection'
        assert found['type'] == 'Collection'
        assert found['label'] == {'none': ['Image files']}
        assert [item['label']['none'] for item in found['items']] == [['one'], ['two']]
        assert [item['id'] for item in found['items']] == [
            f'http://testserver/iiif/3/{key}/manifest' for key in keys
        ]
        for item in found['items']:
            assert client.get(item['id']).json()['label'] == item['label']

    def test_by_file_name(self, client: Client, image_file: Callable[..., Any]) -> None:
        name = image_file().file.name
        [item] = client.get('/in/there/names/collection').json()['items']
        address = f'http://testserver/in/there/names/3/{name.replace("/", "%2F")}/manifest'
        assert item['id'] == address
        assert client.get(address).status_code == 200

    def test_of_none(self, client: Client) -> None:
        assert client.get('/iiif/collection').json()['items'] == []
        assert client.get('/iiif/collection?page=1').json()['items'] == []

    def test_a_large_one_has_parts(
        self, client: Client, image_file: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services.Images, 'iiif_collection_size', 2)
        keys = [image_file().pk for _ in range(5)]
        whole = client.get('/iiif/collection').json()
        parts = [item['id'] for item in whole['items']]
        assert parts == [f'http://testserver/iiif/collection?page={page}' for page in (1, 2, 3)]
        assert {item['type'] for item in whole['items']} == {'Collection'}
        members = []
        for part in parts:
            found = client.get(part).json()
            assert found['id'] == part
            members += [item['id'].split('/')[-2] for item in found['items']]
        assert members == [str(key) for key in keys]
        for page, status in (
            ('4', 404),
            ('0', 404),
            ('x', 400),
            ('-1', 400),
            ('٣', 400),
            ('', 400),
        ):
            assert client.get(f'/iiif/collection?page={page}').status_code == status
        assert django_cache is not None

    def test_permissions(self, client: Client) -> None:
        assert client.get('/private/collection').status_code == 401
