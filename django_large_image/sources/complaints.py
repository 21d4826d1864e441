"""What GDAL says while it reads over the network: it takes bytes that do not come for zeros."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, LargeImageError, UnreadableError
from django_large_image.sources import virtual
from django_large_image.sources.filesystems import file_of

logger = logging.getLogger(__name__)

_REMOTE = ('/vsicurl', '/vsis3/', '/vsigs/', '/vsiaz/', '/vsiadls/', virtual.PREFIX)
_CODE = re.compile(r'response_code=(\d+)|response code on .*: (\d+)|<Code>(\d+)</Code>')
# GDAL's first request is for so many bytes.
_HEADER = 16384
# Answers that will be the same tomorrow.
_FINAL = {400, 401, 403, 404, 410}
_FINAL_NAMES = re.compile(r'NoSuch|AccessDenied|Forbidden|InvalidAccessKey|ExpiredToken|Signature')


class _Ear(threading.local):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, level: int, number: int, text: str) -> None:
        if level >= gdal.CE_Failure or 'HTTP response code' in text:
            self.heard.append(text)


_ear = _Ear()


@contextmanager
def listening(path: str) -> Iterator[None]:
    """Fail where GDAL complained in the block, of a path over the network, whether it went on or
    not; what it keeps of the path is dropped then.

    Raises `BusyError` where the store is down, slow or holds other bytes by now, `UnreadableError`
    where it gives nothing out or the file is damaged. A local path is of no interest here.
    """
    if not file_of(path).startswith(_REMOTE):
        yield
        return
    started, former = time.monotonic(), _ear.heard
    _ear.heard = []
    # Twice: see `quiet`.
    gdal.PushErrorHandler(_ear.hear)
    gdal.PushErrorHandler(_ear.hear)
    try:
        yield
        check()
    except RuntimeError as error:
        # The half of a range, or that there is no such file.
        gdal.VSICurlPartialClearCache(file_of(path))
        slow = time.monotonic() - started >= settings.REMOTE_TIMEOUT
        raise _meaning(path, [*_ear.heard, str(error)], slow) from None
    except LargeImageError:
        gdal.VSICurlPartialClearCache(file_of(path))
        raise
    finally:
        gdal.PopErrorHandler()
        gdal.PopErrorHandler()
        _ear.heard = former


def check() -> None:
    """Raise `RuntimeError` where GDAL complained since this thread began to listen.

    To be asked before what was read is kept.
    """
    if _ear.heard:
        raise RuntimeError(_ear.heard[-1])
    if virtual.has_failed():
        raise RuntimeError('A range of bytes could not be read.')


def check_header(path: str) -> None:
    """Raise `RuntimeError` for a remote path of which less came than was asked for at first: GDAL
    would take it for the end of the file.
    """
    if not path.startswith(_REMOTE) or path.startswith(virtual.PREFIX):
        return
    file = gdal.VSIFOpenL(path, 'rb')
    if file is None:
        raise RuntimeError('There is no such file.')
    try:
        gdal.VSIFSeekL(file, 0, os.SEEK_END)
        wanted = min(gdal.VSIFTellL(file), _HEADER)
        gdal.VSIFSeekL(file, 0, os.SEEK_SET)
        came = len(gdal.VSIFReadL(1, wanted, file) or b'') if wanted else 0
    finally:
        gdal.VSIFCloseL(file)
    if came < wanted:
        _ear.heard.append(f'response_code=206 with {came} of {wanted} bytes')
        raise RuntimeError(_ear.heard[-1])


def _meaning(path: str, heard: list[str], slow: bool) -> LargeImageError:
    known = virtual.failure()
    if known is not None:
        return known
    text = '\n'.join(heard)
    codes = {int(next(filter(None, found.groups()))) for found in _CODE.finditer(text)}
    # Not the texts: a store may say there who asked.
    logger.info('%s could not be read: %s', path, sorted(codes) or 'no answer with a status')
    if codes & _FINAL or _FINAL_NAMES.search(text):
        return UnreadableError('The store of this image does not give it out.')
    if codes or slow or 'CURL error' in text:
        return BusyError()
    return UnreadableError('Unreadable image: its pixels could not be read.')
