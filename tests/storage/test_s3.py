"""Images in S3 and in MinIO, over HTTP: what is served, asked for and kept secret."""

from __future__ import annotations

import datetime
import logging
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore
import minio
import numpy as np
import pytest
from botocore.config import Config
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import models
from django.test import Client
from django.urls import include, path
from minio.credentials.providers import Provider
from minio_storage.storage import MinioStorage
from osgeo import gdal
from rest_framework import viewsets
from rest_framework.routers import SimpleRouter
from s3_file_field.fields import S3FileField
from storages.backends.s3 import S3Storage

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.rest import LargeImageFileDetailMixin, LargeImageVSIFileDetailMixin
from django_large_image.sources.opening import close_sources, open_source, reader_of
from django_large_image.sources.reference import ImageReference
from django_large_image.storage import boto
from django_large_image.storage import minio as minio_buckets
from django_large_image.storage.fields import field_file_reference
from django_large_image.storage.versions import _versions
from tests import factories
from tests.servers.door import Request
from tests.servers.s3 import ROOT, Key, S3Server
from tests.testapp.models import ImageFile

MAP = {'epsg': 3857, 'bounds': (0, 0, 1_000_000, 1_000_000)}
# What must never be seen outside.
SECRETS = ('root-secret', 'ROOTKEY', 'lent-secret', 'LENTKEY', 'lent-token')


class Streamed(LargeImageVSIFileDetailMixin, viewsets.GenericViewSet):
    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class Plain(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


router = SimpleRouter(trailing_slash=False)
router.register('streamed', Streamed, basename='streamed')
router.register('plain', Plain, basename='plain')
urlpatterns = [path('', include(router.urls))]


def launch() -> S3Server:
    server = S3Server()
    server.start()
    server.client().create_bucket(Bucket='images')
    return server


@pytest.fixture(scope='module')
def server() -> Iterator[S3Server]:
    server = launch()
    yield server
    server.stop()


@pytest.fixture(scope='module')
def cog(tmp_path_factory: Any) -> Path:
    """Noise in 16 blocks of 512 pixels, with overviews: 1.5 MB."""
    data = np.random.default_rng(1).integers(0, 255, (1, 2048, 2048), dtype='uint8')
    options = {'BLOCKSIZE': 512, 'COMPRESS': 'DEFLATE'}
    path = tmp_path_factory.mktemp('cog') / 'noise.tif'
    return factories.raster(path, data, driver='COG', options=options, **MAP)


@pytest.fixture(autouse=True)
def fresh(settings: Any) -> Iterator[None]:
    """Nothing is remembered of another test, and versions are asked for at each request."""
    settings.ROOT_URLCONF = __name__
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 0, 'REMOTE_TIMEOUT': 1}
    cache.clear()
    close_sources()
    _versions.reset()
    yield
    close_sources()


def storage_of(server: S3Server, **options: Any) -> S3Storage:
    known = {'bucket_name': 'images', 'endpoint_url': server.url, 'file_overwrite': True}
    return S3Storage(**{**known, 'access_key': ROOT[0], 'secret_key': ROOT[1], **options})


def minio_of(server: S3Server, access: str = ROOT[0], secret: str = ROOT[1]) -> MinioStorage:
    client = minio.Minio(server.host, access, secret, secure=False, region='us-east-1')
    return MinioStorage(client, 'images', assume_bucket_exists=True, presign_urls=True)


def image_in(storage: Any, content: bytes | Path | None, name: str = 'image.tif') -> ImageFile:
    """A row whose file lies in a storage; without content it is there already."""
    image = ImageFile(name='image')
    image.file.storage = storage
    image.file.name = name
    if content is not None:
        data = content.read_bytes() if isinstance(content, Path) else content
        image.file.name = storage.save(name, ContentFile(data))
    return image


def tile(reference: ImageReference, z: int = 3, x: int = 0, y: int = 0) -> np.ndarray:
    return open_source(reference).read_tile(z, x, y).data


def flat(value: int, size: int = 512) -> np.ndarray:
    return np.full((1, size, size), value, 'uint8')


# Found by their names.


@pytest.mark.parametrize('make', [storage_of, minio_of])
@pytest.mark.parametrize(
    'name',
    [
        'a b/plus+percent%41%2F.tif',
        'ünï/\N{CAMERA}#&?=.tif',
        'quotes\'"<>,;:@!$().tif',
        'no-suffix',
    ],
)
def test_names(server: S3Server, cog: Path, make: Any, name: str) -> None:
    image = image_in(make(server), None, name)
    server.client().put_object(Bucket='images', Key=name, Body=cog.read_bytes())
    reference = field_file_reference(image.file)
    assert reference.name == name.rsplit('/', 1)[-1]
    assert reference.path.startswith('/vsiranges/')
    assert reference.path.endswith(f'/images/{name}')
    np.testing.assert_array_equal(tile(reference), tile(ImageReference(str(cog), 'local')))


@pytest.mark.parametrize('name', ['../outside.tif', '../../etc/passwd', 'a\0b.tif', '/', '.'])
@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_names_that_lead_out(server: S3Server, make: Any, name: str) -> None:
    options = {'location': 'inside'} if make is storage_of else {}
    with server.counting() as asked, pytest.raises(UnreadableError, match='missing'):
        field_file_reference(image_in(make(server, **options), None, name).file)
    assert asked == []


def test_names_are_made_plain_as_the_storage_does(server: S3Server, cog: Path) -> None:
    storage = storage_of(server, location='top/dir/')
    image = image_in(storage, cog, 'plain.tif')
    image.file.name = 'x/../plain.tif'
    assert field_file_reference(image.file).path.endswith('/images/top/dir/plain.tif')


def test_s3_file_field(server: S3Server, cog: Path) -> None:
    class Upload(models.Model):
        blob = S3FileField(storage=storage_of(server))

        class Meta:
            app_label = 'testapp'

        def __str__(self) -> str:
            return 'upload'

    image = Upload()
    image.blob.save('a.tif', ContentFile(cog.read_bytes()), save=False)
    assert tile(field_file_reference(image.blob)).shape == (256, 256, 1)


def test_virtual_hosts(server: S3Server, cog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not every machine knows the names below `localhost`.
    asked = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        'getaddrinfo',
        lambda host, *rest, **more: asked(
            '127.0.0.1' if str(host).endswith('.localhost') else host, *rest, **more
        ),
    )
    endpoint = server.url.replace('127.0.0.1', 'localhost')
    image_in(storage_of(server), cog, 'virtual.tif')
    storage = storage_of(server, endpoint_url=endpoint, addressing_style='virtual')
    reference = field_file_reference(image_in(storage, None, 'virtual.tif').file)
    with server.counting() as asked_for:
        assert tile(reference).shape == (256, 256, 1)
    assert {request.path for request in asked_for} == {'/images/virtual.tif'}


@pytest.mark.django_db
def test_without_streaming(server: S3Server, settings: Any, cog: Path, tmp_path: Path) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'copies')}
    image = image_in(storage_of(server), cog, 'copied.tif')
    reference = field_file_reference(image.file, stream=False)
    assert not reference.path.startswith('/vsi')
    np.testing.assert_array_equal(tile(reference), tile(field_file_reference(image.file)))


# What is asked for.


def gets(asked: list[Request]) -> list[tuple[int, int]]:
    """Return the ranges of the GETs, each of which is conditional and gave a part."""
    found = [request for request in asked if request.method == 'GET']
    assert all(request.range and request.condition for request in found)
    assert {request.status for request in found} <= {206}
    return [request.range or (0, 0) for request in found]


def blocks(cog: Path, overview: int, columns: range, rows: range) -> list[tuple[int, int]]:
    """Return the first and the last byte of blocks of an overview, -1 for the image."""
    dataset = gdal.Open(str(cog))
    band = dataset.GetRasterBand(1)
    band = band if overview < 0 else band.GetOverview(overview)
    found = []
    for y in rows:
        for x in columns:
            offset = int(band.GetMetadataItem(f'BLOCK_OFFSET_{x}_{y}', 'TIFF'))
            length = int(band.GetMetadataItem(f'BLOCK_SIZE_{x}_{y}', 'TIFF'))
            found.append((offset, offset + length - 1))
    return found


def hold(ranges: list[tuple[int, int]], wanted: list[tuple[int, int]]) -> bool:
    """Whether ranges are blocks, in their order, and the few bytes that stand between them."""
    assert len(ranges) == len(wanted)
    return all(
        first - 16 <= got[0] <= first and last <= got[1] <= last + 16
        for got, (first, last) in zip(ranges, wanted, strict=True)
    )


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_a_cold_tile(server: S3Server, cog: Path, make: Any) -> None:
    image = image_in(make(server), cog, 'cold.tif')
    with server.counting() as asked:
        tile(field_file_reference(image.file))
    assert [request.method for request in asked] == ['HEAD', 'GET', 'GET']
    header, part = gets(asked)
    assert header == (0, 16383)
    assert hold([part], blocks(cog, -1, range(1), range(1)))
    with server.counting() as asked:
        # In the same blocks.
        tile(field_file_reference(image.file), 3, 1, 1)
    assert [request.method for request in asked] == ['HEAD']
    with server.counting() as asked:
        tile(field_file_reference(image.file), 3, 2, 0)
    assert [request.method for request in asked] == ['HEAD', 'GET']
    assert hold(gets(asked), blocks(cog, -1, range(1, 2), range(1)))


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_a_window_takes_a_request_for_each_row_of_blocks(
    server: S3Server, cog: Path, make: Any
) -> None:
    image = image_in(make(server), cog, 'rows.tif')
    reader = reader_of(open_source(field_file_reference(image.file)))
    with server.counting() as asked:
        reader.read_window((100, 600, 1500, 2000), (1400, 1400))
    wanted = blocks(cog, -1, range(3), range(1, 4))
    size = sum(last + 1 - first for first, last in wanted)
    ranges = gets(asked)
    assert len(ranges) == 3
    assert [request.method for request in asked] == ['GET'] * 3
    got = sum(last + 1 - first for first, last in ranges)
    assert size <= got
    assert got + 16384 <= 1.3 * size
    with server.counting() as asked:
        reader.read_window((100, 100, 1500, 600), (1400, 500))
    # The second row of blocks is there.
    assert len(gets(asked)) == 1


def test_versions_are_remembered(server: S3Server, cog: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 3600}
    image = image_in(storage_of(server), cog, 'remembered.tif')
    with server.counting() as asked:
        for _ in range(5):
            tile(field_file_reference(image.file))
    assert [request.method for request in asked] == ['HEAD', 'GET', 'GET']


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_fifty_clients(server: S3Server, cog: Path, settings: Any, make: Any) -> None:
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 3600, 'REMOTE_TIMEOUT': 30}
    image = image_in(make(server), cog, 'fifty.tif')
    local = ImageReference(str(cog), 'fifty')
    wanted = [tile(local, 3, x, y) for x in range(4) for y in range(4)]
    barrier = threading.Barrier(50)

    def visit(number: int) -> bool:
        barrier.wait()
        x, y = divmod(number % 16, 4)
        return np.array_equal(tile(field_file_reference(image.file), 3, x, y), wanted[number % 16])

    with server.counting() as asked, ThreadPoolExecutor(50) as pool:
        assert all(pool.map(visit, range(50)))
    assert [request.method for request in asked].count('HEAD') == 1
    header, *ranges = sorted(gets(asked))
    assert header == (0, 16383)
    assert hold(ranges, sorted(blocks(cog, -1, range(2), range(2))))


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_a_small_object_is_asked_for_no_byte_more(
    server: S3Server, make_raster: Any, make: Any
) -> None:
    content = make_raster(flat(7, 32)).read_bytes()
    image = image_in(make(server), content, 'small.tif')
    with server.counting() as asked:
        assert 7 in tile(field_file_reference(image.file), 0)
    assert gets(asked) == [(0, len(content) - 1)]
    empty = image_in(make(server), b'', 'empty.tif')
    with server.counting() as asked, pytest.raises(UnreadableError):
        open_source(field_file_reference(empty.file))
    assert [request.method for request in asked] == ['HEAD']


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_a_huge_object_costs_as_much_as_a_small_one(
    server: S3Server, tmp_path: Path, make: Any
) -> None:
    counts = []
    noise = np.random.default_rng(3).integers(0, 255, (512, 512), 'uint8')
    for side in (2048, 32768):
        path = tmp_path / f'{side}.tif'
        options = ['TILED=YES', 'BLOCKXSIZE=512', 'BLOCKYSIZE=512']
        dataset = gdal.GetDriverByName('GTiff').Create(str(path), side, side, 1, options=options)
        dataset.GetRasterBand(1).WriteArray(noise)
        dataset = None
        # Sparse: the disk holds hardly a block of it.
        os.truncate(path, max(path.stat().st_size, side * side))
        server.files[f'/images/{side}.tif'] = path
        image = image_in(make(server), None, f'{side}.tif')
        before = resident()
        with server.counting() as asked:
            reader = reader_of(open_source(field_file_reference(image.file)))
            data = np.asarray(reader.read_window((0, 0, 512, 512), (512, 512)).data)[..., 0]
        assert np.array_equal(data, noise)
        counts.append((gets(asked), resident() - before))
    assert path.stat().st_size >= 1024**3
    (small, _), (huge, grown) = counts
    assert len(small) == len(huge) == 2
    got = [sum(last + 1 - first for first, last in ranges) for ranges in (small, huge)]
    # The table of blocks is larger.
    assert got[0] <= 16384 + 512 * 512
    assert got[1] <= 256 * 1024 + 512 * 512
    assert grown < 32 * 1024**2


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGESIZE')


# Storages beside each other.


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_the_same_name_in_two_stores(server: S3Server, make_raster: Any, make: Any) -> None:
    # moto keeps one set of buckets in a process, so the other store has a bucket for itself.
    other = launch()
    other.keys = {'OTHERKEY': Key('other-secret')}
    try:
        ours = image_in(make(server), make_raster(flat(10)), 'same.tif')
        access = {'access_key': 'OTHERKEY', 'secret_key': 'other-secret'}
        if make is minio_of:
            access = {'access': 'OTHERKEY', 'secret': 'other-secret'}
        theirs = image_in(make(other, **access), None, 'same.tif')
        with other.counting() as asked:
            pairs = [
                (
                    tile(field_file_reference(ours.file), 1),
                    tile(field_file_reference(theirs.file), 1),
                )
                for _ in range(3)
            ]
    finally:
        other.stop()
    assert {request.signed_by for request in asked} == {'OTHERKEY'}
    assert all(np.array_equal(one, two) for one, two in pairs)


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_the_same_name_for_two_tenants(server: S3Server, make_raster: Any, make: Any) -> None:
    """One store, bucket, key, time and length: who asks makes the difference."""
    server.keys['TENANT'] = Key('tenant-secret')
    server.tenants['TENANT'] = 'their-'
    server.client().create_bucket(Bucket='their-images')
    named = ('access', 'secret') if make is minio_of else ('access_key', 'secret_key')
    theirs = make(server, **dict(zip(named, ('TENANT', 'tenant-secret'), strict=True)))
    tiled = {'TILED': 'YES', 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
    images = {}
    for storage, bucket, value in ((make(server), 'images', 10), (theirs, 'their-images', 200)):
        content = make_raster(flat(value), options=tiled).read_bytes()
        server.client().put_object(Bucket=bucket, Key='tenants.tif', Body=content)
        images[value] = image_in(storage, None, 'tenants.tif')
    references = {value: field_file_reference(image.file) for value, image in images.items()}
    assert references[10].path != references[200].path
    with ThreadPoolExecutor(8) as pool:
        for value, seen in pool.map(
            lambda value: (value, set(np.unique(tile(references[value], 1)))), [10, 200] * 20
        ):
            assert seen == {value}


def test_two_credentials_at_one_store(server: S3Server, cog: Path) -> None:
    allowed = image_in(storage_of(server), cog, 'shared.tif')
    denied = image_in(storage_of(server, access_key='NOBODY'), None, 'shared.tif')
    for _ in range(2):
        assert tile(field_file_reference(allowed.file)).any()
        with pytest.raises(UnreadableError):
            field_file_reference(denied.file)


def test_the_environment_has_no_say(
    server: S3Server, cog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'):
        monkeypatch.setenv(name, 'of the process')
    monkeypatch.setenv('AWS_S3_ENDPOINT', '127.0.0.1:1')
    monkeypatch.setenv('AWS_NO_SIGN_REQUEST', 'YES')
    storage = storage_of(server, security_token=None)
    storage.security_token = None
    with server.counting() as asked:
        tile(field_file_reference(image_in(storage, cog, 'environment.tif').file))
    assert {request.signed_by for request in asked} == {ROOT[0]}


# Credentials.


def test_a_session_token(server: S3Server, cog: Path) -> None:
    server.keys['LENTKEY'] = Key('lent-secret', 'lent-token')
    image_in(storage_of(server), cog, 'session.tif')
    access = {'access_key': 'LENTKEY', 'secret_key': 'lent-secret'}
    storage = storage_of(server, **access, security_token='lent-token')
    with server.counting() as asked:
        assert tile(field_file_reference(image_in(storage, None, 'session.tif').file)).any()
    assert {request.signed_by for request in asked} == {'LENTKEY'}
    server.keys['LENTKEY'].expired = True
    with pytest.raises(UnreadableError):
        field_file_reference(image_in(storage, None, 'session.tif').file)
    # The row's file is found as soon as the storage has other credentials.
    storage.access_key, storage.secret_key, storage.security_token = *ROOT, None
    assert field_file_reference(image_in(storage, None, 'session.tif').file).version


def test_the_role_of_an_instance(
    server: S3Server, cog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lent credentials that run out soon: new ones are used for what is open, too."""
    image_in(storage_of(server), cog, 'role.tif')
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('AWS_CONTAINER_CREDENTIALS_FULL_URI', f'{server.url}/credentials')
    monkeypatch.setenv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
    monkeypatch.setenv('AWS_CONFIG_FILE', '/dev/null')
    _lend(server, 'LENT1')
    storage = storage_of(server, access_key=None, secret_key=None)
    image = image_in(storage, None, 'role.tif')
    before = field_file_reference(image.file)
    source = open_source(before)
    source.read_tile(3, 0, 0)
    _lend(server, 'LENT2')
    server.keys['LENT1'].expired = True
    with server.counting() as asked:
        # What is open goes on.
        source.read_tile(3, 4, 0)
    assert {request.signed_by for request in asked if request.range} == {'LENT2'}
    after = field_file_reference(image.file)
    assert (after, after.version) == (before, before.version)
    assert hash(after) == hash(before)
    with server.counting() as asked:
        assert open_source(after) is source
        source.read_tile(3, 7, 7)
    assert {request.signed_by for request in asked if request.range} == {'LENT2'}
    assert {request.status for request in asked if request.range} == {206}


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_credentials_that_expire_while_an_image_is_open(
    server: S3Server, cog: Path, make: Any
) -> None:
    image = image_in(make(server), cog, 'expired.tif')
    source = open_source(field_file_reference(image.file))
    source.read_tile(3, 0, 0)
    server.keys[ROOT[0]].expired = True
    try:
        for _ in range(2):
            with pytest.raises(UnreadableError):
                source.read_tile(3, 7, 7)
        with pytest.raises(UnreadableError):
            field_file_reference(image.file)
    finally:
        server.keys[ROOT[0]].expired = False
    assert open_source(field_file_reference(image.file)) is source
    np.testing.assert_array_equal(
        source.read_tile(3, 7, 7).data, tile(ImageReference(str(cog), 'local'), 3, 7, 7)
    )


def test_who_asks_is_told_by_keys_not_by_objects(server: S3Server) -> None:
    def who(**options: Any) -> str:
        return boto.bucket(storage_of(server, **options)).label

    assert who() == who()
    unsigned = Config(signature_version=botocore.UNSIGNED)
    others = [
        *(who(access_key='OTHER'), who(secret_key='other'), who(security_token='other')),
        *(who(bucket_name='others'), who(endpoint_url='http://127.0.0.1:1')),
        who(access_key=None, secret_key=None, client_config=unsigned),
    ]
    assert len({who(), *others}) == 1 + len(others)


class Lender(Provider):
    """Lends MinIO's client a new key each time."""

    def __init__(self, role: str) -> None:
        self._role, self._count = role, 0

    def retrieve(self) -> minio.credentials.Credentials:
        self._count += 1
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        return minio.credentials.Credentials(f'LENT{self._count}', 'lent-secret', expiration=end)


def test_and_with_minio(server: S3Server) -> None:
    def who(credentials: Provider | None, bucket: str = 'images') -> str:
        client = minio.Minio(server.host, secure=False, credentials=credentials)
        storage = MinioStorage(client, bucket, assume_bucket_exists=True)
        return minio_buckets.bucket(storage).label

    fixed = [minio.credentials.StaticProvider(*keys) for keys in (('a', 'b'), ('a', 'c'))]
    assert who(fixed[0]) == who(minio.credentials.StaticProvider('a', 'b'))
    lender = Lender('one')
    assert who(lender) == who(lender) == who(Lender('one'))
    labels = [*map(who, fixed), who(lender), who(Lender('two')), who(None), who(None, 'others')]
    assert len(set(labels)) == len(labels)


def _lend(server: S3Server, access: str) -> None:
    server.keys[access] = Key('lent-secret', 'lent-token')
    # So soon that they are renewed at the next use.
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=2)
    server.credentials = {
        'AccessKeyId': access,
        'SecretAccessKey': 'lent-secret',
        'Token': 'lent-token',
        'Expiration': end.isoformat(),
    }


@pytest.mark.parametrize('how', ['none are found', 'none are wanted'])
def test_a_public_bucket(
    server: S3Server, cog: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    image_in(storage_of(server), cog, 'public.tif')
    for name in (
        'AWS_ACCESS_KEY_ID',
        'AWS_SECRET_ACCESS_KEY',
        'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('AWS_EC2_METADATA_DISABLED', 'true')
    options: dict[str, Any] = {'access_key': None, 'secret_key': None}
    if how == 'none are wanted':
        from botocore import UNSIGNED

        options = {'client_config': Config(signature_version=UNSIGNED)}
    image = image_in(storage_of(server, **options), None, 'public.tif')
    with pytest.raises(UnreadableError):
        field_file_reference(image.file)
    server.public.add('images')
    server.client().put_object_acl(Bucket='images', Key='public.tif', ACL='public-read')
    try:
        with server.counting() as asked:
            assert tile(field_file_reference(image.file)).any()
    finally:
        server.public.clear()
    assert {request.signed_by for request in asked} == {''}


@pytest.mark.django_db
@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_nothing_is_given_away(
    server: S3Server, cog: Path, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, 'django_large_image')
    caplog.set_level(logging.INFO)
    image = image_in(make(server), cog, 'quiet.tif')
    reference = field_file_reference(image.file)
    source = open_source(reference)
    said = [repr(reference), str(reference), repr(reference.identity), repr(source)]
    missing = image_in(make(server), None, 'none.tif')
    with pytest.raises(UnreadableError) as refused:
        field_file_reference(missing.file)
    said += [str(refused.value), repr(refused.value)]
    with server.answering(500), pytest.raises(BusyError) as busy:
        field_file_reference(image.file)
    said += [str(busy.value), repr(busy.value), caplog.text]
    found = [(secret, text) for secret in SECRETS for text in said if secret in text]
    assert found == []
    for word in ('images', 'none.tif', '127.0.0.1'):
        assert word not in str(refused.value) + str(busy.value)


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_presigned_addresses_are_no_names(server: S3Server, cog: Path, make: Any) -> None:
    image = image_in(make(server), cog, 'signed.tif')
    assert 'Signature' in image.file.url
    reference = field_file_reference(image.file)
    assert 'Signature' not in repr(reference) + repr(reference.identity) + repr(reference.options)
    assert reference == field_file_reference(image.file)


# Replaced.


@pytest.mark.django_db
def test_a_replaced_object(
    server: S3Server, settings: Any, client: Client, make_raster: Any
) -> None:
    options = {'bucket_name': 'images', 'endpoint_url': server.url, 'file_overwrite': True}
    settings.STORAGES = {
        **settings.STORAGES,
        'default': {
            'BACKEND': 'storages.backends.s3.S3Storage',
            'OPTIONS': {**options, 'access_key': ROOT[0], 'secret_key': ROOT[1]},
        },
    }
    image = ImageFile(name='replaced')
    image.file.save('replaced.tif', ContentFile(make_raster(flat(10)).read_bytes()))
    seen = []
    for value in (10, 200, 10, 90):
        content = make_raster(flat(value)).read_bytes()
        server.client().put_object(Bucket='images', Key=image.file.name, Body=content)
        answer = client.get(f'/streamed/{image.pk}/tiles/1/1/1.npy')
        samples = np.unique(np.frombuffer(answer.content[128:], 'uint8'))
        seen.append((answer['ETag'], value in samples, len(samples)))
        again = client.get(
            f'/streamed/{image.pk}/tiles/1/1/1.npy', headers={'If-None-Match': answer['ETag']}
        )
        assert again.status_code == 304
    etags, right, _ = zip(*seen, strict=True)
    assert all(right)
    assert (len(set(etags)), etags[0]) == (3, etags[2])


def test_bytes_of_two_versions_are_never_mixed(server: S3Server, make_raster: Any) -> None:
    """Whoever still reads the old version gets it, or nothing."""
    tiled = {'TILED': 'YES', 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
    old, new = (make_raster(flat(value, 2048), options=tiled).read_bytes() for value in (10, 200))
    image = image_in(storage_of(server), old, 'mixed.tif')
    before = field_file_reference(image.file)
    source = open_source(before)
    assert set(np.unique(source.read_tile(3, 0, 0).data)) == {10}
    server.client().put_object(Bucket='images', Key='mixed.tif', Body=new)
    with pytest.raises((UnreadableError, BusyError)):
        source.read_tile(3, 6, 6)
    after = field_file_reference(image.file)
    assert after.version != before.version
    assert after.path == before.path
    assert set(np.unique(open_source(after).read_tile(3, 0, 0).data)) == {200}


class Replacing:
    """Puts another object in place when a number of parts was asked for: what was sent before is
    of the old one.
    """

    def __init__(self, server: S3Server, key: str, content: bytes, parts: int) -> None:
        self.server, self.key, self.content, self.left = server, key, content, parts

    def __call__(self, method: str, path: str) -> None:
        self.left -= method == 'GET'
        if self.left == 0 and method == 'GET':
            # Its own request is a PUT.
            self.server.client().put_object(Bucket='images', Key=self.key, Body=self.content)


@pytest.mark.parametrize('make', [storage_of, minio_of])
@pytest.mark.parametrize('versioned', [False, True])
@pytest.mark.parametrize('parts', [1, 2, 3, 4])
def test_replaced_between_two_parts_of_a_window(
    server: S3Server, make_raster: Any, settings: Any, make: Any, versioned: bool, parts: int
) -> None:
    # The server puts the other object in place before it answers.
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 20}
    tiled = {'TILED': 'YES', 'BLOCKXSIZE': 512, 'BLOCKYSIZE': 512}
    old, new = (make_raster(flat(value, 2048), options=tiled).read_bytes() for value in (10, 200))
    key = f'race-{make.__name__}-{versioned}-{parts}.tif'
    status = {'Status': 'Enabled' if versioned else 'Suspended'}
    server.client().put_bucket_versioning(Bucket='images', VersioningConfiguration=status)
    image = image_in(make(server), old, key)
    before = field_file_reference(image.file)
    former, server.fault = server.fault, Replacing(server, key, new, parts)
    seen = set()
    try:
        reader = reader_of(open_source(before))
        seen = set(np.unique(reader.read_window((0, 0, 1024, 1536), (1024, 1536)).data))
    except BusyError as error:
        assert 'replaced' in str(error)  # noqa: PT017 - or nothing is raised
    finally:
        server.fault = former
        status = {'Status': 'Suspended'}
        server.client().put_bucket_versioning(Bucket='images', VersioningConfiguration=status)
    # A store that keeps versions sends the rest of the one that was asked for.
    assert seen == ({10} if versioned else set())
    after = field_file_reference(image.file)
    assert after.version != before.version
    assert set(np.unique(tile(after, 3, 0, 0))) == {200}


# Faults.


@pytest.mark.parametrize('make', [storage_of, minio_of])
@pytest.mark.parametrize(
    ('status', 'error'),
    [(403, UnreadableError), (404, UnreadableError), (429, BusyError), (500, BusyError)],
)
def test_what_a_store_answers(
    server: S3Server, cog: Path, make: Any, status: int, error: type[Exception]
) -> None:
    image = image_in(make(server), cog, 'faults.tif')
    other = image_in(storage_of(server), cog, 'other.tif')
    known = field_file_reference(other.file)
    with server.answering(status), pytest.raises(error):
        field_file_reference(image.file)
    assert tile(field_file_reference(image.file)).any()
    assert field_file_reference(other.file).version == known.version


@pytest.mark.parametrize('make', [storage_of, minio_of])
def test_a_store_that_is_down(cog: Path, make: Any) -> None:
    server = launch()
    image = image_in(make(server), cog, 'down.tif')
    server.stop()
    with pytest.raises(BusyError):
        field_file_reference(image.file)


@pytest.mark.django_db
@pytest.mark.parametrize(('status', 'answer'), [(404, 422), (403, 422), (500, 503)])
def test_a_store_that_fails_while_it_is_read(
    server: S3Server, settings: Any, client: Client, cog: Path, status: int, answer: int
) -> None:
    url = _kept(server, settings, cog, f'failing-{status}.tif') + '7/7.png'
    with server.answering(status, 'GET'):
        response = client.get(url)
    assert (response.status_code, response['Content-Type']) == (answer, 'application/json')
    assert response.get('ETag') is None
    assert client.get(url).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize('known', [False, True])
@pytest.mark.parametrize('fault', ['stalling', 'cutting'])
def test_a_store_that_stalls_or_hangs_up(
    server: S3Server, settings: Any, client: Client, cog: Path, known: bool, fault: str
) -> None:
    tiles = _kept(server, settings, cog, f'{fault}-{known}.tif')
    if known:
        assert client.get(f'{tiles}0/0.png').status_code == 200
    url = f'{tiles}7/7.png'
    with getattr(server, fault)():
        response = client.get(url)
    assert response.status_code == 503, response.content
    assert response['Retry-After']
    assert client.get(url).status_code == 200


def _kept(server: S3Server, settings: Any, cog: Path, name: str) -> str:
    """Store an image in the default storage, and return where tiles of its largest level are."""
    settings.STORAGES = _default(server)
    image = ImageFile(name=name)
    image.file.save(name, ContentFile(cog.read_bytes()))
    return f'/streamed/{image.pk}/tiles/3/'


def _default(server: S3Server) -> dict[str, Any]:
    options = {
        'bucket_name': 'images',
        'endpoint_url': server.url,
        'access_key': ROOT[0],
        'secret_key': ROOT[1],
    }
    return {
        'default': {'BACKEND': 'storages.backends.s3.S3Storage', 'OPTIONS': options},
        'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'},
    }
