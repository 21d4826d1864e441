"""The header `Server-Timing`, and what is counted of known requests."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import path
from rest_framework import permissions, viewsets

from django_large_image import metrics
from django_large_image.metrics import Histogram, Timings
from django_large_image.rest import LargeImageFileDetailMixin, LargeImageMixin, MetricsView
from django_large_image.rest.timing import server_timing
from tests.factories import gradient, raster
from tests.testapp.models import ImageFile

ENTRY = re.compile(r'([a-z]+)(?:;desc="(\w+)")?;dur=(\d+\.\d{3})')


pytestmark = pytest.mark.usefixtures('at_zero')


@pytest.fixture
def url(image_file: Callable[..., ImageFile]) -> str:
    return f'/api/left/{image_file(gradient(64, 64)).pk}'


def entries(response: Any) -> dict[str, tuple[str, float]]:
    """Return description and milliseconds of each entry of the header."""
    parts = [ENTRY.fullmatch(part) for part in response['Server-Timing'].split(', ')]
    assert all(parts), response['Server-Timing']
    return {match[1]: (match[2] or '', float(match[3])) for match in parts if match}


def requests() -> Any:
    return metrics.counters()['large_image_requests_total']


class TestHeader:
    @pytest.fixture(autouse=True)
    def on(self, settings: Any) -> None:
        settings.LARGE_IMAGE = {'SERVER_TIMING': True}

    def test_a_tile_that_is_made_and_one_that_is_kept(self, url: str, client: Client) -> None:
        made = entries(client.get(f'{url}/tiles/0/0/0.png'))
        assert list(made) == [
            'parse',
            'lookup',
            'open',
            'read',
            'style',
            'encode',
            'action',
            'cache',
            'total',
        ]
        assert made['cache'][0] == 'miss'
        kept = entries(client.get(f'{url}/tiles/0/0/0.png'))
        assert list(kept) == ['parse', 'lookup', 'cache', 'total']
        assert kept['cache'][0] == 'hit'

    def test_stages_add_up_to_no_more_than_the_total(self, url: str, client: Client) -> None:
        found = entries(client.get(f'{url}/tiles/0/0/0.png'))
        total = found.pop('total')[1]
        # Each is rounded by half a microsecond.
        assert 0 < sum(duration for _, duration in found.values()) <= total + 0.001 * len(found)

    def test_statistics_are_a_stage(self, image_file: Any, client: Client) -> None:
        image = image_file(gradient(64, 64, 1, 'uint16'))
        response = client.get(f'/api/left/{image.pk}/tiles/0/0/0.png?band=1&palette=viridis')
        assert 'statistics' in entries(response)

    def test_json_has_it_too(self, url: str, client: Client) -> None:
        assert list(entries(client.get(f'{url}/info/metadata')))[:2] == ['parse', 'lookup']

    def test_without_the_tile_cache(self, url: str, client: Client, settings: Any) -> None:
        settings.LARGE_IMAGE = {'SERVER_TIMING': True, 'TILE_CACHE': False}
        assert 'cache' not in entries(client.get(f'{url}/tiles/0/0/0.png'))

    def test_a_304_has_none(self, url: str, client: Client) -> None:
        etag = client.get(f'{url}/tiles/0/0/0.png')['ETag']
        unchanged = client.get(f'{url}/tiles/0/0/0.png', HTTP_IF_NONE_MATCH=etag)
        assert unchanged.status_code == 304
        assert 'Server-Timing' not in unchanged

    def test_an_error_has_none(self, url: str, client: Client) -> None:
        response = client.get(f'{url}/tiles/9/9/9.png')
        assert response.status_code == 404
        assert 'Server-Timing' not in response

    def test_clients_and_caches_keep_what_they_have(
        self, url: str, client: Client, settings: Any
    ) -> None:
        settings.LARGE_IMAGE = {}
        etag = client.get(f'{url}/tiles/0/0/0.png')['ETag']
        settings.LARGE_IMAGE = {'SERVER_TIMING': True, 'METRICS': True}
        again = client.get(f'{url}/tiles/0/0/0.png')
        assert again['ETag'] == etag
        assert entries(again)['cache'][0] == 'hit'

    def test_it_is_not_kept_with_the_tile(self, url: str, client: Client, settings: Any) -> None:
        client.get(f'{url}/tiles/0/0/0.png')
        settings.LARGE_IMAGE = {}
        assert 'Server-Timing' not in client.get(f'{url}/tiles/0/0/0.png')

    def test_nothing_is_counted(self, url: str, client: Client) -> None:
        client.get(f'{url}/tiles/0/0/0.png')
        assert requests() == {}


def test_off_by_default(url: str, client: Client) -> None:
    response = client.get(f'{url}/tiles/0/0/0.png')
    assert response.status_code == 200
    assert 'Server-Timing' not in response
    assert requests() == {}


def test_milliseconds_and_descriptions() -> None:
    timings = Timings()
    timings.seconds.update(read=0.0123456, cache=2.0)
    timings.outcomes['cache'] = 'hit'
    assert server_timing(timings) == 'read;dur=12.346, cache;desc="hit";dur=2000.000'


class TestCounters:
    @pytest.fixture(autouse=True)
    def on(self, settings: Any) -> None:
        settings.LARGE_IMAGE = {'METRICS': True}

    def test_known_requests(self, url: str, client: Client) -> None:
        tile = client.get(f'{url}/tiles/0/0/0.png')
        client.get(f'{url}/tiles/0/0/0.png')
        client.get(f'{url}/tiles/0/0/0.png', HTTP_IF_NONE_MATCH=tile['ETag'])
        client.head(f'{url}/tiles/0/0/0.png')
        picture = client.get(f'{url}/data/thumbnail.jpg')
        document = client.get(f'{url}/info/metadata')
        file = client.get(f'{url}/data/region.tif?left=0&right=9&top=0&bottom=9')
        size = len(b''.join(file.streaming_content))
        found = metrics.counters()
        assert found['large_image_requests_total'] == {
            ('tile', 'png', '200'): 3,
            ('tile', '', '304'): 1,
            ('thumbnail', 'jpeg', '200'): 1,
            ('metadata', 'json', '200'): 1,
            ('region', 'tiff', '200'): 1,
        }
        assert found['large_image_response_bytes_total'] == {
            ('tile', 'png'): 2 * len(tile.content),
            ('thumbnail', 'jpeg'): len(picture.content),
            ('metadata', 'json'): len(document.content),
            ('region', 'tiff'): size,
        }
        # The tile and the thumbnail were made, and the tile found twice.
        assert found['large_image_outcomes_total'] == {('cache', 'miss'): 2, ('cache', 'hit'): 2}
        seconds: Any = found['large_image_stage_seconds']
        counts = {stage: histogram.buckets[-1][1] for (stage,), histogram in seconds.items()}
        assert counts['total'] == counts['parse'] == counts['lookup'] == 7
        assert counts['cache'] == 4
        assert counts['encode'] == 2
        assert all(isinstance(value, Histogram) and value.sum > 0 for value in seconds.values())

    @pytest.mark.parametrize(
        ('address', 'status'),
        [('tiles/a/0/0.png', 400), ('tiles/9/9/9.png', 404), ('tiles/0/0/0.zzz', 400)],
    )
    def test_errors(self, address: str, status: int, url: str, client: Client) -> None:
        assert client.get(f'{url}/{address}').status_code == status
        # Whatever the URL says, the labels are words of ours.
        assert requests() == {('tile', 'json', str(status)): 1}
        assert metrics.counters()['large_image_response_bytes_total'] == {}

    def test_a_missing_object(self, db: None, client: Client) -> None:
        assert client.get('/api/left/77/tiles/0/0/0.png').status_code == 404
        assert requests() == {('tile', 'json', '404'): 1}

    @pytest.mark.parametrize('basic', [False, True])
    def test_a_refused_object(self, basic: bool, serve: Any, image_file: Any) -> None:
        from rest_framework.authentication import BasicAuthentication, SessionAuthentication

        class Nobody(permissions.BasePermission):
            def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
                return False

        class Private(LargeImageFileDetailMixin, viewsets.GenericViewSet):
            queryset = ImageFile.objects.all()
            permission_classes = (Nobody,)
            authentication_classes = (BasicAuthentication if basic else SessionAuthentication,)
            FILE_FIELD_NAME = 'file'

        client = serve(Private)
        address = f'/own/{image_file(gradient(9, 9)).pk}/tiles/0/0/0.png'
        status = client.get(address).status_code
        assert status == (401 if basic else 403)
        assert requests() == {('tile', 'json', str(status)): 1}

    def test_a_failure_of_the_project(self, serve: Any) -> None:
        class Broken(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                raise ZeroDivisionError

        assert serve(Broken).get('/own/tiles/0/0/0.png').status_code == 500
        assert requests() == {('tile', 'json', '500'): 1}

    def test_threads_lose_no_request(self, serve: Any, tmp_path: Any) -> None:
        image = raster(tmp_path / 'a.tif', gradient(64, 64))

        class Own(LargeImageMixin, viewsets.ViewSet):
            authentication_classes = ()

            def get_path(self, request: Any, pk: Any = None) -> Any:
                return image

        serve(Own)
        answered: list[int] = []

        def work() -> None:
            client = Client()
            answered.extend(client.get('/own/tiles/0/0/0.png').status_code for _ in range(25))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answered == [200] * 200
        outcomes = metrics.counters()['large_image_outcomes_total']
        assert requests() == {('tile', 'png', '200'): 200}
        # They share one making.
        assert outcomes == {('cache', 'miss'): 1, ('cache', 'hit'): 199}


def test_the_view_is_for_staff_and_for_prometheus(client: Client, db: None, settings: Any) -> None:
    urls = ModuleType('metrics_urls')
    urls.urlpatterns = [path('metrics', MetricsView.as_view())]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    metrics.count('tile', 'png', 200, 10)
    assert client.get('/metrics').status_code == 403
    client.force_login(User.objects.create_user('ann'))
    assert client.get('/metrics').status_code == 403
    client.force_login(User.objects.create_user('root', is_staff=True))
    accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
    response = client.get('/metrics', HTTP_ACCEPT=accept)
    assert response['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8'
    labels = f'pid="{os.getpid()}",endpoint="tile",format="png",status="200"'
    lines = response.content.decode().splitlines()
    assert lines[1:3] == [
        '# TYPE large_image_requests_total counter',
        f'large_image_requests_total{{{labels}}} 1',
    ]
    said = 'the setting METRICS is off'
    assert said in lines[-1]
    settings.LARGE_IMAGE = {'METRICS': True}
    assert said not in client.get('/metrics').content.decode()
