"""The widget of django-s3-file-field: a browser sends an image straight to the bucket."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.core.files.storage import FileSystemStorage
from django.urls import include, path
from storages.backends.s3 import S3Storage

from core.models import ImageFile
from example_project import services
from example_project.middleware import policy
from tests import factories
from tests.servers.s3 import ROOT, S3Server

urlpatterns = [
    path('uploads/', include('s3_file_field.urls')),
    path('', include('example_project.urls')),
]


@pytest.fixture(scope='module')
def server():
    server = S3Server()
    server.start()
    server.client().create_bucket(Bucket='images')
    yield server
    server.stop()


@pytest.fixture
def bucket(server, settings, monkeypatch):
    """The example project with its images in a bucket."""
    settings.ROOT_URLCONF = __name__
    storage = S3Storage(
        bucket_name='images',
        endpoint_url=server.url,
        access_key=ROOT[0],
        secret_key=ROOT[1],
        signature_version='s3v4',
    )
    monkeypatch.setattr(ImageFile._meta.get_field('file'), 'storage', storage)
    return storage


def send(client, path, content):
    """Do what the widget's script does; return what it leaves in the form."""
    field = ImageFile._meta.get_field('file')
    asked = {
        'field_id': field.id,
        'file_name': path.name,
        'file_size': len(content),
        'content_type': 'image/tiff',
    }
    begun = client.post('/uploads/upload-initialize/', asked, 'application/json').json()
    parts = []
    start = 0
    for part in begun['parts']:
        data = content[start : start + part['size']]
        start += part['size']
        kind = {'Content-Type': 'application/octet-stream'}
        asked = Request(part['upload_url'], data, kind, method='PUT')
        with urlopen(asked, timeout=5) as answer:
            etag = answer.headers['ETag']
        parts.append({'part_number': part['part_number'], 'size': part['size'], 'etag': etag})
    signature = begun['upload_signature']
    asked = {'upload_signature': signature, 'upload_id': begun['upload_id'], 'parts': parts}
    ended = client.post('/uploads/upload-complete/', asked, 'application/json').json()
    body, kind = ended['body'].encode(), {'Content-Type': 'text/xml'}
    with urlopen(Request(ended['complete_url'], body, kind, method='POST'), timeout=5) as answer:
        assert answer.status == 200
    asked = {'upload_signature': signature}
    return client.post('/uploads/finalize/', asked, 'application/json').json()['field_value']


def test_an_upload_through_the_admin(bucket, admin_client, tmp_path):
    form = admin_client.get('/admin/core/imagefile/add/').content.decode()
    assert 'data-s3fileinput="/uploads"' in form
    assert re.search(r's3_file_field/widget\.js', form)
    raster = factories.raster(tmp_path / 'new image.tif', factories.gradient(300, 300))
    value = send(admin_client, raster, raster.read_bytes())
    answer = admin_client.post(
        '/admin/core/imagefile/add/', {'name': 'Uploaded', 'description': '', 'file': value}
    )
    assert answer.status_code == 302, answer.content
    image = ImageFile.objects.get(name='Uploaded')
    assert re.fullmatch(r'images/[0-9a-f-]{36}/new_image\.tif', image.file.name)
    assert bucket.exists(image.file.name)
    tile = admin_client.get(f'/api/images/{image.pk}/tiles/0/0/0.png')
    assert (tile.status_code, tile['Content-Type']) == (200, 'image/png')


def test_strangers_get_no_address(monkeypatch, tmp_path):
    monkeypatch.setenv('DATA_DIR', str(tmp_path))
    settings = runpy.run_path(str(Path(services.__file__).with_name('settings.py')))
    assert settings['REST_FRAMEWORK']['DEFAULT_PERMISSION_CLASSES'] == [
        'rest_framework.permissions.IsAuthenticatedOrReadOnly'
    ]


def test_local_files_are_uploaded_as_ever(admin_client, settings, tmp_path):
    settings.ROOT_URLCONF = 'example_project.urls'
    assert isinstance(ImageFile._meta.get_field('file').storage, FileSystemStorage)
    assert ImageFile.check() == []
    assert 's3fileinput' not in admin_client.get('/admin/core/imagefile/add/').content.decode()
    raster = factories.raster(tmp_path / 'local.tif', factories.gradient(30, 30))
    with raster.open('rb') as content:
        answer = admin_client.post('/api/images/', {'name': 'Local', 'file': content})
    assert answer.status_code == 201, answer.content
    assert ImageFile.objects.get(name='Local').file.name == 'images/local.tif'


def test_minio_by_name(monkeypatch):
    monkeypatch.setenv('MEDIA_STORAGE', 'minio')
    monkeypatch.setenv('S3_BUCKET', 'images')
    monkeypatch.setenv('S3_ENDPOINT_URL', 'http://minio:9000')
    monkeypatch.setenv('S3_PUBLIC_URL', 'http://127.0.0.1:9000')
    monkeypatch.setenv('AWS_ACCESS_KEY_ID', 'key')
    monkeypatch.setenv('AWS_SECRET_ACCESS_KEY', 'secret')
    from django.core.files.storage import storages

    storage = type(storages)(services.storages())['default']
    assert storage.client._base_url.host == 'minio:9000'
    # What is signed for browsers names the host that they know.
    assert storage.url('a.tif').startswith('http://127.0.0.1:9000/images/a.tif?')
    assert services.upload_origin() == 'http://127.0.0.1:9000'


def test_browsers_may_send_to_the_bucket_only(settings):
    assert 'connect-src' not in policy('/admin/')
    settings.UPLOAD_ORIGIN = 'http://127.0.0.1:9000'
    assert policy('/admin/')['connect-src'] == "'self' http://127.0.0.1:9000"
