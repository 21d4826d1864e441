"""Files cut short or replaced while they are shown: an error or one version, never a mixture."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.test import Client
from rest_framework import viewsets

from django_large_image.rest import LargeImageFileDetailMixin
from tests import factories
from tests.rest.conftest import detail, pixels
from tests.testapp.models import ImageFile

TILED = {'TILED': 'YES', 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
JP2 = {'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256, 'QUALITY': 100, 'REVERSIBLE': 'YES'}
MAP = {'epsg': 3857, 'bounds': (0, 0, 770_000, 660_000), 'nodata': 0}
# The name of a file, and how it is written.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    'deflate': ('a.tif', {'options': {**TILED, 'COMPRESS': 'DEFLATE'}, 'overviews': (2, 4)}),
    # Its whole blocks are sent without being decoded.
    'jpeg': ('a.tif', {'options': {**TILED, 'COMPRESS': 'JPEG', 'PHOTOMETRIC': 'YCBCR'}}),
    'lines': ('a.tif', {}),
    'map': ('a.tif', {'options': {**TILED, 'COMPRESS': 'LZW'}, **MAP}),
    'jp2': ('a.jp2', {'options': JP2, 'driver': 'JP2OpenJPEG'}),
    'png': ('a.png', {'driver': 'PNG'}),
}
# Tiles that lie within the image.
TILES = [(2, x, y) for x in (0, 1) for y in (0, 1)]
MAP_TILES = [(7, x, y) for x in (64, 65) for y in (62, 63)]
# The samples of two versions, far from each other and from black and white.
DARK, BRIGHT = (30, 90), (165, 225)
# How far JPEG may be off.
LOSS = 12


class StoredImage:
    """An image in the database, and two versions of its file, of the same length."""

    def __init__(self, folder: Path, kind: str) -> None:
        name, options = KINDS[kind]
        ramp = factories.gradient(600, 700, 3, 'float32') * 0.9
        ramp += np.random.default_rng(5).random(ramp.shape) * 0.1
        written = [
            factories.raster(
                folder / f'{low}{name}', (low + ramp * (high - low)).astype('uint8'), **options
            ).read_bytes()
            for low, high in (DARK, BRIGHT)
        ]
        length = max(map(len, written))
        self.dark, self.bright = (content.ljust(length, b'\0') for content in written)
        self.object = ImageFile(name=kind)
        self.object.file.save(name, ContentFile(self.dark))
        self.path = Path(self.object.file.path)
        self.tiles, self.query = (
            (MAP_TILES, '?projection=EPSG:3857') if kind == 'map' else (TILES, '')
        )
        self._ticks = itertools.count(1)

    def rewrite(self, content: bytes) -> None:
        """Write into the file itself, as an editor does that knows no better."""
        with self.path.open('r+b') as file:
            file.write(content)
            file.truncate()
        # The clock may not have ticked since.
        later = self.path.stat().st_mtime_ns + next(self._ticks)
        os.utime(self.path, ns=(later, later))

    def replace(self, content: bytes) -> None:
        """Move another file over it, as uploads do."""
        other = self.path.with_name('other')
        other.write_bytes(content)
        other.replace(self.path)

    def get(self, turn: int, suffix: str = 'png') -> Any:
        """Ask for one of its tiles."""
        z, x, y = self.tiles[turn % len(self.tiles)]
        client = Client(raise_request_exception=False)
        return client.get(f'/api/left/{self.object.pk}/tiles/{z}/{x}/{y}.{suffix}{self.query}')


@pytest.fixture(params=KINDS)
def image(request: pytest.FixtureRequest, tmp_path: Path, transactional_db: None) -> StoredImage:
    """An image of each kind, of which other threads know too."""
    return StoredImage(tmp_path, request.param)


def version(response: Any) -> str:
    """Say which version all pixels of a response are of."""
    picture = pixels(response)
    low, high = int(picture[..., :3].min()), int(picture[..., :3].max())
    for name, (lowest, highest) in (('dark', DARK), ('bright', BRIGHT)):
        if lowest - LOSS <= low and high <= highest + LOSS:
            return name
    return f'neither: {low} to {high}'


@pytest.mark.parametrize('suffix', ['png', 'jpg'])
@pytest.mark.parametrize('keep', [0.6, 0.05, 0])
def test_a_file_that_is_cut_short_and_made_whole_again(
    image: StoredImage, keep: float, suffix: str
) -> None:
    assert version(image.get(0, suffix)) == 'dark'
    image.rewrite(image.dark[: int(len(image.dark) * keep)])
    for turn in range(4):
        response = image.get(turn, suffix)
        if response.status_code != 200:
            assert 'nreadable' in detail(response, 422)
        else:
            assert version(response) == 'dark'
    image.rewrite(image.dark)
    assert [version(image.get(turn, suffix)) for turn in range(4)] == ['dark'] * 4


@pytest.mark.parametrize('suffix', ['png', 'jpg'])
@pytest.mark.parametrize('how', [StoredImage.replace, StoredImage.rewrite])
def test_another_file_is_shown_at_once(
    image: StoredImage, how: Callable[[StoredImage, bytes], None], suffix: str
) -> None:
    for name in ('dark', 'bright', 'dark', 'bright'):
        how(image, getattr(image, name))
        assert [version(image.get(turn, suffix)) for turn in range(4)] == [name] * 4


@pytest.mark.parametrize('suffix', ['png', 'jpg'])
@pytest.mark.parametrize('damage', ['cut', 'replace', 'remove'])
def test_between_opening_and_reading(
    image: StoredImage, serve: Callable[..., Client], damage: str, suffix: str
) -> None:
    class Late(LargeImageFileDetailMixin, viewsets.GenericViewSet[ImageFile]):
        """Something happens to the file as soon as it is open."""

        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'file'

        def get_tile_source(self, *args: Any, **kwargs: Any) -> Any:
            nonlocal damage
            source = super().get_tile_source(*args, **kwargs)
            now, damage = damage, ''
            if now == 'cut':
                image.rewrite(image.dark[: len(image.dark) // 20])
            elif now == 'replace':
                image.replace(image.bright)
            elif now == 'remove':
                image.path.unlink()
            return source

    client = serve(Late)
    z, x, y = image.tiles[3]
    address = f'/own/{image.object.pk}/tiles/{z}/{x}/{y}.{suffix}{image.query}'
    response = client.get(address)
    if response.status_code != 200:
        assert 'nreadable' in detail(response, 422)
    else:
        assert version(response) in ('dark', 'bright')
    image.path.write_bytes(b'')
    image.replace(image.bright)
    assert version(client.get(address)) == 'bright'


def test_replaced_again_and_again_while_threads_ask(image: StoredImage) -> None:
    stopped = False

    def ask(number: int) -> list[str]:
        found = []
        try:
            for turn in itertools.count(number):
                if stopped:
                    return found
                response = image.get(turn, ('png', 'jpg')[turn // 4 % 2])
                if response.status_code == 200:
                    found.append(version(response))
                else:
                    assert detail(response, response.status_code)
                    found.append(str(response.status_code))
        finally:
            connections.close_all()
        return found

    contents = {
        'bright': image.bright,
        'cut': image.dark[: len(image.dark) // 3],
        'dark': image.dark,
    }
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, number) for number in range(6)]
        try:
            for turn, (name, content) in enumerate([*contents.items()] * 12):
                image.replace(content)
                response = image.get(turn)
                if name != 'cut':
                    assert version(response) == name
        finally:
            stopped = True
    found = {name for future in asked for name in future.result()}
    assert found <= {'dark', 'bright', '422', '404'}
    image.replace(image.bright)
    assert [version(image.get(turn)) for turn in range(4)] == ['bright'] * 4
