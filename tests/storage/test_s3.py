"""Images in S3 and in MinIO, over HTTP: what is served, asked for and kept secret."""

from __future__ import annotations

import datetime
import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import minio
import numpy as np
import pytest
from botocore.config import Config
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.test import Client
from django.urls import include, path
from minio_storage.storage import MinioStorage
from rest_framework import viewsets
from rest_framework.routers import SimpleRouter
from s3_file_field.fields import S3FileField
from storages.backends.s3 import S3Storage

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.rest import LargeImageFileDetailMixin, LargeImageVSIFileDetailMixin
from django_large_image.sources.opening import close_sources, open_source
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.fields import field_file_reference
from django_large_image.storage.versions import _versions
from tests import factories
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


# Served as a local file is.

ENDPOINTS = [
    'info/metadata',
    'info/metadata_internal',
    'info/bands',
    'info/band?band=2',
    'info/frames',
    'info/tiffdump',
    'info/cog',
    'tiles/metadata?projection=EPSG:3857',
    'tiles/2/1/1.png',
    'tiles/2/1/1.jpeg?min=10&max=200&palette=viridis&band=1',
    'tiles/6/32/31.png?projection=EPSG:3857',
    'tiles/zxy/2/1/1',
    'tiles/fzxy/0/2/1/1',
    'tiles/6/32/31/corners?projection=EPSG:3857',
    'tiles/tilejson.json?projection=EPSG:3857',
    'data/thumbnail.png',
    'data/region.png?left=10&right=300&top=20&bottom=200&units=pixels',
    'data/region.tif?left=10&right=300&top=20&bottom=200&units=pixels',
    'data/pixel?left=100&top=120',
    'data/histogram?bins=16',
]


@pytest.mark.django_db
@pytest.mark.parametrize('base', ['plain', 'streamed'])
def test_all_endpoints(
    server: S3Server, settings: Any, client: Client, make_raster: Any, base: str
) -> None:
    content = make_raster(factories.gradient(900, 1000), driver='COG', **MAP).read_bytes()
    answers: list[dict[str, Any]] = []
    for backend in (None, server):
        if backend is not None:
            options = {'bucket_name': 'images', 'endpoint_url': server.url}
            keys = {'access_key': ROOT[0], 'secret_key': ROOT[1]}
            settings.STORAGES = {
                **settings.STORAGES,
                'default': {
                    'BACKEND': 'storages.backends.s3.S3Storage',
                    'OPTIONS': {**options, **keys, 'location': 'here'},
                },
            }
        image = ImageFile(name='image')
        image.file.save('image.tif', ContentFile(content))
        found = {}
        for endpoint in ENDPOINTS:
            response = client.get(f'/{base}/{image.pk}/{endpoint}')
            body = b''.join(response.streaming_content) if response.streaming else response.content
            assert response.status_code == 200, (endpoint, body)
            found[endpoint] = body.replace(f'/{image.pk}/'.encode(), b'/pk/')
        answers.append(found)
    assert default_storage.exists(image.file.name)
    local, remote = answers
    for endpoint in ENDPOINTS:
        assert _comparable(local[endpoint]) == _comparable(remote[endpoint]), endpoint


def _comparable(body: bytes) -> Any:
    return json.loads(body) if body.startswith(b'{') else body


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
    assert reference.path == f'/vsis3/images/{name}'
    np.testing.assert_array_equal(
        tile(reference), tile(ImageReference(str(cog), 'local', scope='local'))
    )


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
    assert field_file_reference(image.file).path == '/vsis3/images/top/dir/plain.tif'


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
    # Not every machine knows the names below `localhost`; curl does.
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
    assert dict(reference.options)['AWS_VIRTUAL_HOSTING'] == 'TRUE'
    assert {request.path for request in asked_for} == {'/images/virtual.tif'}


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        (
            {'endpoint_url': None, 'region_name': 'eu-west-1'},
            ('s3.eu-west-1.amazonaws.com', 'YES', 'TRUE', 'eu-west-1'),
        ),
        ({'endpoint_url': None}, ('s3.amazonaws.com', 'YES', 'TRUE', 'us-east-1')),
        (
            {'endpoint_url': None, 'region_name': 'eu-west-1', 'addressing_style': 'path'},
            ('s3.eu-west-1.amazonaws.com', 'YES', 'FALSE', 'eu-west-1'),
        ),
        (
            {'endpoint_url': None, 'region_name': 'eu-west-1', 'bucket_name': 'with.dots'},
            ('s3.eu-west-1.amazonaws.com', 'YES', 'FALSE', 'eu-west-1'),
        ),
        (
            {'endpoint_url': None, 'region_name': 'eu-west-1', 'use_ssl': False},
            ('s3.eu-west-1.amazonaws.com', 'NO', 'TRUE', 'eu-west-1'),
        ),
        ({'endpoint_url': 'http://minio:9000'}, ('minio:9000', 'NO', 'FALSE', 'us-east-1')),
        (
            {'endpoint_url': 'https://store.example.org', 'addressing_style': 'virtual'},
            ('store.example.org', 'YES', 'TRUE', 'us-east-1'),
        ),
    ],
)
def test_where_a_bucket_is(
    server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    expected: tuple[str, ...],
) -> None:
    """As boto3 itself addresses it."""
    from django_large_image.storage import boto

    monkeypatch.delenv('AWS_DEFAULT_REGION', raising=False)
    storage = storage_of(server, **options)
    found = boto.bucket(storage)
    told = dict(found.options)
    names = ('AWS_S3_ENDPOINT', 'AWS_HTTPS', 'AWS_VIRTUAL_HOSTING', 'AWS_REGION')
    assert tuple(told[name] for name in names) == expected
    sent = []
    client = storage.connection.meta.client
    client.meta.events.register(
        'before-send.s3.HeadObject', lambda request, **rest: sent.append(request.url) or _Empty()
    )
    client.head_object(Bucket=found.name, Key='a.tif')
    scheme = 'https' if told['AWS_HTTPS'] == 'YES' else 'http'
    virtual = told['AWS_VIRTUAL_HOSTING'] == 'TRUE'
    place = f'{found.name}.{found.host}' if virtual else f'{found.host}/{found.name}'
    assert sent == [f'{scheme}://{place}/a.tif']


class _Empty:
    """An answer that has nothing in it."""

    status_code, content, text, headers, raw = 200, b'', '', {}, None


@pytest.mark.django_db
def test_without_streaming(server: S3Server, settings: Any, cog: Path, tmp_path: Path) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'copies')}
    image = image_in(storage_of(server), cog, 'copied.tif')
    reference = field_file_reference(image.file, stream=False)
    assert not reference.path.startswith('/vsi')
    np.testing.assert_array_equal(tile(reference), tile(field_file_reference(image.file)))


# What is asked for.


def test_a_cold_tile(server: S3Server, cog: Path) -> None:
    image = image_in(storage_of(server), cog, 'cold.tif')
    with server.counting() as asked:
        tile(field_file_reference(image.file))
    kinds = [request.method for request in asked]
    assert kinds == ['HEAD', 'GET', 'GET']
    assert all(request.range for request in asked[1:])
    with server.counting() as asked:
        # In the same blocks.
        tile(field_file_reference(image.file), 3, 1, 1)
    assert [request.method for request in asked] == ['HEAD']
    with server.counting() as asked:
        tile(field_file_reference(image.file), 3, 2, 0)
    assert [request.method for request in asked] == ['HEAD', 'GET']


def test_versions_are_remembered(server: S3Server, cog: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 3600}
    image = image_in(storage_of(server), cog, 'remembered.tif')
    with server.counting() as asked:
        for _ in range(5):
            tile(field_file_reference(image.file))
    assert [request.method for request in asked] == ['HEAD', 'GET', 'GET']


def test_fifty_clients(server: S3Server, cog: Path) -> None:
    image = image_in(storage_of(server), cog, 'fifty.tif')
    with server.counting() as asked, ThreadPoolExecutor(50) as pool:
        first = tile(ImageReference(str(cog), 'fifty'))
        found = list(pool.map(lambda _: tile(field_file_reference(image.file)), range(50)))
    assert all(np.array_equal(one, first) for one in found)
    ranges = [request.range for request in asked if request.method == 'GET']
    assert ranges.count((0, 16383)) == 1
    assert len(ranges) <= 1 + 8


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
    assert field_file_reference(ours.file).scope == server.url
    assert {request.signed_by for request in asked} == {'OTHERKEY'}
    assert all(np.array_equal(one, two) for one, two in pairs)


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
    after = field_file_reference(image.file)
    assert (after, after.version) == (before, before.version)
    assert hash(after) == hash(before)
    with server.counting() as asked:
        assert open_source(after) is source
        source.read_tile(3, 7, 7)
    assert {request.signed_by for request in asked} == {'LENT2'}
    assert {request.status for request in asked} == {206}


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
    said = [repr(reference), str(reference), repr(reference.key), repr(source)]
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
    assert 'Signature' not in repr(reference) + repr(reference.key) + repr(reference.options)
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
    assert after.key == before.key
    assert set(np.unique(open_source(after).read_tile(3, 0, 0).data)) == {200}


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
    settings.STORAGES = _default(server)
    image = ImageFile(name='failing')
    image.file.save(f'failing-{status}.tif', ContentFile(cog.read_bytes()))
    url = f'/streamed/{image.pk}/tiles/3/7/7.png'
    with server.answering(status, 'GET'):
        response = client.get(url)
    assert (response.status_code, response['Content-Type']) == (answer, 'application/json')
    assert response.get('ETag') is None
    assert client.get(url).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize('known', [False, True])
def test_a_store_that_stalls(
    server: S3Server, settings: Any, client: Client, cog: Path, known: bool
) -> None:
    settings.STORAGES = _default(server)
    image = ImageFile(name='stalling')
    image.file.save(f'stalling-{known}.tif', ContentFile(cog.read_bytes()))
    if known:
        assert client.get(f'/streamed/{image.pk}/tiles/3/0/0.png').status_code == 200
    url = f'/streamed/{image.pk}/tiles/3/7/7.png'
    with server.stalling():
        response = client.get(url)
    assert response.status_code == 503, response.content
    assert response['Retry-After']
    assert client.get(url).status_code == 200


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
