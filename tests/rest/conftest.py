"""A client of tiny viewsets: detail and non-detail, the mixin left and right of the base class."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path
from PIL import Image
from rest_framework import serializers, viewsets
from rest_framework.routers import DefaultRouter, SimpleRouter

from django_large_image.rest import (
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageURLDetailMixin,
    LargeImageViewSet,
)
from django_large_image.sources.opening import close_sources
from tests.rest.scans import ALIAS, Scan, connected
from tests.servers import postgres
from tests.testapp.models import ImageFile, SlugImageFile, UUIDImageFile


class ImageSerializer(serializers.ModelSerializer[ImageFile]):
    class Meta:
        model = ImageFile
        fields = '__all__'


class LeftViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    queryset = ImageFile.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'


class RightViewSet(viewsets.GenericViewSet, LargeImageFileDetailMixin):
    queryset = ImageFile.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'


class ReadyViewSet(LargeImageViewSet):
    queryset = ImageFile.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'


class UUIDViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    queryset = UUIDImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class SlugViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    queryset = SlugImageFile.objects.all()
    lookup_field = 'slug'
    FILE_FIELD_NAME = 'file'


class URLViewSet(LargeImageURLDetailMixin, viewsets.GenericViewSet):
    queryset = ImageFile.objects.all()
    URL_FIELD_NAME = 'name'


class OneViewSet(LargeImageMixin, viewsets.ViewSet):
    """A viewset without objects: the newest image."""

    def get_path(self, request: Any, pk: Any = None) -> Any:
        return ImageFile.objects.latest('pk').file.path


def _routes(router: SimpleRouter) -> list[Any]:
    router.register('left', LeftViewSet, basename='left')
    router.register('right', RightViewSet, basename='right')
    router.register('ready', ReadyViewSet, basename='ready')
    router.register('uuid', UUIDViewSet, basename='uuid')
    router.register('slug', SlugViewSet, basename='slug')
    router.register('url', URLViewSet, basename='url')
    router.register('one', OneViewSet, basename='one')
    router.register(r'projects/(?P<project>\d+)/images', LeftViewSet, basename='nested')
    return router.urls


urlpatterns = [
    path('api/', include(_routes(SimpleRouter(trailing_slash=False)))),
    path('slash/', include((_routes(SimpleRouter()), 'slash'))),
    path('default/', include((_routes(DefaultRouter()), 'default'))),
    path('', include('django_large_image.urls')),
]


@pytest.fixture(autouse=True)
def routes() -> Iterator[None]:
    """The URLs of this module, and no source or tile left from another test."""
    cache.clear()
    close_sources()
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Mount one viewset of the test's own at `/own/` and give a client: `serve(ViewSet)`."""
    opened = []

    def mount(viewset: type[Any], router: SimpleRouter | None = None) -> Client:
        router = router or SimpleRouter(trailing_slash=False)
        router.register('own', viewset, basename='own')
        urls = ModuleType('own_urls')
        urls.urlpatterns = router.urls  # type: ignore[attr-defined]
        override = override_settings(ROOT_URLCONF=urls)
        override.enable()
        opened.append(override)
        return Client(raise_request_exception=False)

    yield mount
    for override in reversed(opened):
        override.disable()


@pytest.fixture
def get(client: Client, image_file: Callable[..., ImageFile]) -> Callable[..., Any]:
    """`get(path, image, **parameters)`: the response of an endpoint of an image."""

    def ask(path: str, image: Any, base: str = '/api/left', **parameters: Any) -> Any:
        return client.get(f'{base}/{image.pk}/{path}', parameters)

    return ask


@pytest.fixture(scope='session')
def postgis_server() -> Iterator[int]:
    """A PostgreSQL with PostGIS: its port."""
    if postgres.programs() is None:
        pytest.skip('PostgreSQL with PostGIS is not installed: scripts/system.sh says how.')
    with postgres.running() as port:
        yield port


@pytest.fixture(scope='module')
def postgis(django_db_setup: None, django_db_blocker: Any, postgis_server: int) -> Iterator[Any]:
    """The connection to a database with a table of `scans.Scan`."""
    with django_db_blocker.unblock(), connected(postgis_server) as connection:
        yield connection


@pytest.fixture
def scans(postgis: Any, django_db_blocker: Any) -> Iterator[Any]:
    """The manager of an empty table."""
    with django_db_blocker.unblock():
        yield Scan.objects.using(ALIAS)
        Scan.objects.using(ALIAS).all().delete()


def pixels(response: Any) -> np.ndarray:
    """Decode the picture of a response: (height, width, channels), or (height, width) when grey."""
    content = b''.join(response.streaming_content) if response.streaming else response.content
    assert response.status_code == 200, content
    picture = Image.open(io.BytesIO(content))
    return np.asarray(picture.convert('RGBA') if picture.mode == 'P' else picture)


def detail(response: Any, status: int) -> str:
    """Return the message of an error that is JSON as it has to be."""
    assert response.status_code == status, response.content
    assert response['Content-Type'] == 'application/json'
    return str(response.json()['detail'])
