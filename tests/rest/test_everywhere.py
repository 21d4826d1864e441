"""Every endpoint answers for an image as for the same file on disk, wherever the image lives."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minio
import numpy as np
import pytest
from django.contrib.gis.gdal import GDALRaster
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.test import Client
from minio_storage.storage import MinioStorage
from rest_framework import viewsets
from storages.backends.s3 import S3Storage

from django_large_image.rest import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageVSIFileDetailMixin,
)
from django_large_image.sources.opening import close_sources
from tests import factories
from tests.rest.conftest import LeftViewSet, URLViewSet
from tests.rest.scans import BOUNDS, EPSG, ScanViewSet, stored
from tests.servers.s3 import ROOT, S3Server
from tests.storage.stores import OpenOnlyStorage, TellingStorage
from tests.storage.test_http import certified  # noqa: F401 - a fixture
from tests.testapp.models import ChecksumImage, ImageFile

BOX = 'left=10&right=390&top=20&bottom=200&units=pixels'
ENDPOINTS = [
    *('info/metadata', 'info/metadata_internal', 'info/bands', 'info/band?band=1', 'info/frames'),
    *('info/tiffdump', 'info/cog', 'info/images', 'info/images/label.png'),
    *('tiles/metadata', 'tiles/metadata?projection=EPSG:3857'),
    *('tiles/0/0/0.png', 'tiles/1/1/0.jpg', 'tiles/1/1/0.webp', 'tiles/7/0/0.png'),
    'tiles/1/1/1.png?band=1&min=10&max=200&palette=viridis',
    *('tiles/9/275/183.png?projection=EPSG:3857&band=1&min=auto', 'tiles/1/0/0.npy'),
    *('tiles/zxy/1/1/0', 'tiles/fzxy/0/1/1/0', 'tiles/9/275/183/corners?projection=EPSG:3857'),
    'tiles/tilejson.json?projection=EPSG:3857',
    *('data/thumbnail.png', 'data/thumbnail.npy?max_width=64&max_height=64'),
    *(f'data/region.png?{BOX}', f'data/region.npy?{BOX}&width=100', f'data/region.tif?{BOX}'),
    'data/region.npy?left=13.75&top=45.24&right=13.85&bottom=45.18',
    *('data/pixel?left=100&top=50', 'data/histogram?bins=16'),
    *('image.dzi', 'image.xml', 'image_files/8/0_0.png'),
]
STYLE = {'bands': [{'band': 1, 'palette': ['#000', '#f80'], 'min': 20, 'max': 220}]}
# Asked with a style as the body.
STYLED = [
    'tiles/1/1/0.png',
    'data/thumbnail.png',
    f'data/region.png?{BOX}',
    'data/pixel?left=9&top=9',
]

NAMES = ('name', 'tiles', 'fileList', 'path', 'path_or_fobj')


def is_of_pixels(endpoint: str) -> bool:
    """Whether an answer does not depend on how the pixels are stored."""
    return not endpoint.startswith(('info/metadata_internal', 'info/tiffdump', 'info/cog'))


def nameless(told: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON object without what it says of where it came from."""
    return {key: told[key] for key in told if key not in NAMES}


def said(response: Any) -> Any:
    """Return what an answer says: its status, its type and its bytes, or JSON but for names."""
    body = b''.join(response.streaming_content) if response.streaming else response.content
    response.close()
    if response['Content-Type'] == 'application/json':
        body = json.loads(body, object_hook=nameless)
    return response.status_code, response['Content-Type'], body


class FileViewSet(LargeImageMixin, viewsets.ViewSet):
    path: Path

    def get_path(self, request: Any, pk: Any = None) -> Any:
        return self.path


class VSIViewSet(LargeImageVSIFileDetailMixin, viewsets.GenericViewSet):
    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class CheckedViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    queryset = ChecksumImage.objects.all()
    FILE_FIELD_NAME = 'file'


class HookViewSet(LargeImageDetailMixin, viewsets.GenericViewSet):
    """`found` is called for what `get_path` returns."""

    queryset = ImageFile.objects.all()
    found: Callable[[Any], Any]

    def get_path(self, request: Any, pk: Any = None) -> Any:
        return type(self).found(self.get_object())


class Places:
    """Puts an image to a place of each kind; a method returns a viewset and the key of its row."""

    def __init__(self, path: Path, request: pytest.FixtureRequest) -> None:
        self.path, self.content = path, path.read_bytes()
        self._request = request
        self._settings = request.getfixturevalue('settings')
        self._settings.LARGE_IMAGE = getattr(self._settings, 'LARGE_IMAGE', {})
        self._patch = request.getfixturevalue('monkeypatch')

    def _server(self, name: str) -> Any:
        return self._request.getfixturevalue(name)

    def _in_storage(self, storage: Storage, viewset: type[Any] = LeftViewSet) -> Any:
        self._patch.setattr(ImageFile._meta.get_field('file'), 'storage', storage)
        image = ImageFile(name='image')
        image.file.save('image.tif', ContentFile(self.content))
        return viewset, image.pk

    def _at(self, url: str, prefix: str) -> Any:
        self._settings.LARGE_IMAGE = {**self._settings.LARGE_IMAGE, 'URL_PREFIXES': [prefix]}
        return URLViewSet, ImageFile.objects.create(name=url).pk

    def local(self) -> Any:
        return self._in_storage(ImageFile._meta.get_field('file').storage)

    def checksummed(self) -> Any:
        image = ChecksumImage(name='image')
        image.file.save('image.tif', ContentFile(self.content))
        return CheckedViewSet, image.pk

    def s3(self, viewset: type[Any] = LeftViewSet) -> Any:
        server: S3Server = self._server('s3_server')
        server.client().create_bucket(Bucket='everywhere')
        told = {'bucket_name': 'everywhere', 'endpoint_url': server.url, 'location': 'here'}
        storage = S3Storage(access_key=ROOT[0], secret_key=ROOT[1], **told)
        return self._in_storage(storage, viewset)

    def s3_vsi(self) -> Any:
        return self.s3(VSIViewSet)

    def s3_url(self) -> Any:
        server: S3Server = self._server('s3_server')
        server.client().create_bucket(Bucket='everywhere')
        server.client().put_object(Bucket='everywhere', Key='an image.tif', Body=self.content)
        for name, value in {
            'AWS_ENDPOINT_URL': server.url,
            'AWS_DEFAULT_REGION': 'us-east-1',
            'AWS_ACCESS_KEY_ID': ROOT[0],
            'AWS_SECRET_ACCESS_KEY': ROOT[1],
        }.items():
            self._patch.setenv(name, value)
        return self._at('s3://everywhere/an%20image.tif', 's3://everywhere/')

    def minio(self) -> Any:
        server: S3Server = self._server('s3_server')
        client = minio.Minio(server.host, *ROOT, secure=False, region='us-east-1')
        server.client().create_bucket(Bucket='everywhere')
        return self._in_storage(MinioStorage(client, 'everywhere', assume_bucket_exists=True))

    def http(self, server: str = 'nginx') -> Any:
        site = self._server(server)
        site.put('everywhere.tif', self.content)
        return self._at(f'{site.url.rstrip("/")}/everywhere.tif', site.url)

    def https(self) -> Any:
        web = self._server('certified')
        web.files['everywhere.tif'] = self.content
        url = f'https://localhost:{web.port}/'
        return self._at(f'{url}everywhere.tif', url)

    def gs(self) -> Any:
        return self._in_cloud('gcs', 'gs')

    def az(self) -> Any:
        return self._in_cloud('azure', 'az')

    def _in_cloud(self, name: str, scheme: str) -> Any:
        server = self._server(name)
        server.put('everywhere', 'dir/an image.tif', self.content)
        for variable, value in server.environment.items():
            self._patch.setenv(variable, value)
        return self._at(f'{scheme}://everywhere/dir/an%20image.tif', f'{scheme}://everywhere/')

    def copies(self, kind: type[OpenOnlyStorage] = TellingStorage) -> Any:
        folder = self._server('tmp_path') / 'store'
        (folder / 'images').mkdir(parents=True)
        shutil.copyfile(self.path, folder / 'images/image.tif')
        self._patch.setattr(ImageFile._meta.get_field('file'), 'storage', kind(folder))
        image = ImageFile(name='image')
        image.file.name = 'images/image.tif'
        image.save()
        return LeftViewSet, image.pk

    def copies_open_only(self) -> Any:
        return self.copies(OpenOnlyStorage)

    def gdalraster_file(self) -> Any:
        return self._hook(lambda row: GDALRaster(str(self.path)))

    def gdalraster_bytes(self) -> Any:
        return self._hook(lambda row: GDALRaster(self.content))

    def _hook(self, found: Callable[[Any], Any]) -> Any:
        self._patch.setattr(HookViewSet, 'found', staticmethod(found), raising=False)
        return HookViewSet, ImageFile.objects.create(name='image').pk


KINDS = [name for name in vars(Places) if not name.startswith('_')]
PLAIN: dict[str, Any] = {'epsg': EPSG, 'bounds': BOUNDS}
TILED = {
    **PLAIN,
    'options': {'TILED': 'YES', 'COMPRESS': 'DEFLATE', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128},
    'overviews': [2],
}


def answers(client: Client, base: str, endpoints: list[str]) -> dict[str, Any]:
    """Return what a client is told, by endpoint."""
    found = {endpoint: said(client.get(f'{base}/{endpoint}')) for endpoint in endpoints}
    for endpoint in STYLED:
        told = client.post(f'{base}/{endpoint}', STYLE, 'application/json')
        found[f'POST {endpoint}'] = said(told)
    return found


@pytest.fixture(scope='module')
def noise() -> np.ndarray:
    """Pixels of three bands."""
    ramp = factories.gradient(400, 500).astype(float) * 0.9
    return (ramp + np.random.default_rng(3).random(ramp.shape) * 20).astype('uint8')


@pytest.fixture(scope='module')
def image(noise: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tiles and overviews."""
    return factories.raster(tmp_path_factory.mktemp('everywhere') / 'image.tif', noise, **TILED)


@pytest.fixture
def is_as_local(serve: Callable[..., Client]) -> Callable[..., None]:
    """Assert that a viewset answers for the object of a key as for a file."""

    def compare(viewset: type[Any], key: Any, path: Path, endpoints: list[str]) -> None:
        close_sources()
        found = answers(serve(viewset), f'/own/{key}', endpoints)
        close_sources()
        FileViewSet.path = path
        expected = answers(serve(FileViewSet), '/own', endpoints)
        for endpoint, answer in expected.items():
            assert found[endpoint] == answer, endpoint

    return compare


@pytest.mark.django_db
@pytest.mark.parametrize('kind', KINDS)
def test_every_endpoint_answers_as_that_of_a_local_file(
    kind: str, image: Path, is_as_local: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    viewset, key = getattr(Places(image, request), kind)()
    is_as_local(viewset, key, image, ENDPOINTS)


class ScanHookViewSet(LargeImageDetailMixin, viewsets.GenericViewSet):
    queryset = ScanViewSet.queryset

    def get_path(self, request: Any, pk: Any = None) -> Any:
        return self.get_object().raster


@pytest.mark.parametrize('viewset', [ScanViewSet, ScanHookViewSet])
def test_so_does_that_of_a_raster_in_postgis(
    viewset: type[Any],
    noise: np.ndarray,
    scans: Any,
    is_as_local: Callable[..., None],
    make_raster: Callable[..., Path],
) -> None:
    # A row holds samples, and neither a file nor overviews.
    path = make_raster(noise, **PLAIN)
    is_as_local(viewset, stored(scans, path).pk, path, list(filter(is_of_pixels, ENDPOINTS)))


def test_no_endpoint_was_forgotten(image: Path, serve: Callable[..., Client]) -> None:
    paths = [endpoint.partition('?')[0] for endpoint in ENDPOINTS]
    actions = LeftViewSet.get_extra_actions()
    missing = [
        action.url_path
        for action in actions
        if not any(re.fullmatch(action.url_path, path) for path in paths)
    ]
    assert missing == []
    FileViewSet.path = image
    client = serve(FileViewSet)
    statuses = {one: said(client.get(f'/own/{one}'))[0] for one in ENDPOINTS}
    absent = ['info/images/label.png', 'tiles/7/0/0.png']
    assert [one for one in statuses if statuses[one] != 200] == absent
