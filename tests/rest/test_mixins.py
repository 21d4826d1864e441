"""The classes that a developer mixes in: on any side, below any router, with any hook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from rest_framework import permissions, viewsets
from rest_framework.routers import DefaultRouter, SimpleRouter

from django_large_image.rest import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageView,
    LargeImageVSIFileDetailMixin,
)
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reference import ImageReference
from django_large_image.tilesource import get_tilesource_from_path
from tests.factories import gradient, raster
from tests.rest.conftest import detail, pixels
from tests.testapp.models import ImageFile, SlugImageFile, UUIDImageFile

ACTIONS = {
    'metadata': {},
    'metadata-internal': {},
    'bands': {},
    'band': {},
    'frames': {},
    'tiffdump': {},
    'cog': {},
    'images': {},
    'tiles-metadata': {},
    'tile': {'z': 0, 'x': 0, 'y': 0, 'fmt': 'png'},
    'tile-zxy': {'z': 0, 'x': 0, 'y': 0},
    'tile-fzxy': {'frame': 0, 'z': 0, 'x': 0, 'y': 0},
    'tile-corners': {'z': 0, 'x': 0, 'y': 0},
    'tilejson': {},
    'thumbnail': {'fmt': 'png'},
    'region': {'fmt': 'tif'},
    'pixel': {},
    'histogram': {},
}
QUERY = {'left': 12, 'right': 13, 'top': 13, 'bottom': 12, 'units': 'EPSG:4326'}


@pytest.mark.parametrize('namespace', ['', 'slash:', 'default:'])
@pytest.mark.parametrize('basename', ['left', 'right', 'ready', 'one', 'nested'])
@pytest.mark.parametrize('action', ACTIONS)
def test_every_action_answers_under_its_name(
    namespace: str, basename: str, action: str, image_file: Any, client: Client
) -> None:
    image = image_file(gradient(64, 64), epsg=4326, bounds=(10, 10, 20, 20))
    kwargs: dict[str, Any] = dict(ACTIONS[action])
    if basename != 'one':
        kwargs['pk'] = image.pk
    if basename == 'nested':
        kwargs['project'] = 5
    response = client.get(reverse(f'{namespace}{basename}-{action}', kwargs=kwargs), QUERY)
    assert response.status_code == 200, response.content
    assert response.has_header('ETag')
    if response.streaming:
        response.close()


def test_uuid_and_slug_lookups(image_file: Any, client: Client) -> None:
    data = gradient(64, 64)
    by_uuid = image_file(data, model=UUIDImageFile)
    by_slug = image_file(data, model=SlugImageFile, fields={'slug': 'north-sea'})
    for base in (f'uuid/{by_uuid.pk}', f'slug/{by_slug.slug}'):
        tile = pixels(client.get(f'/api/{base}/tiles/0/0/0.png'))
        np.testing.assert_array_equal(tile[:64, :64, :3], np.moveaxis(data, 0, 2))


def test_both_sides_give_the_same_bytes_and_errors(image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    for path in (
        'tiles/0/0/0.png',
        'tiles/9/9/9.png',
        'data/thumbnail.webp',
        'info/bands',
        'tiles/a/0/0.png',
    ):
        left = client.get(f'/api/left/{image.pk}/{path}', HTTP_ACCEPT='image/*')
        right = client.get(f'/api/right/{image.pk}/{path}', HTTP_ACCEPT='image/*')
        assert (left.status_code, left.content) == (right.status_code, right.content)
        assert left['Content-Type'] == right['Content-Type']


def test_the_ready_viewset_lists_and_retrieves(image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    assert [entry['id'] for entry in client.get('/api/ready').json()] == [image.pk]
    assert client.get(f'/api/ready/{image.pk}').json()['name'] == 'image.tif'


def test_the_older_name_of_the_usual_mixin() -> None:
    assert LargeImageView is LargeImageFileDetailMixin


def test_the_vsi_mixin_reads_local_files_in_place(serve: Any, image_file: Any) -> None:
    class Streaming(viewsets.GenericViewSet, LargeImageVSIFileDetailMixin):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

    image = image_file(gradient(64, 64))
    client = serve(Streaming)
    assert client.get(f'/own/{image.pk}/tiles/0/0/0.png').status_code == 200


@pytest.mark.parametrize('router', [SimpleRouter(trailing_slash=False), DefaultRouter()])
def test_permissions_are_those_of_the_viewset(
    router: SimpleRouter, serve: Any, image_file: Any
) -> None:
    class OnlyOwn(permissions.BasePermission):
        def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
            return bool(obj.name == request.user.username)

    class Private(viewsets.GenericViewSet, LargeImageFileDetailMixin):
        queryset = ImageFile.objects.all()
        permission_classes = (permissions.IsAuthenticated, OnlyOwn)
        FILE_FIELD_NAME = 'file'

    image = image_file(gradient(64, 64), fields={'name': 'ann'})
    client = serve(Private, router)
    slash = '/' if isinstance(router, DefaultRouter) else ''
    urls = [
        f'/own/{image.pk}/{path}{slash}'
        for path in ('tiles/0/0/0.png', 'info/metadata', 'data/thumbnail.jpg')
    ]
    for url in urls:
        detail(client.get(url), 403)
    etags = []
    client.force_login(User.objects.create_user('ann'))
    for url in urls:
        response = client.get(url)
        assert response.status_code == 200
        assert response['Cache-Control'].startswith('private')
        etags.append(response['ETag'])
    # Knowing the ETag does not help.
    client.force_login(User.objects.create_user('bob'))
    for url, etag in zip(urls, etags, strict=True):
        detail(client.get(url, HTTP_IF_NONE_MATCH=etag), 403)


def test_one_query_per_request(
    image_file: Any, client: Client, django_assert_num_queries: Any
) -> None:
    image = image_file(gradient(64, 64))
    for path in ('tiles/0/0/0.png', 'tiles/0/0/0.png', 'info/metadata', 'data/pixel?left=1&top=1'):
        with django_assert_num_queries(1):
            client.get(f'/api/left/{image.pk}/{path}')


class TestHooks:
    """Every hook of 0.10, overridden."""

    @pytest.fixture
    def files(self, tmp_path: Path) -> dict[str, Path]:
        return {
            'red': raster(tmp_path / 'red.tif', np.full((1, 32, 32), 40, 'uint8')),
            'blue': raster(tmp_path / 'blue.tif', np.full((1, 32, 32), 90, 'uint8')),
        }

    @pytest.mark.parametrize('kind', [str, Path, lambda path: ImageReference(str(path), 'v1')])
    def test_get_path(self, kind: Any, serve: Any, files: Any) -> None:
        class Named(LargeImageDetailMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return kind(files[pk])

        client = serve(Named)
        assert pixels(client.get('/own/red/tiles/0/0/0.png'))[0, 0, 0] == 40
        assert pixels(client.get('/own/blue/tiles/0/0/0.png'))[0, 0, 0] == 90

    def test_get_path_is_asked_once(self, serve: Any, files: Any) -> None:
        asked = []

        class Named(LargeImageDetailMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                asked.append(pk)
                return files[pk]

        serve(Named).get('/own/red/tiles/0/0/0.png')
        assert asked == ['red']

    def test_without_get_path_the_error_names_the_remedies(self) -> None:
        class Bare(LargeImageMixin, viewsets.ViewSet):
            pass

        with pytest.raises(NotImplementedError, match=r'Bare.*get_path.*FILE_FIELD_NAME'):
            Bare().get_path(None)  # type: ignore[arg-type]

    def test_a_wrong_field_name_is_named(self, serve: Any, image_file: Any) -> None:
        class Wrong(LargeImageFileDetailMixin, viewsets.GenericViewSet):
            queryset = ImageFile.objects.all()
            FILE_FIELD_NAME = 'picture'

        image = image_file(gradient(9, 9))
        view = Wrong(kwargs={'pk': image.pk}, request=None)
        view.get_object = lambda: image  # type: ignore[method-assign]
        with pytest.raises(ImproperlyConfigured, match=r"'picture'.*get_field_file"):
            view.get_field_file()

    def test_get_field_file(self, serve: Any, image_file: Any) -> None:
        class Chosen(LargeImageFileDetailMixin, viewsets.GenericViewSet):
            queryset = ImageFile.objects.all()

            def get_field_file(self) -> Any:
                return self.get_object().file

        image = image_file(gradient(64, 64))
        assert serve(Chosen).get(f'/own/{image.pk}/tiles/0/0/0.png').status_code == 200

    def test_get_query_param(self, serve: Any, files: Any) -> None:
        class Fixed(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            def get_query_param(self, request: Any, key: str, default: Any = '') -> str:
                forced = {'palette': '#0000ff,#0000ff', 'min': '0', 'max': '255'}
                return forced.get(key) or super().get_query_param(request, key, default)

        assert tuple(pixels(serve(Fixed).get('/own/tiles/0/0/0.png'))[0, 0, :3]) == (0, 0, 255)

    def test_get_style(self, serve: Any, files: Any) -> None:
        class Styled(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            def get_style(self, request: Any) -> Any:
                return {'band': 1, 'palette': ['#00ff00', '#00ff00']}

        client = serve(Styled)
        assert tuple(pixels(client.get('/own/tiles/0/0/0.png'))[0, 0, :3]) == (0, 255, 0)
        thumbnail = pixels(client.get('/own/data/thumbnail.png'))
        assert tuple(thumbnail[0, 0, :3]) == (0, 255, 0)

    def test_open_tile_source_and_its_style(self, serve: Any, files: Any) -> None:
        """A hook may open what it likes, large-image classes in a style of their own included."""
        from large_image_source_gdal import GDALFileTileSource

        class Other(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
                style = '{"band":1,"palette":["#ff0000","#ff0000"]}'
                return GDALFileTileSource(str(path), style=style, encoding='PNG', noCache=True)

        client = serve(Other)
        tile = pixels(client.get('/own/tiles/0/0/0.png'))
        assert tuple(tile[0, 0, :3]) == (255, 0, 0)

    def test_open_image(self, serve: Any, files: Any) -> None:
        class Other(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            def open_image(
                self, request: Any, path: Any, encoding: Any = None, style: Any = True
            ) -> Any:
                return super().open_image(request, files['blue'], encoding, style)

        assert pixels(serve(Other).get('/own/tiles/0/0/0.png'))[0, 0, 0] == 90

    def test_get_tile_source(self, serve: Any, files: Any) -> None:
        class Other(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            def get_tile_source(
                self, request: Any, pk: Any = None, encoding: Any = None, style: Any = True
            ) -> Any:
                return get_tilesource_from_path(files['blue'])

        assert pixels(serve(Other).get('/own/tiles/0/0/0.png'))[0, 0, 0] == 90

    def test_get_tile_source_in_the_style_of_the_request(self, serve: Any, files: Any) -> None:
        """As in 0.10, a developer's own action gets a source in the style asked for."""
        from django.http import HttpResponse
        from rest_framework.decorators import action

        class Own(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            @action(detail=False, url_path='mine')
            def mine(self, request: Any) -> Any:
                source = self.get_tile_source(request, encoding='PNG')
                assert isinstance(source, RasterTileSource)
                data, media_type = source.getThumbnail(encoding='PNG')
                return HttpResponse(data, content_type=media_type)

        response = serve(Own).get('/own/mine', {'band': 1, 'palette': '#0000ff,#0000ff'})
        assert tuple(pixels(response)[0, 0, :3]) == (0, 0, 255)

    def test_an_action_may_be_overridden_and_called(self, serve: Any, files: Any) -> None:
        from rest_framework.decorators import action

        class Own(LargeImageDetailMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files[pk]

            @action(
                detail=True, url_path=r'tiles/(?P<z>\d+)/(?P<x>\d+)/(?P<y>\d+).(?P<fmt>png|jpg)'
            )
            def tile(  # type: ignore[override]
                self,
                request: Any,
                x: int,
                y: int,
                z: int,
                pk: Any = None,
                fmt: str = 'png',
                **kw: Any,
            ) -> Any:
                response = super().tile(request, x, y, z, pk, fmt)
                response['X-Own'] = 'yes'
                return response

        response = serve(Own).get('/own/blue/tiles/0/0/0.png')
        assert response['X-Own'] == 'yes'
        assert pixels(response)[0, 0, 0] == 90

    def test_what_hooks_look_at_can_part_the_cache(self, serve: Any, files: Any) -> None:
        class PerUser(LargeImageMixin, viewsets.ViewSet):
            def get_path(self, request: Any, pk: Any = None) -> Any:
                return files['red']

            def get_cache_vary(self, request: Any) -> Any:
                return request.headers.get('X-Color')

            def get_style(self, request: Any) -> Any:
                return None

            def open_tile_source(self, request: Any, path: Any, **kwargs: Any) -> Any:
                return get_tilesource_from_path(files[request.headers['X-Color']])

        client = serve(PerUser)
        red, blue = (
            client.get('/own/tiles/0/0/0.png', headers={'X-Color': color})
            for color in ('red', 'blue')
        )
        assert red['ETag'] != blue['ETag']
        assert (pixels(red)[0, 0, 0], pixels(blue)[0, 0, 0]) == (40, 90)


class TestAutoSet:
    def test_off_serves_only_marked_files(self, image_file: Any, get: Any, settings: Any) -> None:
        image = image_file(gradient(64, 64))
        settings.LARGE_IMAGE = {'AUTO_SET': False}
        assert 'not used' in detail(get('tiles/0/0/0.png', image), 404)

    def test_a_marked_file(
        self, image_file: Any, get: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image = image_file(gradient(64, 64))
        settings.LARGE_IMAGE = {'AUTO_SET': False}
        monkeypatch.setattr(ImageFile, 'is_large_image', True, raising=False)
        assert get('tiles/0/0/0.png', image).status_code == 200
