"""Images of a storage that only opens files, over REST: as if they were local."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from rest_framework import viewsets

from django_large_image.rest import LargeImageFileDetailMixin
from django_large_image.sources.opening import close_sources
from django_large_image.storage.shelf import open_shelf
from tests import factories
from tests.rest.conftest import LeftViewSet, detail
from tests.storage.stores import OpenOnlyStorage, StallingStorage, TellingStorage
from tests.testapp.models import ChecksumImage, ImageFile

MAP = {'epsg': 3857, 'bounds': (0, 0, 770_000, 660_000)}


@pytest.fixture
def stored(
    image_file: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Any, Any]]:
    """`stored(Storage)`: an image whose field has another storage now, and that storage."""
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'copies'), 'VERSION_MAX_AGE': 0}
    image = image_file(factories.gradient(300, 400), **MAP)
    shutil.copytree(settings.MEDIA_ROOT, tmp_path / 'store')

    def move(kind: type[OpenOnlyStorage]) -> tuple[Any, Any]:
        storage = kind(tmp_path / 'store')
        monkeypatch.setattr(ImageFile._meta.get_field('file'), 'storage', storage)
        close_sources()
        return image, storage

    return move


def test_an_answer_that_is_known_needs_no_copy(stored: Any, serve: Callable[..., Client]) -> None:
    image, storage = stored(TellingStorage)
    client, address = serve(LeftViewSet), f'/own/{image.pk}/tiles/0/0/0.png'
    etag = client.get(address)['ETag']
    open_shelf().clear()
    close_sources()
    assert client.get(address, headers={'If-None-Match': etag}).status_code == 304
    assert client.get(address).status_code == 200
    assert storage.opened == ['images/image.tif']
    # Another one is needed for what is not in the cache.
    assert client.get(address.replace('png', 'jpg')).status_code == 200
    assert len(storage.opened) == 2


@pytest.mark.parametrize('remade', ['by this process', 'by another one'])
def test_a_copy_that_is_made_again_while_it_is_open(
    remade: str, stored: Any, serve: Callable[..., Client], settings: Any, tmp_path: Path
) -> None:
    image, storage = stored(TellingStorage)
    options = {'TILED': 'YES', 'COMPRESS': 'DEFLATE'}
    content = factories.gradient(900, 900)
    factories.raster(tmp_path / 'store' / image.file.name, content, options=options, **MAP)
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'TILE_CACHE': False}
    client = serve(LeftViewSet)
    tiles = [f'2/{x}/{y}.png' for x in (0, 1, 2) for y in (0, 1)] * 2
    tiles += [f'7/{x}/{y}.png?projection=EPSG:3857' for x in (64, 65) for y in (62, 63)]
    addresses = [f'/own/{image.pk}/tiles/{tile}' for tile in tiles]
    expected = [client.get(address).content for address in addresses]
    folder = open_shelf().folder
    for address, picture in zip(addresses, expected, strict=True):
        if remade == 'by another one':
            shutil.copytree(folder, tmp_path / 'other', copy_function=shutil.copyfile)
            open_shelf().clear()
            (tmp_path / 'other').rename(folder)
        else:
            open_shelf().clear()
        response = client.get(address)
        assert response.status_code == 200
        assert response.content == picture
    assert len(storage.opened) == (1 if remade == 'by another one' else len(tiles) + 1)


def test_a_slow_store(stored: Any, serve: Callable[..., Client], settings: Any) -> None:
    image, storage = stored(StallingStorage)
    client, address = serve(LeftViewSet), f'/own/{image.pk}/tiles/0/0/0.png'
    # Its version is known.
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'VERSION_MAX_AGE': 600}
    assert client.get(address, headers={'If-None-Match': '*'}).status_code == 304
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 1}
    response = client.get(address)
    assert 'on its way' in detail(response, 503)
    assert int(response['Retry-After']) > 0
    storage.go.set()
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 20}
    assert client.get(address).status_code == 200


def test_a_file_that_is_gone(stored: Any, serve: Callable[..., Client], tmp_path: Path) -> None:
    image, _ = stored(TellingStorage)
    client, address = serve(LeftViewSet), f'/own/{image.pk}/tiles/0/0/0.png'
    (tmp_path / 'store' / image.file.name).rename(tmp_path / 'kept')
    assert 'missing' in detail(client.get(address), 422)
    (tmp_path / 'kept').rename(tmp_path / 'store' / image.file.name)
    assert client.get(address).status_code == 200


def test_an_etag_is_that_of_the_checksum(image_file: Any, serve: Callable[..., Client]) -> None:
    checked = image_file(factories.gradient(300, 400), model=ChecksumImage)

    class ChecksumViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ChecksumImage.objects.all()
        FILE_FIELD_NAME = 'file'

    client, address = serve(ChecksumViewSet), f'/own/{checked.pk}/tiles/0/0/0.png'
    etag = client.get(address)['ETag']
    # The file moves.
    content = Path(checked.file.path).read_bytes()
    checked.file.name = checked.file.storage.save('elsewhere/x.tif', ContentFile(content))
    checked.save()
    assert client.get(address, headers={'If-None-Match': etag}).status_code == 304
    # The file is another one.
    other = factories.raster(Path(checked.file.path).with_name('y.tif'), mask=None)
    with other.open('rb') as file:
        checked.file.save('z.tif', file)
    response = client.get(address, headers={'If-None-Match': etag})
    assert response.status_code == 200
    assert response['ETag'] != etag
