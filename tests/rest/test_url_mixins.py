"""Images at URLs over HTTP: what is asked for, refused and told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework import viewsets

from django_large_image.rest import LargeImageDetailMixin
from django_large_image.sources.opening import close_sources
from django_large_image.storage import http
from tests import factories
from tests.rest.conftest import URLViewSet, detail
from tests.servers.http import Web, running
from tests.testapp.models import ImageFile


class HookViewSet(LargeImageDetailMixin, viewsets.GenericViewSet):
    queryset = ImageFile.objects.all()

    def get_path(self, request: Any, pk: Any = None) -> Any:
        return self.get_object().name


@pytest.fixture
def web(settings: Any) -> Iterator[Web]:
    """A server that may be asked."""
    with running() as server:
        settings.LARGE_IMAGE = {
            'URL_PREFIXES': [server.url],
            'REMOTE_TIMEOUT': 1,
            'VERSION_MAX_AGE': 0,
        }
        yield server
    http._idle.close()
    close_sources()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    options = {'TILED': 'YES', 'COMPRESS': 'DEFLATE', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128}
    path = factories.raster(
        tmp_path / 'image.tif',
        factories.gradient(512, 600),
        epsg=4326,
        bounds=(0, 0, 12, 10),
        options=options,
        overviews=[2, 4],
    )
    return path.read_bytes()


@pytest.fixture
def image(web: Web, content: bytes, db: None) -> ImageFile:
    """An object that names an image on the server."""
    web.files['image.tif'] = content
    return ImageFile.objects.create(name=web.url + 'image.tif')


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    return serve(URLViewSet)


def body(response: Any) -> bytes:
    found = b''.join(response.streaming_content) if response.streaming else response.content
    assert response.status_code == 200, found
    return found


def test_conditional_requests_open_nothing(client, image, web):
    url = f'/own/{image.pk}/tiles/1/0/0.png'
    first = client.get(url)
    web.asked.clear()
    again = client.get(url, HTTP_IF_NONE_MATCH=first['ETag'])
    assert (again.status_code, [method for method, _, _ in web.asked]) == (304, ['HEAD'])
    web.files['image.tif'] += b' '
    assert client.get(url, HTTP_IF_NONE_MATCH=first['ETag']).status_code == 200


@pytest.mark.parametrize(
    ('fault', 'status'),
    [
        *(('status 403', 422), ('status 404', 422), ('status 500', 503), ('stall', 503)),
        *(('short', 503), ('silent', 503), ('drop', 503), ('unranged', 422)),
    ],
)
def test_faults_are_told_in_json_and_pass(client, image, web, content, fault, status, caplog):
    caplog.set_level(logging.ERROR)
    web.files['other.tif'] = content
    other = ImageFile.objects.create(name=web.url + 'other.tif')
    body(client.get(f'/own/{other.pk}/tiles/1/0/0.png'))
    web.fault = fault
    response = client.get(f'/own/{image.pk}/tiles/1/0/0.png')
    told = detail(response, status)
    assert '127.0.0.1' not in told
    assert ('Retry-After' in response) == (status == 503)
    web.fault = ''
    assert client.get(f'/own/{image.pk}/tiles/1/0/0.png').status_code == 200
    assert client.get(f'/own/{other.pk}/tiles/2/1/1.png').status_code == 200


@pytest.mark.parametrize('viewset', [URLViewSet, HookViewSet])
@pytest.mark.parametrize(
    'name',
    [
        *('', 'https://example.org/a.tif', 'http://169.254.169.254/a.tif', 'file:///etc/passwd'),
        *('/vsicurl/http://127.0.0.1:22/a.tif', 's3://bucket/a.tif', 'nonsense', 'https://[x/'),
    ],
)
def test_other_addresses_are_refused(serve, image, web, viewset, name):
    image.name = name
    image.save()
    assert detail(serve(viewset).get(f'/own/{image.pk}/info/metadata'), 422)
    assert web.asked == []


def test_a_hook_may_give_a_url(serve, image):
    assert serve(HookViewSet).get(f'/own/{image.pk}/tiles/1/0/0.png').status_code == 200


def test_no_file_is_looked_for_beside_the_image(client, image, web):
    body(client.get(f'/own/{image.pk}/data/thumbnail.png'))
    assert {path for _, path, _ in web.asked} == {'/image.tif'}
    assert all(span for method, _, span in web.asked if method == 'GET')
