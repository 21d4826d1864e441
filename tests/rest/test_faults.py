"""A store that fails is told in JSON and in time, nothing of it is kept, and others go on."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from rest_framework.routers import SimpleRouter

from django_large_image.sources.opening import close_sources
from django_large_image.storage.versions import _versions
from tests import factories
from tests.rest.conftest import detail, pixels
from tests.rest.test_everywhere import FileViewSet, Places
from tests.servers.azure import AzureServer
from tests.servers.door import Door
from tests.servers.s3 import ROOT, S3Server
from tests.testapp.models import ImageFile

# The server of each kind of `Places`.
SERVERS = {
    's3': 's3_server',
    'minio': 's3_server',
    's3_url': 's3_server',
    'http': 'website',
    'gs': 'gcs',
    'az': 'azure',
}
OPTIONS = {'TILED': 'YES', 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
_sizes = itertools.count(16)
# Tiles of other blocks.
FIRST, SECOND = 'tiles/2/0/0.png', 'tiles/2/3/3.png'


@contextmanager
def expired(door: Door, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the credentials run out."""
    if isinstance(door, S3Server):
        key = door.keys[ROOT[0]]
        key.expired = True
        yield
        key.expired = False
    elif isinstance(door, AzureServer):
        with patch.context() as within:
            for name, value in door.lent(-60).items():
                within.setenv(name, value)
            # A file that is open is read with the credentials that it was opened with.
            close_sources()
            yield
        close_sources()
    else:
        with door.answering(401):
            yield


Fault = Callable[[Any, pytest.MonkeyPatch], AbstractContextManager[None]]
FAULTS: dict[str, tuple[int, Fault]] = {
    'down': (503, lambda door, patch: door.down()),
    'stalls': (503, lambda door, patch: door.stalling()),
    'cuts short': (503, lambda door, patch: door.cutting()),
    '403': (422, lambda door, patch: door.answering(403)),
    '404': (422, lambda door, patch: door.answering(404)),
    '500': (503, lambda door, patch: door.answering(500)),
    'expired': (422, expired),
}


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (3, 1024, 1024), 'uint8')


def tile(seed: int, x: int) -> np.ndarray:
    """The pixels of `tiles/2/x/x.png`."""
    block = slice(256 * x, 256 * x + 256)
    return noise(seed)[:, block, block].transpose(1, 2, 0)


class Shop:
    """An image in a store that may fail, and one on disk."""

    def __init__(self, kind: str, request: pytest.FixtureRequest) -> None:
        self.door = request.getfixturevalue(SERVERS[kind])
        self.kind, self._request = kind, request
        self._folder = request.getfixturevalue('tmp_path')
        viewset, self._key = self._put(0)
        FileViewSet.path = self._folder / '0.tif'
        router = SimpleRouter(trailing_slash=False)
        router.register('local', FileViewSet, basename='local')
        self._client = request.getfixturevalue('serve')(viewset, router)

    def _put(self, seed: int) -> Any:
        path = factories.raster(self._folder / f'{seed}.tif', noise(seed), options=OPTIONS)
        # nginx knows versions by the second and the size: nothing is known from another test.
        path.write_bytes(path.read_bytes() + os.urandom(next(_sizes)))
        own = ('website',) if self.kind == 'http' else ()
        return getattr(Places(path, self._request), self.kind)(*own)

    def replace(self) -> None:
        """Put another image in the place of the first one."""
        _, key = self._put(1)
        first, second = ImageFile.objects.get(pk=self._key), ImageFile.objects.get(pk=key)
        if first.file:
            storage = first.file.storage
            with storage.open(second.file.name) as file:
                content = file.read()
            storage.delete(first.file.name)
            assert storage.save(first.file.name, ContentFile(content)) == first.file.name

    def get(self, endpoint: str) -> Any:
        """Ask for the image in the store."""
        return self._client.get(f'/own/{self._key}/{endpoint}')

    def local(self, endpoint: str) -> Any:
        """Ask for the one on disk."""
        return self._client.get(f'/local/{endpoint}')


@pytest.fixture(params=SERVERS)
def shop(request: pytest.FixtureRequest, settings: Any, db: None) -> Iterator[Shop]:
    """A store of each kind, which is asked for the version of an image once."""
    settings.LARGE_IMAGE = {'REMOTE_TIMEOUT': 1, 'VERSION_MAX_AGE': 3600, 'TILE_CACHE': False}
    # Names are those of the test before.
    _versions.reset()
    yield Shop(request.param, request)
    close_sources()
    _versions.reset()


@pytest.mark.parametrize('known', [False, True])
@pytest.mark.parametrize('fault', FAULTS)
def test_a_fault(
    shop: Shop, fault: str, known: bool, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    if known:
        np.testing.assert_array_equal(pixels(shop.get(FIRST)), tile(0, 0))
    status, failing = FAULTS[fault]
    with failing(shop.door, monkeypatch):
        for _ in range(2):
            began = time.monotonic()
            response = shop.get(SECOND)
            # The limit is 1 s, for each of a few requests.
            assert time.monotonic() - began < 8
            if fault == 'cuts short' and known and shop.kind in ('gs', 'az'):
                # GDAL does not tell it from a damaged file.
                assert response.status_code in (422, 503)
                status = response.status_code
            told = detail(response, status)
            assert ('Retry-After' in response) == (status == 503)
            assert 'ETag' not in response
            hidden = (shop.door.host, 'everywhere', *ROOT)
            assert [word for word in hidden if word in told] == []
            np.testing.assert_array_equal(pixels(shop.local(FIRST)), tile(0, 0))
    # A machine that does other things may need more than a second for what is right.
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 10}
    for _ in range(2):
        np.testing.assert_array_equal(pixels(shop.get(SECOND)), tile(0, 3))


def test_one_that_is_replaced_between_two_reads(shop: Shop, settings: Any) -> None:
    np.testing.assert_array_equal(pixels(shop.get(FIRST)), tile(0, 0))
    shop.replace()
    told = shop.get(SECOND)
    assert detail(told, 503)
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'VERSION_MAX_AGE': 0}
    for endpoint, x in ((FIRST, 0), (SECOND, 3)):
        np.testing.assert_array_equal(pixels(shop.get(endpoint)), tile(1, x))
