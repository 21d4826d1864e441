"""Conditional requests, caching and headers."""

from __future__ import annotations

import gc
import os
import pickle
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory
from rest_framework import permissions, viewsets

from django_large_image import cache
from django_large_image.rest import LargeImageFileDetailMixin
from django_large_image.rest.responses import make_etag
from django_large_image.sources import opening
from tests.factories import gradient, raster
from tests.rest.conftest import pixels
from tests.testapp.models import ImageFile

PATHS = [
    'tiles/0/0/0.png',
    'data/thumbnail.jpg',
    'data/region.png?left=0&right=9&top=0&bottom=9',
    'info/metadata',
    'info/bands',
    'tiles/metadata',
    'data/histogram',
]


@pytest.mark.parametrize('path', PATHS)
def test_an_etag_saves_the_answer(path: str, image_file: Any, client: Client) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/{path}'
    first = client.get(url)
    etag = first['ETag']
    # Strong: the same bytes.
    assert etag.startswith('"')
    again = client.get(url, HTTP_IF_NONE_MATCH=etag)
    assert again.status_code == 304
    assert again.content == b''
    assert again['ETag'] == etag
    assert again['Cache-Control'] == first['Cache-Control']
    assert client.get(url, HTTP_IF_NONE_MATCH='"other"').status_code == 200


@pytest.mark.parametrize('path', PATHS[:3])
def test_a_picture_that_was_sent_is_freed_at_once(
    path: str, image_file: Any, client: Client
) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/{path}'
    etag = client.get(url)['ETag']
    serve = WSGIHandler()
    # Not by the collector, which comes now and then.
    gc.disable()
    try:
        for headers in ({}, {'HTTP_IF_NONE_MATCH': etag}):
            environ = RequestFactory().get(url, **headers).environ
            response = serve(environ, lambda status, fields: None)
            response.close()
            assert response.status_code == (304 if headers else 200)
            # As a cache of pages would keep it.
            assert pickle.loads(pickle.dumps(response)).content == response.content
            there = weakref.ref(response)
            del response
            assert there() is None
    finally:
        gc.enable()


def test_a_304_opens_no_file(
    image_file: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    etag = client.get(url)['ETag']
    opening.close_sources()

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError('opened')

    monkeypatch.setattr(opening, '_open', refuse)
    assert client.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304


def test_a_cached_tile_opens_no_file(
    image_file: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    tile = client.get(url)
    opening.close_sources()
    monkeypatch.setattr(opening, '_open', lambda *args, **kwargs: pytest.fail('opened'))
    again = client.get(url)
    assert again.content == tile.content
    assert again['Content-Type'] == 'image/png'


def test_the_tile_cache_can_be_off(image_file: Any, client: Client, settings: Any) -> None:
    settings.LARGE_IMAGE = {'TILE_CACHE': False}
    stored = []
    put = cache.put
    settings_url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    try:
        cache.put = lambda key, value: stored.append(key)  # type: ignore[assignment]
        assert client.get(settings_url).status_code == 200
    finally:
        cache.put = put
    assert stored == []


def test_etags_tell_styles_formats_and_sizes_apart(image_file: Any, client: Client) -> None:
    base = f'/api/left/{image_file(gradient(64, 64)).pk}/'
    paths = [
        'tiles/0/0/0.png',
        'tiles/0/0/0.jpg',
        'tiles/0/0/0.jpg?quality=30',
        'tiles/0/0/0.png?band=1',
        'tiles/0/0/0.png?band=2',
        'tiles/0/0/0.png?band=1&palette=viridis',
        'tiles/0/0/0.png?resample=nearest',
        'data/thumbnail.png',
        'data/thumbnail.png?max_width=20',
    ]
    etags = [client.get(base + path)['ETag'] for path in paths]
    assert len(set(etags)) == len(paths)


def test_equal_requests_have_equal_etags(image_file: Any, client: Client) -> None:
    base = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    one = client.get(f'{base}?band=1&min=0&max=255&palette=viridis')['ETag']
    assert client.get(f'{base}?palette=viridis&max=255&band=01&min=0&unknown=1')['ETag'] == one
    assert client.get(f'{base}?band=1&min=0&max=255&cmap=viridis')['ETag'] == one


def test_a_replaced_file_is_served_fresh(image_file: Any, client: Client, tmp_path: Path) -> None:
    image = image_file(np.full((1, 64, 64), 10, 'uint8'))
    base = f'/api/left/{image.pk}'
    old = client.get(f'{base}/tiles/0/0/0.png')
    assert pixels(old)[0, 0, 0] == 10
    assert client.get(f'{base}/info/band').json()['max'] == 10
    # Another file of the same name and size, with the times of the old one.
    stat = os.stat(image.file.path)
    replacement = raster(tmp_path / 'new.tif', np.full((1, 64, 64), 20, 'uint8'))
    assert replacement.stat().st_size == stat.st_size
    os.utime(replacement, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.replace(replacement, image.file.path)
    fresh = client.get(f'{base}/tiles/0/0/0.png', HTTP_IF_NONE_MATCH=old['ETag'])
    assert pixels(fresh)[0, 0, 0] == 20
    assert client.get(f'{base}/info/band').json()['max'] == 20


def test_settings_are_part_of_the_etag(image_file: Any, client: Client, settings: Any) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.jpg'
    etag = client.get(url)['ETag']
    settings.LARGE_IMAGE = {'QUALITY': 20}
    assert client.get(url)['ETag'] != etag


def test_cache_control_follows_permissions(image_file: Any, client: Client, settings: Any) -> None:
    image = image_file(gradient(64, 64))
    url = f'/api/left/{image.pk}/tiles/0/0/0.png'
    assert client.get(url)['Cache-Control'] == 'public, no-cache'
    settings.LARGE_IMAGE = {'CACHE_CONTROL': 'public, max-age=86400'}
    assert client.get(url)['Cache-Control'] == 'public, max-age=86400'


def test_private_with_permissions(image_file: Any, serve: Any) -> None:
    class Guarded(viewsets.GenericViewSet, LargeImageFileDetailMixin):
        queryset = ImageFile.objects.all()
        permission_classes = (permissions.IsAuthenticatedOrReadOnly,)
        FILE_FIELD_NAME = 'file'

    image = image_file(gradient(64, 64))
    response = serve(Guarded).get(f'/own/{image.pk}/tiles/0/0/0.png')
    assert response['Cache-Control'] == 'private, no-cache'


def test_permissions_of_an_action_count(image_file: Any, serve: Any) -> None:
    class Guarded(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def get_permissions(self) -> list[Any]:
            guarded = self.action == 'tile'
            return [permissions.IsAuthenticatedOrReadOnly() if guarded else permissions.AllowAny()]

    client, image = serve(Guarded), image_file(gradient(64, 64))
    told = [
        client.get(f'/own/{image.pk}/{path}')['Cache-Control']
        for path in ('tiles/0/0/0.png', 'data/thumbnail.png')
    ]
    assert told == ['private, no-cache', 'public, no-cache']


def test_other_conditions_are_not_answered_304(image_file: Any, client: Client) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    etag = client.get(url)['ETag']
    since = 'Fri, 01 Jan 2100 00:00:00 GMT'
    assert client.get(url, HTTP_IF_MODIFIED_SINCE=since).status_code == 200
    assert client.get(url, HTTP_IF_MATCH='"other"').status_code == 200
    assert client.get(url, HTTP_IF_NONE_MATCH='*').status_code == 304
    assert client.get(url, HTTP_IF_NONE_MATCH=f'"other", W/{etag}').status_code == 304
    conditions = {'HTTP_IF_NONE_MATCH': etag, 'HTTP_IF_MATCH': '"other"'}
    assert client.get(url, **conditions).status_code == 200


def test_errors_are_not_to_be_kept(image_file: Any, client: Client) -> None:
    response = client.get(f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/9/9/9.png')
    assert not response.has_header('ETag')
    assert not response.has_header('Cache-Control')


@pytest.mark.parametrize('path', PATHS)
def test_head_has_the_headers_only(path: str, image_file: Any, client: Client) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/{path}'
    full, head = client.get(url), client.head(url)
    assert head.status_code == 200
    assert head.content == b''
    for name in ('ETag', 'Content-Type', 'Cache-Control'):
        assert head[name] == full[name]


def test_pictures_do_not_vary_with_accept(image_file: Any, client: Client) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    for accept in ('image/avif,image/webp,*/*', 'text/html', 'application/json', 'image/jpeg'):
        response = client.get(url, HTTP_ACCEPT=accept)
        assert response['Content-Type'] == 'image/png'
        assert 'Accept' not in response.get('Vary', '')


def test_post_is_not_conditional(image_file: Any, client: Client) -> None:
    url = f'/api/left/{image_file(gradient(64, 64)).pk}/tiles/0/0/0.png'
    etag = client.get(url)['ETag']
    posted = client.post(url, '{}', content_type='application/json', HTTP_IF_NONE_MATCH=etag)
    assert posted.status_code == 200


def test_etags_depend_on_every_part() -> None:
    assert make_etag('a', 'b') == make_etag('a', 'b')
    assert (
        len({make_etag('a', 'b'), make_etag('ab'), make_etag('a', 'c'), make_etag('b', 'a')}) == 4
    )
