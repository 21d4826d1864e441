"""Files made to do harm: no endpoint leaks, connects, crashes, swells or answers 500."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from osgeo import gdal

from django_large_image.sources.handles import configured, quiet
from tests.rest.conftest import detail
from tests.rest.hostile_probe import MEMORY
from tests.sources import hostile
from tests.testapp.models import ImageFile

ROOT = Path(__file__).parents[2]
TILE = 'tiles/0/0/0.png'
GROUPS = [
    *(('naming', 'named'), ('claiming', 'noise'), ('cuts', 'damaged')),
    *(('claiming@web', 'noise@web'), ('cuts@web', 'damaged@web')),
]


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that nobody must connect to."""
    with socket.create_server(('127.0.0.1', 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def lure(tmp_path: Path, server: socket.socket) -> hostile.Lure:
    """What the files may try to reach, outside of the folder of media."""
    text = tmp_path / 'text'
    text.write_text(hostile.WORDS)
    url = f'http://127.0.0.1:{server.getsockname()[1]}'
    return hostile.Lure(hostile.secret(tmp_path), text, url)


def probe(folder: Path, groups: tuple[str, ...], lure: hostile.Lure) -> list[dict[str, Any]]:
    """Return what `hostile_probe` found, for each file."""
    told = {'raster': str(lure.raster), 'text': str(lure.text), 'url': lure.url}
    command = [sys.executable, '-m', 'tests.rest.hostile_probe', str(folder), ','.join(groups)]
    # The cache of decoded blocks is else as large as the machine allows.
    environment = {**os.environ, 'GDAL_CACHEMAX': '64'}
    done = subprocess.run(
        [*command, json.dumps(told)], capture_output=True, cwd=ROOT, env=environment, check=False
    )
    # Libraries may write to the same place.
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"')]
    assert done.returncode == 0, (lines[-1:], done.stderr[-2000:])
    return [line for line in lines if 'statuses' in line]


@pytest.mark.parametrize('groups', GROUPS, ids='-'.join)
def test_no_endpoint_can_be_harmed(
    groups: tuple[str, ...], tmp_path: Path, lure: hostile.Lure, server: socket.socket
) -> None:
    records = probe(tmp_path, groups, lure)
    assert {record['group'] for record in records} == set(groups)
    for record in records:
        failed = {path: code for path, code in record['statuses'].items() if code >= 500}
        assert not failed, record['file']
        assert not record['leaks'], record['file']
        assert record['memory'] < 2 * MEMORY, record['file']
    with pytest.raises(BlockingIOError):
        server.accept()
    files = {record['file']: record['statuses'] for record in records}
    if 'named' in groups:
        texts = hostile.documents(lure)
        assert {files[f'{label}.tif'][TILE] for label in texts} == {422}
        assert {files[name][TILE] for name in hostile.NAMES} == {200}
    if groups[0].startswith('cuts'):
        assert len([name for name in files if name.startswith('cut-')]) == 200


def test_the_lure_would_be_found(tmp_path: Path, lure: hostile.Lure, server: socket.socket) -> None:
    """Without our list of drivers the same files show the raster, and connect."""
    texts = hostile.documents(lure)
    path = tmp_path / 'image.tif'
    path.write_text(texts['vrt'])
    assert gdal.Open(str(path)).ReadAsArray(0, 0, 1, 1)[0, 0] == hostile.SECRET
    path.write_text(texts['vrt-url'])
    with quiet(), configured((('GDAL_HTTP_TIMEOUT', '1'),)), pytest.raises(RuntimeError):
        gdal.Open(str(path)).ReadAsArray()
    connection, _ = server.accept()
    connection.close()


# What a row may hold for the name of its file; the raster that they would reach is there.
NAMES = [
    *('../secret.tif', 'a/../../secret.tif', '%2e%2e/secret.tif', '..', '.', 'folder', 'folder/'),
    *('secret.tif\n', 'nul\0l.tif', '%00', '../secret.tif%00', '../secret.tif\0.png'),
    *('/vsicurl/http://127.0.0.1:1/a.tif', 'vsicurl/a.tif', '/vsizip/a.zip/a.tif', '/vsimem/a.tif'),
    *('/etc/passwd', 'file:///etc/passwd', 'GTIFF_DIR:1:../secret.tif', '|ls', '\\\\host\\share'),
]


@pytest.mark.django_db
@pytest.mark.parametrize('name', NAMES)
def test_no_name_of_a_file_leads_out_of_the_storage(
    name: str, client: Client, media_root: Path
) -> None:
    (media_root / 'folder').mkdir(parents=True)
    hostile.secret(media_root.parent)
    image = ImageFile.objects.create(name='hostile', file=name)
    for endpoint in (TILE, 'info/metadata', 'info/tiffdump', 'data/pixel?left=1&top=1'):
        response = client.get(f'/api/left/{image.pk}/{endpoint}')
        assert 'missing' in detail(response, 422)


@pytest.mark.django_db
def test_the_same_raster_is_shown_where_it_may_be(client: Client, media_root: Path) -> None:
    media_root.mkdir()
    hostile.secret(media_root)
    image = ImageFile.objects.create(name='hostile', file='secret.tif')
    assert client.get(f'/api/left/{image.pk}/{TILE}').status_code == 200
