"""What GDAL complains of counts for paths over the network, whether it goes on or not."""

from __future__ import annotations

from contextlib import suppress

import pytest
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources import complaints

REMOTE = '/vsis3/bucket/image.tif'


def complain(text: str) -> None:
    """Say something as GDAL does where nobody raises an exception for it."""
    with suppress(RuntimeError):
        gdal.Error(gdal.CE_Failure, gdal.CPLE_AppDefined, text)


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('Request for 1-2 failed with response_code=404', UnreadableError),
        ('HTTP response code on http://store/image.tif: 403', UnreadableError),
        ('InvalidAccessKeyId', UnreadableError),
        ('Request for 1-2 failed with response_code=412', BusyError),
        ('Request for 1-2 failed with response_code=503', BusyError),
        ('CURL error: no route', BusyError),
        ('Cannot read offset/size for strile', UnreadableError),
    ],
)
def test_what_is_said(text: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised, complaints.listening(REMOTE):
        complain(text)
    assert text not in str(raised.value)
    complaints.check()


def test_before_anything_is_kept() -> None:
    def read() -> None:
        complain('Cannot read offset/size for strile')
        with pytest.raises(RuntimeError):
            complaints.check()

    with pytest.raises(UnreadableError), complaints.listening(REMOTE):
        read()


def test_local_files_and_silence() -> None:
    with complaints.listening('/tmp/image.tif'):
        complaints.check()
    with complaints.listening(REMOTE):
        complaints.check()


def test_errors_of_ours_pass() -> None:
    with pytest.raises(BusyError, match='later'), complaints.listening(REMOTE):
        raise BusyError('later')


def test_one_handler_hears_what_is_said() -> None:
    outer: list[str] = []
    inner: list[str] = []
    with complaints.told_to(lambda level, number, text: outer.append(text)):
        with complaints.told_to(lambda level, number, text: inner.append(text)):
            complain('within')
        complain('after')
    assert (outer, inner) == (['after'], ['within'])


@pytest.mark.parametrize(
    ('said', 'kind'),
    [
        (['response_code=404', 'response_code=503'], UnreadableError),
        (['AWS_NO_SIGN_REQUEST is not set'], UnreadableError),
        (['<Error><Code>503</Code></Error>'], BusyError),
        (['CURL error: no route'], BusyError),
        (['Cannot read offset/size for strile'], type(None)),
        ([], type(None)),
    ],
)
def test_what_it_means_of_a_store(said: list[str], kind: type) -> None:
    assert type(complaints.meaning(said)) is kind
