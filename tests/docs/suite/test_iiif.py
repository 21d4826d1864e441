"""The page "IIIF", tried on the small project."""

from __future__ import annotations

import importlib
import inspect

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import InvalidCacheBackendError
from django.test import override_settings
from django.urls import include, path

urlpatterns: list[object] = []


def info(client, address):
    response = client.get(f'{address}/info.json')
    assert response.status_code == 200, response.content
    return response.json()


@override_settings(ROOT_URLCONF='iiif_urls')
def test_ten_lines(images, client):
    source = inspect.getsource(importlib.import_module('iiif_urls'))
    assert len(list(filter(str.strip, source.splitlines()))) == 10
    for image in images:
        found = info(client, f'/iiif/3/{image.pk}')
        assert found['profile'] == 'level2'
        assert client.get(f'/iiif/3/{image.pk}/full/!64,64/90/gray.jpg').status_code == 200
        assert client.get(f'/iiif/2/{image.pk}')['Location'].endswith('/info.json')
        style = 'band=1&palette=viridis'
        path = f'/iiif/3/{image.pk}/full/max/0/default.png?{style}&download'
        assert 'attachment' in client.get(path)['Content-Disposition']
        assert client.get(f'/iiif/3/{image.pk}/manifest').status_code == 200
    assert len(client.get('/iiif/collection').json()['items']) == len(images)
    assert client.get('/iiif/health').status_code == 200
    assert client.get('/iiif/cache').status_code == 403


@override_settings(ROOT_URLCONF='iiif_folder')
def test_a_folder(folder, client, monkeypatch):
    import iiif_folder

    monkeypatch.setattr(iiif_folder.ScanViewSet, 'FOLDER', folder)
    (folder / 'maps').mkdir()
    (folder / 'plain.tif').rename(folder / 'maps' / '1.tif')
    found = info(client, '/iiif/3/maps%2F1.tif')
    assert found['id'] == 'http://testserver/iiif/3/maps%2F1.tif'
    assert client.get('/iiif/3/..%2Fplain.tif').status_code == 404


def test_the_hooks(images, client, admin_client, settings):
    from gallery.iiif import ArchiveViewSet

    from django_large_image.iiif import IIIFRouter

    router = IIIFRouter()
    router.register('iiif', ArchiveViewSet)
    urlpatterns[:] = [path('', include(router.urls))]
    settings.ROOT_URLCONF = __name__
    name = images[0].file.name.replace('/', '%2F')
    found = info(client, f'/iiif/3/{name}')
    assert found['rights'] == 'http://creativecommons.org/publicdomain/zero/1.0/'
    # As large as the image is.
    assert found['maxWidth'] == found['width'] < 1000
    assert 'pdf' not in found['extraFormats']
    assert client.get(f'/iiif/3/{name}/full/max/45/default.png').status_code == 501
    enlarged = f'/iiif/3/{name}/full/^{2 * found["width"]},/0/default.jpg'
    assert client.get(enlarged).status_code == 400
    assert admin_client.get(enlarged).status_code == 200
    manifest = client.get(f'/iiif/3/{name}/manifest').json()
    assert manifest['label'] == {'en': ['map.tif']}
    assert manifest['rights'] == found['rights']


def test_the_cache_that_is_bounded():
    module = importlib.import_module('bounded_cache')
    with override_settings(CACHES=module.CACHES):
        assert caches['default'].max_bytes == 256 * 1024 * 1024
        with pytest.raises(InvalidCacheBackendError):
            caches['other']
