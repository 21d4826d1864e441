"""Images at `gs://` and `az://`: streamed by ranges of one version, with the process's access."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.opening import close_sources, open_source, reader_of
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.paths import path_reference
from django_large_image.storage.urls import url_reference
from tests import factories
from tests.servers.azure import SECRET, AzureServer
from tests.servers.gcs import GCSServer
from tests.servers.s3 import ROOT

SIZE, BLOCK = 1024, 256
KEY = 'dir/an image.tif'


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (1, SIZE, SIZE), 'uint8')


@pytest.fixture(scope='module')
def versions(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two images with pixels of `noise`, of one length."""
    folder = tmp_path_factory.mktemp('clouds')
    options = {'COMPRESS': 'NONE', 'BLOCKSIZE': BLOCK}
    paths = [
        factories.raster(folder / f'{seed}.tif', noise(seed), driver='COG', options=options)
        for seed in range(2)
    ]
    return [path.read_bytes() for path in paths]


@dataclass
class Cloud:
    """A store, and how URLs and GDAL name what lies in its bucket."""

    server: GCSServer | AzureServer
    scheme: str
    prefix: str

    def put(self, content: bytes, key: str = KEY) -> str:
        """Store an image, and return its URL."""
        self.server.put('scenes', key, content)
        return f'{self.scheme}://scenes/{key}'.replace(' ', '%20')


@pytest.fixture(params=['gs', 'az'])
def cloud(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    """A store whose access is in the environment."""
    name, prefix = {'gs': ('gcs', '/vsigs/'), 'az': ('azure', '/vsiaz/')}[request.param]
    server = request.getfixturevalue(name)
    for variable, value in server.environment.items():
        monkeypatch.setenv(variable, value)
    settings.LARGE_IMAGE = {
        'URL_PREFIXES': [f'{request.param}://scenes/dir/'],
        'VERSION_MAX_AGE': 0,
        'REMOTE_TIMEOUT': 1,
    }
    yield Cloud(server, request.param, prefix)
    close_sources()


def read(reference: ImageReference, left: int, top: int) -> np.ndarray:
    """Return the pixels of one block, (row, column)."""
    reader = reader_of(open_source(reference))
    box = (left, top, left + BLOCK, top + BLOCK)
    return np.asarray(reader.read_window(box, (BLOCK, BLOCK)).data)[..., 0]


def block(seed: int, left: int, top: int) -> np.ndarray:
    return noise(seed)[0, top : top + BLOCK, left : left + BLOCK]


def test_an_image_is_streamed_by_ranges(cloud: Cloud, versions: list[bytes]) -> None:
    url = cloud.put(versions[0])
    reference = url_reference(url)
    assert (reference.path, reference.name) == (f'{cloud.prefix}scenes/{KEY}', 'an image.tif')
    assert url_reference(url) == reference == path_reference(reference.path)
    with cloud.server.counting() as asked:
        np.testing.assert_array_equal(read(reference, 256, 512), block(0, 256, 512))
    assert all(one.range and one.status == 206 for one in asked if one.method == 'GET')
    assert len(asked) <= 3
    assert sum(one.range[1] + 1 - one.range[0] for one in asked if one.range) < 3 * BLOCK**2
    with cloud.server.counting() as asked:
        read(reference, 256, 512)
    assert asked == []


def test_a_replaced_image_is_another_version(cloud: Cloud, versions: list[bytes]) -> None:
    seen = []
    for seed in (0, 1, 0):
        reference = url_reference(cloud.put(versions[seed]))
        np.testing.assert_array_equal(read(reference, 512, 256), block(seed, 512, 256))
        seen.append(reference.version)
    assert '' not in seen
    assert seen[0] != seen[1] != seen[2]


def test_bytes_of_two_versions_never_meet(cloud: Cloud, versions: list[bytes]) -> None:
    reference = url_reference(cloud.put(versions[0]))
    read(reference, 0, 0)
    cloud.put(versions[1])
    with pytest.raises((BusyError, UnreadableError)):
        read(reference, 768, 768)
    after = url_reference(f'{cloud.scheme}://scenes/dir/an%20image.tif')
    np.testing.assert_array_equal(read(after, 768, 768), block(1, 768, 768))


@pytest.mark.parametrize(
    'place',
    ['scenes/other/a.tif', 'others/dir/a.tif', 'scenes/dir/../a.tif', 'scenes/dir/%2e%2e/a'],
)
def test_other_places_are_refused_and_nothing_is_asked(cloud: Cloud, place: str) -> None:
    with cloud.server.counting() as asked:
        for name in (f'{cloud.scheme}://{place}', f'{cloud.prefix}{place}'):
            with pytest.raises(UnreadableError, match=r'not (allowed|valid)'):
                path_reference(name)
    assert asked == []


def test_an_image_that_is_not_there(cloud: Cloud) -> None:
    with pytest.raises(UnreadableError, match='does not give it out'):
        url_reference(f'{cloud.scheme}://scenes/dir/none.tif')


def test_no_credentials_are_told(
    cloud: Cloud, versions: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    reference = url_reference(cloud.put(versions[0]))
    cloud.put(b'no image', 'dir/none.tif')
    caplog.set_level(logging.DEBUG)
    source = open_source(reference)
    told = [repr(reference), str(reference), repr(reference.identity), repr(source)]
    for fault in (cloud.server.answering(500), cloud.server.answering(403)):
        with fault, pytest.raises((BusyError, UnreadableError)) as raised:
            url_reference(f'{cloud.scheme}://scenes/dir/an%20image.tif')
        told += [str(raised.value), repr(raised.value)]
    with pytest.raises(UnreadableError) as raised:
        open_source(url_reference(f'{cloud.scheme}://scenes/dir/none.tif'))
    told += [str(raised.value), repr(raised.value), caplog.text]
    secrets = (*ROOT, SECRET, cloud.server.host)
    assert [one for one in secrets for text in told if one in text] == []


def test_a_signature_for_the_whole_container(
    azure: AzureServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    versions: list[bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Azure's shared access signatures are for a time: what GDAL was told of them is not shown."""
    caplog.set_level(logging.DEBUG)
    settings.LARGE_IMAGE = {'URL_PREFIXES': ['az://signed/'], 'VERSION_MAX_AGE': 0}
    azure.put('signed', 'a.tif', versions[0])
    for seconds in (60, -60, 60):
        for name, value in azure.lent(seconds).items():
            monkeypatch.setenv(name, value)
        close_sources()
        if seconds > 0:
            reference = url_reference('az://signed/a.tif')
            np.testing.assert_array_equal(read(reference, 0, 0), block(0, 0, 0))
        else:
            with pytest.raises(UnreadableError):
                url_reference('az://signed/a.tif')
    assert 'sig=' not in caplog.text


@pytest.mark.parametrize('by_hand', [False, True])
@pytest.mark.parametrize(('driver', 'suffix'), [('JP2OpenJPEG', 'jp2'), ('PNM', 'ppm')])
def test_nothing_is_asked_for_beside_an_image(
    cloud: Cloud, tmp_path: Path, driver: str, suffix: str, by_hand: bool
) -> None:
    """Those drivers look for overviews, masks and metadata whatever they are told."""
    data = factories.gradient(64, 64)
    content = factories.raster(tmp_path / f'a.{suffix}', data, driver=driver).read_bytes()
    key = f'dir/{by_hand}.{suffix}'
    cloud.put(b'<VRTDataset rasterXSize="32" rasterYSize="32"/>', f'{key}.ovr')
    url = cloud.put(content, key)
    with cloud.server.counting() as asked:
        reference = url_reference(url)
        if by_hand:
            reference = ImageReference(reference.path, 'by hand')
        reader = reader_of(open_source(reference))
        assert reader.read_window((0, 0, 64, 64), (64, 64)).data.any()
    assert {one.path.rsplit('/', 1)[-1] for one in asked} == {f'{by_hand}.{suffix}'}
