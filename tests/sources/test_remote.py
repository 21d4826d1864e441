"""What GDAL is told of remote images."""

from __future__ import annotations

import pytest
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources import remote
from django_large_image.sources.decoded import identify
from django_large_image.sources.reference import ImageReference


def test_the_time_limit_is_that_of_the_settings(settings):
    settings.LARGE_IMAGE = {'REMOTE_TIMEOUT': 7}
    told = dict(remote.options())
    assert told['GDAL_HTTP_TIMEOUT'] == told['GDAL_HTTP_CONNECTTIMEOUT'] == '7'
    assert told.items() >= dict(remote.OPTIONS).items()


def test_decoded_blocks_are_those_of_a_version_in_a_store():
    def of(version, bucket='bucket'):
        reference = ImageReference(f'/vsis3/{bucket}/a.tif', version)
        return identify(reference.path, remote.identified(reference))

    assert of('1') == of('1')
    assert len({of('1'), of('2'), of('1', 'another'), of(''), of('')}) == 5
    local = ImageReference('/images/a.tif', '1', options=(('A', 'b'),))
    assert remote.identified(local) == local.options


@pytest.fixture
def said(monkeypatch):
    """Have GDAL say something of an object."""
    answer = {}

    def ask(path, domain):
        if 'error' in answer:
            gdal.Debug('S3', answer['error'])
        return answer.get('headers')

    monkeypatch.setattr(gdal, 'GetFileMetadata', ask)
    return answer


def test_what_a_store_says_of_an_object(said):
    said['headers'] = {'ETag': '"1"', 'Content-Length': '5'}
    assert remote.headers('/vsigs/bucket/a.tif') == {'etag': '"1"', 'content-length': '5'}


@pytest.mark.parametrize(
    ('error', 'kind'),
    [
        ('GetFileSize(http://127.0.0.1/404)=0  response_code=404', UnreadableError),
        ('GetFileSize(http://127.0.0.1/404)=0  response_code=403', UnreadableError),
        ('InvalidCredentials', UnreadableError),
        ('GetFileSize(http://127.0.0.1/404)=0  response_code=503', BusyError),
        ('response_code=0, curl error msg=Operation timed out', BusyError),
    ],
)
def test_and_when_it_says_no(said, error, kind):
    said['error'] = error
    with pytest.raises(kind):
        remote.headers('/vsigs/bucket/a.tif')
