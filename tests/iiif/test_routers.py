"""The URLs of IIIF services, and what stands beside the images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client, override_settings
from django.urls import Resolver404, resolve
from rest_framework import viewsets

from django_large_image.iiif import Features, IIIFRouter, caches
from django_large_image.rest import LargeImageFileDetailMixin
from tests.iiif import services

pytestmark = [
    pytest.mark.urls('tests.iiif.services'),
    pytest.mark.django_db,
    pytest.mark.usefixtures('empty_cache'),
]


@pytest.mark.parametrize(
    ('path', 'name', 'kwargs'),
    [
        ('/iiif/3/1/info.json', 'iiif-image', {'version': '3', 'path': '1/info.json'}),
        ('/iiif/2/a\n/b', 'iiif-image', {'version': '2', 'path': 'a\n/b'}),
        ('/iiif/3/a/b/manifest', 'iiif-manifest', {'identifier': 'a/b'}),
        ('/iiif/collection', 'iiif-collection', {}),
        ('/iiif/health', 'iiif-health', {}),
        ('/iiif/cache', 'iiif-cache', {}),
        ('/iiif/cache/a/b', 'iiif-cache-image', {'identifier': 'a/b'}),
        ('/names/3/1', 'names-image', {'version': '3', 'path': '1'}),
    ],
)
def test_paths(path: str, name: str, kwargs: dict[str, str]) -> None:
    match = resolve(path)
    assert match.url_name == name
    assert match.kwargs == kwargs


@pytest.mark.parametrize(
    'path',
    ['/iiif/1/1/info.json', '/iiif/33/1', '/slugs/3/', '/slugs/3/1', '/iiif/health\n'],
)
def test_no_paths(path: str) -> None:
    with pytest.raises(Resolver404):
        resolve(path)


@pytest.mark.parametrize('path', ['/iiif/', '/iiif/3/', '/iiif/2'])
def test_no_image_is_named(client: Client, path: str) -> None:
    response = client.get(path, HTTP_ACCEPT='text/html')
    assert response.status_code == 404
    assert response['Content-Type'] == 'application/json'
    assert '{version}/{identifier}/info.json' in response.json()['detail']


def test_without_a_prefix_or_a_basename() -> None:
    router = IIIFRouter()
    router.register('', services.Images)
    assert router.urls[1].name == 'iiif-image'
    assert router.urls[1].resolve('3/1') is not None


def test_a_viewset_that_is_no_service() -> None:
    class Other(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):  # type: ignore[type-arg]
        pass

    with pytest.raises(ImproperlyConfigured, match='Other has to be derived from IIIFMixin'):
        IIIFRouter().register('iiif', Other)


def test_a_hook_that_is_no_class_method() -> None:
    class Instance(services.Images):
        def get_iiif_features(self) -> Features:  # type: ignore[override]
            return Features()

    with pytest.raises(ImproperlyConfigured, match='has to be a class method'):
        IIIFRouter().register('iiif', Instance)


class TestCORS:
    @pytest.mark.parametrize('path', ['3/1/info.json', '3/1', '3/1/full/max/0/x.y', 'collection'])
    def test_a_preflight_needs_no_permission(self, client: Client, path: str) -> None:
        response = client.options(
            f'/private/{path}',
            HTTP_ORIGIN='https://viewer.example',
            HTTP_ACCESS_CONTROL_REQUEST_METHOD='GET',
            HTTP_ACCESS_CONTROL_REQUEST_HEADERS='authorization',
        )
        assert response.status_code == 204
        assert response['Access-Control-Allow-Origin'] == '*'
        assert response['Access-Control-Allow-Methods'] == 'GET, HEAD, OPTIONS'
        assert response['Access-Control-Allow-Headers'] == 'authorization'

    @pytest.mark.parametrize('path', ['', '3/', '2'])
    def test_where_no_image_is_named(self, client: Client, path: str) -> None:
        response = client.get(f'/private/{path}')
        assert response.status_code == 404
        assert response['Access-Control-Allow-Origin'] == '*'
        assert client.options(f'/private/{path}').status_code == 204
        assert 'Access-Control-Allow-Origin' not in client.get(f'/plain/{path}')

    def test_switched_off(self, client: Client) -> None:
        response = client.options('/plain/3/1/info.json')
        assert 'Access-Control-Allow-Origin' not in response

    def test_pages_of_any_site_may_not_look_at_the_caches(self, client: Client) -> None:
        for path in ('cache', 'cache/1', 'health'):
            assert 'Access-Control-Allow-Origin' not in client.get(f'/iiif/{path}')


class TestStaff:
    @pytest.fixture
    def staff(self, client: Client) -> Client:
        client.force_login(User.objects.create_user('staff', is_staff=True))
        return client

    @pytest.mark.parametrize('path', ['cache', 'cache/1'])
    def test_nobody_else(self, client: Client, path: str) -> None:
        assert client.delete(f'/iiif/{path}').status_code == 403
        client.force_login(User.objects.create_user('user'))
        assert client.delete(f'/iiif/{path}').status_code == 403
        assert client.get('/iiif/cache').status_code == 403

    def test_the_authentication_is_the_viewsets(self, staff: Client) -> None:
        assert staff.get('/iiif/cache').status_code == 200
        assert staff.get('/private/cache').status_code == 401

    def test_statistics(self, staff: Client, image_file: Callable[..., Any]) -> None:
        key = image_file().pk
        for path in ('info.json', 'info.json', 'full/max/0/default.jpg', 'info.json'):
            assert staff.get(f'/iiif/3/{key}/{path}').status_code == 200
        response = staff.get('/iiif/cache')
        assert response.json() == caches.statistics()
        assert response.json()['info']['gets'] == 3
        assert response.json()['info']['hits'] == 2
        assert response.json()['derivatives']['gets'] == 1

    def test_purge(self, staff: Client, image_file: Callable[..., Any]) -> None:
        keys = [image_file().pk, image_file().pk]
        hits = lambda: caches.statistics()['info']['hits']  # noqa: E731

        def ask() -> list[int]:
            """Return for each image whether it was found in the cache."""
            found = []
            for key in keys:
                before = hits()
                assert staff.get(f'/iiif/3/{key}/info.json').status_code == 200
                found.append(hits() - before)
            return found

        assert ask() == [0, 0]
        assert ask() == [1, 1]
        response = staff.delete(f'/iiif/cache/{keys[0]}')
        assert (response.status_code, response.content) == (204, b'')
        assert ask() == [0, 1]
        assert staff.delete('/iiif/cache').status_code == 204
        assert ask() == [0, 0]
        # Whatever the identifier: the image may be gone.
        assert staff.delete('/iiif/cache/no/such%2Fimage%00').status_code == 204
        assert ask() == [1, 1]

    def test_an_image_with_a_slash(self, staff: Client, image_file: Callable[..., Any]) -> None:
        name = image_file().file.name.replace('/', '%2F')
        for expected in (0, 1):
            staff.get(f'/names/3/{name}/info.json')
            assert caches.statistics()['info']['hits'] == expected
        staff.delete(f'/names/cache/{name}')
        staff.get(f'/names/3/{name}/info.json')
        assert caches.statistics()['info']['hits'] == 1


def fail(*args: Any) -> Any:
    raise OSError('secret')


class TestHealth:
    def test_well(self, client: Client) -> None:
        response = client.get('/private/health')
        assert response.status_code == 200
        assert response.json() == {'status': 'ok', 'cache': 'ok', 'database': 'ok'}
        assert response['Cache-Control'] == 'no-store'

    def test_without_a_database(self, client: Client) -> None:
        assert client.get('/folder/health').json() == {'status': 'ok', 'cache': 'ok'}

    def test_a_cache_that_keeps_nothing(self, client: Client) -> None:
        nothing = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}
        with override_settings(CACHES=nothing):
            response = client.get('/iiif/health')
        assert response.status_code == 503
        assert response.json()['cache'] == 'failing'

    def test_a_cache_that_fails(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(LocMemCache, 'set', fail)
        response = client.get('/iiif/health')
        assert 'OSError: secret' in caplog.text
        assert response.status_code == 503
        assert response.json() == {'status': 'failing', 'cache': 'failing', 'database': 'ok'}

    def test_a_database_that_fails(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, 'cursor', fail)
        response = client.get('/iiif/health')
        assert response.status_code == 503
        assert response.json() == {'status': 'failing', 'cache': 'ok', 'database': 'failing'}
